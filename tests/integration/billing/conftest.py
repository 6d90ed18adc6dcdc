"""What the tests of billing on the session's stack need: customers, facts and doors."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.customer import Customer
from tests.support.deployed import Deployed, Door, Facts


@pytest.fixture(scope="session")
def facts(deployed: Deployed) -> Facts:
    return deployed.listen_to_facts()


@pytest.fixture
def new_customer(deployed: Deployed, facts: Facts) -> Callable[..., Customer]:
    """Make a customer whose events come in by the relay; ``since`` is when their time begins."""
    return lambda **when: Customer(deployed, facts, **when)


@pytest.fixture(params=["relay", "partner"])
def door(request: pytest.FixtureRequest, deployed: Deployed) -> Iterator[Door]:
    """Each door in turn: the only one that Stripe's events come in by."""
    with deployed.only_door(request.param):
        yield request.param
