"""Keeps one stack up: starts it, watches its parts, and takes everything down again.

Guards against leftovers: however it ends (Ctrl-C, SIGTERM, a failed deploy, a part that crashed),
no process, port or temporary folder stays.
"""

import os
import shutil
import socket
import time
from collections.abc import Callable

from local.stack.assembly import Assembly
from local.stack.errors import StackError, Stopped
from local.stack.pid_file import PidFile
from local.stack.processes import Children, StopSignal
from local.stack.settings import HOST, PROJECT_ROOT, Settings
from local.stack.stack_file import StackFile

_WATCH_SECONDS = 0.2


def run(settings: Settings, stop: StopSignal, say: Callable[[str], None]) -> None:
    """Start the stack, and keep it up until it is asked to stop.

    Raises:
        StackError: it couldn't start, or a part of it has ended.
    """
    lock = PidFile(settings.supervisor_pid).lock()
    if lock is None:
        raise StackError(
            "a stack is already running here: make down, or choose another SCAI_STATE_DIR"
        )
    PidFile.write(lock, os.getpid())
    children = children_of(settings)
    try:
        remove_leftovers(settings)
        require_free_ports(settings)
        began = time.monotonic()

        def step(text: str) -> None:
            say(f"{time.monotonic() - began:6.1f} s  {text}")
            stop.check()

        stack = Assembly(settings, children, stop, step).start()
        say(summary(stack))
        _watch(children, stop)
    except Stopped:
        say("Stopping")
    finally:
        settings.stack_file.unlink(missing_ok=True)
        children.end()
        shutil.rmtree(settings.work, ignore_errors=True)
        os.close(lock)


def children_of(settings: Settings) -> Children:
    return Children(settings.logs, settings.pids, PROJECT_ROOT)


def remove_leftovers(settings: Settings) -> None:
    """Remove what a supervisor that was killed has left: processes, folders, the stack file."""
    settings.stack_file.unlink(missing_ok=True)
    children_of(settings).end_leftovers()
    shutil.rmtree(settings.work, ignore_errors=True)


def require_free_ports(settings: Settings) -> None:
    """Check the ports before anything starts.

    Raises:
        StackError: somebody listens on one already.
    """
    for variable, port in settings.ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                raise StackError(
                    f"port {port} is taken: free it, or choose another by {variable}"
                ) from error


def summary(stack: StackFile) -> str:
    """Where to go, for the person who started the stack."""
    return f"""
The stack is up.
  API                {stack.api_url}
  Stripe             {stack.stripe_api_base}
  AWS                {stack.aws_endpoint}
  everything else    .local/stack.json (ids, tokens, tables, queues)
Buy a subscription: make demo"""


def _watch(children: Children, stop: StopSignal) -> None:
    """Wait for the end: Stopped when somebody asks for it, StackError when a part has ended."""
    servers = children.running()
    while not stop.wait(_WATCH_SECONDS):
        for server in servers:
            server.require_running()
    raise Stopped
