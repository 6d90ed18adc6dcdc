"""Child processes of the stack, and the signal that asks the stack to stop.

Guards against leftovers: each child leads a session of its own, so that Ctrl-C reaches only the
supervisor, which then ends every child with all its descendants; each holds a locked pid file, so
that even after the supervisor was killed the next command finds it.
"""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from local.stack.errors import StackError, Stopped
from local.stack.pid_file import PidFile

_POLL_SECONDS = 0.05
_PATIENCE_SECONDS = 10


class StopSignal:
    """Becomes set when Ctrl-C, SIGTERM or the terminal's end arrives, and stays set."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()

    def listen(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: self.set())

    def set(self) -> None:
        os.write(self._write, b"\0")  # safe within a signal handler, as a lock would not be

    def wait(self, seconds: float) -> bool:
        """Wait this long at most; True as soon as it is set."""
        readable, _, _ = select.select([self._read], [], [], seconds)
        return bool(readable)

    def close(self) -> None:
        os.close(self._read)
        os.close(self._write)


class Child:
    """A running child process with its log."""

    def __init__(self, name: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    @property
    def end_reason(self) -> str:
        """How it ended, as a person says it."""
        code = self._process.returncode
        return f"exit code {code}" if code >= 0 else signal.Signals(-code).name

    def last_lines(self, count: int = 1) -> str:
        lines = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        return "\n".join(lines[-count:]) or "it said nothing"

    def end(self) -> None:
        """End it and every process that it left behind in its session."""
        if self.exit_code is None:
            self._process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_PATIENCE_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


class Children:
    """The stack's child processes, watched together and ended together, the latest first.

    Every wait of the stack goes through here: it is cut short by the signal to stop (Stopped) and
    by the end of a server (StackError).
    """

    def __init__(self, logs: Path, pids: Path, cwd: Path, stop: StopSignal) -> None:
        self._logs = logs
        self._pids = pids
        self._cwd = cwd
        self._stop = stop
        self._servers: list[Child] = []
        self._tools: list[Child] = []

    def start_server(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> Child:
        """Start a process that must stay up from now on."""
        server = self._spawn(name, command, env)
        self._servers.append(server)
        return server

    def start_tool(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> Child:
        """Start a process that comes to an end."""
        tool = self._spawn(name, command, env)
        self._tools.append(tool)
        return tool

    def wait_for_end(self, tool: Child) -> None:
        """Wait until a tool is done.

        Raises:
            StackError: it failed.
        """
        while tool.exit_code is None:
            self.pause(_POLL_SECONDS)
        if tool.exit_code:
            raise StackError(
                f"{tool.name} failed with {tool.end_reason}, see {tool.log}:\n{tool.last_lines(5)}"
            )

    def wait_until(self, ready: Callable[[], bool], complaint: str, timeout: float) -> None:
        """Wait until something holds.

        Raises:
            StackError: the time (seconds) ran out; the complaint says so.
        """
        deadline = time.monotonic() + timeout
        while not ready():
            self.pause(_POLL_SECONDS)
            if time.monotonic() > deadline:
                raise StackError(complaint)

    def pause(self, seconds: float) -> None:
        """Do nothing for a while.

        Raises:
            Stopped: somebody asks to stop.
            StackError: a server has ended.
        """
        if self._stop.wait(seconds):
            raise Stopped
        for server in self._servers:
            if server.exit_code is not None:
                raise StackError(
                    f"{server.name} has ended with {server.end_reason}:"
                    f" {server.last_lines()} [{server.log}]"
                )

    def end(self) -> None:
        for child in [*reversed(self._tools), *reversed(self._servers)]:
            child.end()

    def end_leftovers(self) -> None:
        """End what a supervisor that was killed has left running."""
        for path in self._pids.glob("*.pid"):
            PidFile(path).end(group=True, patience=_PATIENCE_SECONDS)

    def _spawn(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> Child:
        """Start a process that leads a session of its own and logs to a file named after it."""
        file_name = name.replace(" ", "-").lower()
        log = self._logs / f"{file_name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        pid_file = PidFile(self._pids / f"{file_name}.pid")
        with pid_file.locked() as lock, log.open("wb") as output:
            process = subprocess.Popen(
                command,
                env=env,
                cwd=self._cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(lock,),  # the child holds the lock from here on
            )
            pid_file.write(lock, process.pid)
        return Child(name, process, log)
