"""Pid files that can't lie: a pid counts only while its process holds the file's lock.

Guards against a stale file after a crash or a reboot, when its number may be another's process.
"""

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_POLL_SECONDS = 0.05
_ATTEMPTS = 10


class HeldError(Exception):
    """Another process that lives holds the lock."""


class PidFile:
    """The lock of one process, with its pid in the file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def hold(self) -> None:
        """Hold the lock, with our own pid in the file, until this process has ended.

        Raises:
            HeldError: somebody holds it.
        """
        self.write(self._open_locked(), os.getpid())

    @contextmanager
    def locked(self) -> Iterator[int]:
        """Hold the lock; yields its descriptor.

        A child that inherits the descriptor goes on holding the lock when we let go of it.

        Raises:
            HeldError: somebody holds it.
        """
        descriptor = self._open_locked()
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    @staticmethod
    def write(descriptor: int, pid: int) -> None:
        os.pwrite(descriptor, str(pid).encode(), 0)

    def holder(self) -> int | None:
        """The pid of the process that holds the lock now, None if there is no such process."""
        for _ in range(_ATTEMPTS):
            if not self._held():
                return None
            if text := self.path.read_text():
                return int(text)
            time.sleep(_POLL_SECONDS)  # its holder is between taking the lock and writing its pid
        return None

    def end(self, *, group: bool, patience: float) -> None:
        """End the holder by SIGTERM, and by SIGKILL once patience (seconds) runs out."""
        send = os.killpg if group else os.kill
        for number in (signal.SIGTERM, signal.SIGKILL):
            if (pid := self.holder()) is None:
                return
            with suppress(ProcessLookupError):  # it has ended since
                send(pid, number)
            deadline = time.monotonic() + patience
            while self._held() and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)

    def _held(self) -> bool:
        try:
            descriptor = os.open(self.path, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def _open_locked(self) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        for _ in range(_ATTEMPTS):
            with suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.ftruncate(descriptor, 0)
                return descriptor
            time.sleep(_POLL_SECONDS)  # whoever only looks at the lock holds it for an instant
        os.close(descriptor)
        raise HeldError(self.path)
