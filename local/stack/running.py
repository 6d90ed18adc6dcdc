"""Finds the stack that runs, without importing what it takes to start one."""

from local.stack.errors import StackError
from local.stack.pid_file import PidFile
from local.stack.settings import Settings
from local.stack.stack_file import StackFile

#: Before what the supervisor says last, where it could not go on.
ERROR_PREFIX = "error: "


def running_stack(settings: Settings) -> StackFile:
    """The stack that runs now.

    Raises:
        StackError: there is none, or it is still starting.
    """
    if not is_running(settings):
        raise StackError(f"no stack is running{_end_of_the_last(settings)}: make up")
    return StackFile.read(settings.stack_file)


def is_running(settings: Settings) -> bool:
    return PidFile(settings.supervisor_pid).holder() is not None


def _end_of_the_last(settings: Settings) -> str:
    """Where to read why the last stack in the background ended, unless somebody stopped it."""
    log = settings.supervisor_log
    was_killed = settings.stack_file.exists()
    if log.exists() and (was_killed or ERROR_PREFIX in log.read_text()):
        return f" (the last one did not end well, see {log})"
    return ""
