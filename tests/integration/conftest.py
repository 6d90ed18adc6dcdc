"""Fixtures of the integration tests."""

from collections.abc import Callable

import pytest

from tests.support import waiting

_DEADLINE_SECONDS = 20


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Wait until a condition holds; fail if it does not within the deadline."""

    def wait(holds: Callable[[], bool]) -> None:
        waiting.eventually(holds, timeout=_DEADLINE_SECONDS)

    return wait
