"""The session's stack, with a driver for both of its sides."""

from collections.abc import Iterator

import pytest

from local.stack.stack_file import StackFile
from tests.support.deployed import Deployed, Facts


@pytest.fixture(scope="session")
def deployed(stack: StackFile) -> Iterator[Deployed]:
    driver = Deployed(stack)
    yield driver
    driver.close()


@pytest.fixture(scope="session")
def facts(deployed: Deployed) -> Facts:
    return deployed.listen_to_facts()
