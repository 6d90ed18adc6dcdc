"""Wait for a condition, and never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")

POLL_SECONDS = 0.02


def eventually(
    probe: Callable[[], Answer | None], what: str = "it", *, timeout: float = 60
) -> Answer:
    """Give the first truthy answer; fail when the time is up."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if answer := probe():
            return answer
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"{what} did not happen within {timeout:g} s")
