"""`up`, `down` and `status`: a stack in the background, from the command line."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from local.stack.environment import isolated
from local.stack.errors import StackError
from local.stack.pid_file import PidFile
from local.stack.processes import StopSignal
from local.stack.running import ERROR_PREFIX, is_running, running_stack
from local.stack.settings import PROJECT_ROOT, Settings
from local.stack.stack_file import StackFile
from local.stack.supervisor import children_of, remove_leftovers, summary

_POLL_SECONDS = 0.1
#: From a signal to the end of every process: more than the supervisor's own patience.
_END_SECONDS = 60


def up(settings: Settings, say: Callable[[str], None]) -> None:
    """Start a stack in the background, or find the running one; return once it answers.

    Raises:
        StackError: it could not start; the message is the supervisor's.
    """
    if is_running(settings):
        _await_start_by_another(settings)
        say(f"Already running.\n{summary(settings, StackFile.read(settings.stack_file))}")
    else:
        _start(settings, say)


def down(settings: Settings, say: Callable[[str], None]) -> None:
    """Stop the stack if one runs; return when nothing of it is left."""
    was_running = is_running(settings)
    PidFile(settings.supervisor_pid).end(group=False, patience=_END_SECONDS)
    remove_leftovers(settings, children_of(settings, StopSignal()))
    say(
        f"Stopped; temporary folders are removed, logs stay in {settings.logs}."
        if was_running
        else "Nothing is running."
    )


def status(settings: Settings) -> str:
    """What runs where.

    Raises:
        StackError: nothing does.
    """
    return summary(settings, running_stack(settings))


def _start(settings: Settings, say: Callable[[str], None]) -> None:
    settings.stack_file.unlink(missing_ok=True)  # of a stack that was killed
    log = settings.supervisor_log
    log.parent.mkdir(parents=True, exist_ok=True)
    stop = StopSignal()  # a KeyboardInterrupt within Popen would lose the process
    stop.listen()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "local.stack", "run"],
            cwd=PROJECT_ROOT,
            env=isolated() | settings.to_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def over() -> bool:
        return settings.stack_file.exists() or process.poll() is not None or stop.wait(0)

    for line in _lines_until(log, over):
        say(line)
    if stop.wait(0):
        process.terminate()  # even before it holds the lock by which `down` would find it
        process.wait()
        down(settings, say)
        raise KeyboardInterrupt
    if process.poll() is not None:
        _, told, cause = log.read_text().partition(ERROR_PREFIX)
        raise StackError(cause.strip() if told else f"the supervisor has ended: see {log}")


def _lines_until(log: Path, over: Callable[[], bool]) -> Iterator[str]:
    """The supervisor's lines as they come; not its error, which becomes the caller's."""
    shown = 0
    last = False
    while not last:
        last = over()
        lines = log.read_text().partition(ERROR_PREFIX)[0].splitlines()
        yield from lines[shown:]
        shown = len(lines)
        if not last:
            time.sleep(_POLL_SECONDS)


def _await_start_by_another(settings: Settings) -> None:
    while not settings.stack_file.exists():
        if not is_running(settings):
            raise StackError(f"the stack that was starting has ended: see {settings.logs}")
        time.sleep(_POLL_SECONDS)
