"""Fixtures of the integration tests."""

import time
from collections.abc import Callable

import pytest

_DEADLINE_SECONDS = 20
_POLL_SECONDS = 0.02


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Wait until a condition holds; fail if it does not within the deadline."""

    def wait(holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _DEADLINE_SECONDS
        while not holds():
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(_POLL_SECONDS)

    return wait
