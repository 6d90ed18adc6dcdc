"""Fixtures of the integration tests."""

from collections.abc import Callable, Iterator

import pytest

from local.stack.stack_file import StackFile
from tests.support import waiting
from tests.support.deployed import Deployed

_DEADLINE_SECONDS = 20


@pytest.fixture(scope="session")
def deployed(stack: StackFile) -> Iterator[Deployed]:
    """Drive the session's stack from both of its sides, as callers and as Stripe."""
    driver = Deployed(stack)
    yield driver
    driver.close()


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Wait until a condition holds; fail if it does not within the deadline."""

    def wait(holds: Callable[[], bool]) -> None:
        waiting.eventually(holds, timeout=_DEADLINE_SECONDS)

    return wait
