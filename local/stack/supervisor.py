"""Keeps one stack up: starts it, watches its parts, and takes everything down again.

Guards against leftovers: however it ends (Ctrl-C, SIGTERM, a failed deploy, a part that crashed),
no process, port or temporary folder stays.
"""

import os
import shutil
import socket
import time
from collections import Counter
from collections.abc import Callable

from local.stack.assembly import Assembly
from local.stack.errors import StackError, Stopped
from local.stack.pid_file import HeldError, PidFile
from local.stack.processes import Children, StopSignal
from local.stack.settings import HOST, PROJECT_ROOT, Settings
from local.stack.stack_file import StackFile

_WATCH_SECONDS = 0.2


def run(settings: Settings, stop: StopSignal, say: Callable[[str], None]) -> None:
    """Start the stack, and keep it up until it is asked to stop.

    Raises:
        StackError: it couldn't start, or a part of it has ended.
    """
    try:
        PidFile(settings.supervisor_pid).hold()
    except HeldError:
        raise StackError("a stack is already running here (make down stops it)") from None
    _supervise(settings, children_of(settings, stop), say)


def _supervise(settings: Settings, children: Children, say: Callable[[str], None]) -> None:
    began = time.monotonic()

    def step(text: str) -> None:
        say(f"{time.monotonic() - began:6.1f} s  {text}")
        children.pause(0)

    try:
        remove_leftovers(settings, children)
        require_free_ports(settings)
        stack = Assembly(settings, children, step).start()
        say(summary(settings, stack))
        stack.write(settings.stack_file)  # last of all: whoever waits for it may go on
        while True:
            children.pause(_WATCH_SECONDS)
    except Stopped:
        say("Stopping")
    finally:
        settings.stack_file.unlink(missing_ok=True)
        children.end()
        shutil.rmtree(settings.work, ignore_errors=True)


def children_of(settings: Settings, stop: StopSignal) -> Children:
    return Children(settings.logs, settings.pids, PROJECT_ROOT, stop)


def remove_leftovers(settings: Settings, children: Children) -> None:
    """Remove what a supervisor that was killed has left: stack file, processes, folders."""
    settings.stack_file.unlink(missing_ok=True)
    children.end_leftovers()
    shutil.rmtree(settings.work, ignore_errors=True)


def require_free_ports(settings: Settings) -> None:
    """Check the ports before anything starts.

    Raises:
        StackError: one can't be listened on, or two parts are to share one.
    """
    used = Counter(settings.ports.values())
    sharing = [variable for variable, port in settings.ports.items() if used[port] > 1]
    if sharing:
        raise StackError(f"{' and '.join(sharing)} are the same port: choose another")
    for variable, port in settings.ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except PermissionError as error:
                raise StackError(
                    f"port {port} needs privileges: choose another by {variable}"
                ) from error
            except OSError as error:
                raise StackError(
                    f"port {port} is taken: free it, or choose another by {variable}"
                ) from error


def summary(settings: Settings, stack: StackFile) -> str:
    """Where to go, for the person who started the stack."""
    return f"""
The stack is up.
  API     {stack.api_url}
  Stripe  {stack.stripe_api_base}
  AWS     {stack.aws_endpoint}
  Console {stack.console_url}
  Ids, tokens, tables, queues: {os.path.relpath(settings.stack_file)}
Buy a subscription on it: make demo"""
