"""Fixtures of the integration tests."""

from collections.abc import Callable

import pytest

from tests.support import waiting
from tests.support.customer import Customer, NewCustomer
from tests.support.deployed import Deployed, Facts


@pytest.fixture(scope="session")
def facts(deployed: Deployed) -> Facts:
    return deployed.listen_to_facts()


@pytest.fixture
def new_customer(deployed: Deployed, facts: Facts) -> NewCustomer:
    """Make a customer whose events come in by the relay."""
    return lambda **when: Customer(deployed, facts, **when)


@pytest.fixture
def subscriber(new_customer: NewCustomer) -> Customer:
    """A customer who has bought a plan, as far as we know too."""
    customer = new_customer()
    customer.subscribe()
    customer.settled()
    return customer


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Wait until a condition holds; fail if it does not within the deadline."""

    def wait(holds: Callable[[], bool]) -> None:
        waiting.eventually(holds)

    return wait
