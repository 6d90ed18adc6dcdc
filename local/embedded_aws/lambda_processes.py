"""Start no Lambda process once the end has begun, and end every one that there is.

The package ends the processes that it has noted. One that is being started right then isn't among
them, and would run on after the server, up to its function's timeout.
"""

import subprocess
import threading
import weakref
from typing import Any

from local.embedded_aws.package import lambda_runtime, lambda_svc
from local.embedded_aws.patching import provide, rewrite


class _Processes:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started: weakref.WeakSet[subprocess.Popen[str]] = weakref.WeakSet()
        self._ended = False

    def start(self, *arguments: Any, **options: Any) -> "subprocess.Popen[str]":
        with self._lock:
            if self._ended:
                _refuse()
            process: subprocess.Popen[str] = subprocess.Popen(*arguments, **options)
            self._started.add(process)
            return process

    def end(self) -> None:
        with self._lock:
            self._ended = True
        lambda_runtime.reset()
        for process in list(self._started):
            process.kill()
            process.wait()


_processes = _Processes()


def apply() -> None:
    provide(lambda_runtime, start_process=_processes.start)
    rewrite(
        lambda_runtime.Worker,
        "_spawn",
        ("self._proc = subprocess.Popen(", "self._proc = start_process("),
    )


def end_all() -> None:
    """End them, and refuse whoever asks for another one."""
    lambda_svc.acquire_worker = _refuse
    _processes.end()


def _refuse(*_: object, **__: object) -> None:
    raise RuntimeError("the embedded AWS is shutting down")
