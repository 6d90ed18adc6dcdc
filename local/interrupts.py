"""Ctrl-C while a program still imports: it ends at once, without a traceback.

An exception is no way to do it: the import system has callbacks of its own, in which Python prints
an exception and goes on. The interrupt would be lost.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

EXIT_CODE = 128 + signal.SIGINT


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Let Ctrl-C end the process; for the time in which it has nothing to clean up."""
    former = signal.signal(signal.SIGINT, lambda *_: os._exit(EXIT_CODE))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
