"""What the tests of ops on the session's stack need: the command, and customers in trouble."""

import time

import pytest

from local.stack.settings import Settings
from local.stack.stack_file import StackFile
from tests.support.customer import DAY, Customer, NewCustomer
from tests.support.scai_ops import ScaiOps


@pytest.fixture(scope="session")
def scai_ops(stack: StackFile, stack_settings: Settings) -> ScaiOps:
    """The operators' command on the session's stack, which runs."""
    return ScaiOps(stack_settings)


@pytest.fixture
def debtor(new_customer: NewCustomer) -> Customer:
    """A customer whose renewal was declined."""
    renewing_at = int(time.time()) - DAY
    customer = new_customer(since=renewing_at - 20 * DAY)
    customer.subscribe(billing_cycle_anchor=renewing_at)
    customer.settled()
    customer.card_declines("insufficient_funds")
    customer.renew()
    customer.settled()
    return customer


@pytest.fixture
def recovered(debtor: Customer) -> Customer:
    """A customer whose renewal was declined, and who paid after all."""
    debtor.card_declines(None)
    debtor.pay_latest_invoice()
    debtor.settled()
    return debtor
