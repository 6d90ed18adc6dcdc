"""Wait for a condition, and never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")

POLL_SECONDS = 0.05


def eventually(
    probe: Callable[[], Answer | None], what: str = "it", *, timeout: float = 240
) -> Answer:
    """Give the first truthy answer; fail when the time is up.

    Asking takes no more than half of the time: what is waited for has to be done meanwhile.
    """
    asked = time.monotonic()
    deadline = asked + timeout
    while asked < deadline:
        if answer := probe():
            return answer
        time.sleep(max(POLL_SECONDS, time.monotonic() - asked))
        asked = time.monotonic()
    raise AssertionError(f"{what} did not happen within {timeout:g} s")
