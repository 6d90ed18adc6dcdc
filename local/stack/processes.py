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

    def check(self) -> None:
        """Raises Stopped if it is set."""
        if self.wait(0):
            raise Stopped


class Child:
    """A running child process with its log."""

    def __init__(self, name: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()

    def last_lines(self, count: int = 1) -> str:
        lines = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        return "\n".join(lines[-count:]) or "it said nothing"

    def require_running(self) -> None:
        """Raises StackError if it has ended."""
        if self.exit_code is not None:
            raise StackError(
                f"{self.name} ended ({self.exit_code}): {self.last_lines()} [{self.log}]"
            )

    def wait_until(self, ready: Callable[[], bool], stop: StopSignal, timeout: float) -> None:
        """Wait until it is ready.

        Raises:
            StackError: it ended, or the time (seconds) ran out.
            Stopped: somebody asked to stop.
        """
        deadline = time.monotonic() + timeout
        while not ready():
            self.require_running()
            if time.monotonic() > deadline:
                raise StackError(
                    f"{self.name} did not answer within {timeout:.0f} s: see {self.log}"
                )
            if stop.wait(_POLL_SECONDS):
                raise Stopped

    def wait_for_success(self, stop: StopSignal) -> None:
        """Wait until it has ended well.

        Raises:
            StackError: it failed.
            Stopped: somebody asked to stop.
        """
        while self.exit_code is None:
            if stop.wait(_POLL_SECONDS):
                raise Stopped
        if self.exit_code:
            raise StackError(f"{self.name} failed: see {self.log}\n{self.last_lines(5)}")

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
    """The stack's child processes; all of them end together, the latest first."""

    def __init__(self, logs: Path, pids: Path, cwd: Path) -> None:
        self._logs = logs
        self._pids = pids
        self._cwd = cwd
        self._started: list[Child] = []

    def spawn(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> Child:
        """Start a process that leads a session of its own and logs to a file named after it.

        Raises:
            StackError: the same child of an earlier stack still runs.
        """
        file_name = name.replace(" ", "-").lower()
        pid_file = PidFile(self._pids / f"{file_name}.pid")
        lock = pid_file.lock()
        if lock is None:
            raise StackError(f"{name} of an earlier stack still runs: make down")
        log = self._logs / f"{file_name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        try:
            with log.open("wb") as output:
                process = subprocess.Popen(
                    command,
                    env=env,
                    cwd=self._cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    pass_fds=(lock,),
                )
            pid_file.write(lock, process.pid)
        finally:
            os.close(lock)
        child = Child(name, process, log)
        self._started.append(child)
        return child

    def running(self) -> list[Child]:
        return [child for child in self._started if child.exit_code is None]

    def end(self) -> None:
        for child in reversed(self._started):
            child.end()

    def end_leftovers(self) -> None:
        """End what a supervisor that was killed has left running."""
        for path in self._pids.glob("*.pid"):
            PidFile(path).end(group=True, patience=_PATIENCE_SECONDS)
