"""A renewal that isn't paid, as deployed: grace, its end, and how it is given back."""

import time

import pytest

from tests.support.customer import DAY, Customer, NewCustomer, declined
from tests.support.waiting import eventually

GRACE = 7 * DAY
FAILED = "invoice.payment_failed"
RESTRICTED = [
    "Claim Event",
    "Claimed?",
    "Resolve User",
    "Whose Customer?",
    "Record Failure",
    "What Happened?",
    "Wait For Deadline",
    "Check Payment",
    "What Happened?",
    "Access Restricted",
]
RECOVERED = [*RESTRICTED[:-1], "Payment Recovered"]


def subscribed(new_customer: NewCustomer, renewing_at: int) -> Customer:
    """A customer of twenty days before, whose subscription is next renewed at that moment."""
    customer = new_customer(since=renewing_at - 20 * DAY)
    customer.subscribe(billing_cycle_anchor=renewing_at)
    customer.settled()
    return customer


@pytest.mark.usefixtures("door")
def test_a_failed_renewal_leaves_access_in_grace_and_paid_in_time_nothing_is_lost(
    new_customer: NewCustomer,
) -> None:
    customer = subscribed(new_customer, renewing_at=int(time.time()) - DAY)
    customer.card_declines("insufficient_funds")
    customer.renew()
    assert customer.settled() == ["AccessChanged", "PaymentFailed"]
    assert (customer.record["status"], customer.access) == ("past_due", "grace")
    assert customer.deployed.status_of(customer.record["dunning_execution"]) == "RUNNING"

    customer.card_declines(None)
    customer.pay_latest_invoice()

    assert customer.settled() == ["AccessChanged", "PaymentRecovered", "PaymentSucceeded"]
    assert (customer.record["status"], customer.access) == ("active", "full")
    assert "dunning" not in customer.record


@pytest.mark.usefixtures("door")
def test_a_debt_whose_grace_is_over_restricts_until_stripe_gives_the_subscription_up(
    new_customer: NewCustomer,
) -> None:
    customer = subscribed(new_customer, renewing_at=int(time.time()) - 20 * DAY)
    customer.card_declines("insufficient_funds")
    customer.renew()
    assert customer.settled() == ["AccessChanged", "PaymentFailed"]
    assert customer.access == "restricted"
    waited = customer.record["dunning_execution"]
    assert customer.deployed.path_of(waited) == RESTRICTED

    customer.advance_to(customer.time + 2 * DAY)
    assert customer.settled() == ["PaymentFailed"]
    assert customer.record["dunning_execution"] == waited

    customer.advance_to(customer.time + 14 * DAY)
    assert customer.settled() == ["AccessChanged", *["PaymentFailed"] * 6, "SubscriptionEnded"]
    assert (customer.record["status"], customer.access) == ("canceled", "none")


def in_grace(new_customer: NewCustomer) -> tuple[Customer, int]:
    """A customer whose failure was recorded with some seconds of grace left; and its end.

    The invoice is finalized by hand. How many seconds are enough for all that depends on what
    else the machine has to do: where they were too few, another customer is given more.
    """
    for seconds in (12, 40, 120):
        customer = subscribed(new_customer, renewing_at=int(time.time()) - GRACE - 1800)
        customer.card_declines("insufficient_funds")
        deadline = int(time.time()) + seconds
        customer.advance_to(deadline - GRACE)
        customer.post(f"/v1/invoices/{customer.subscription['latest_invoice']}/finalize")
        with declined():
            customer.pay_latest_invoice()
        customer.entries()
        if time.time() < deadline:
            return customer, deadline
    raise AssertionError("no failure was recorded before its grace was over")


def test_the_wait_for_the_deadline_ends_in_restricted_access(new_customer: NewCustomer) -> None:
    customer, deadline = in_grace(new_customer)

    assert customer.deployed.path_of(customer.record["dunning_execution"]) == RESTRICTED

    assert time.time() >= deadline
    assert customer.settled() == ["AccessChanged", "AccessChanged", "PaymentFailed"]
    changes = [f["detail"] for f in customer.facts() if f["detail-type"] == "AccessChanged"]
    levels = {change["before"]["level"]: change["after"]["level"] for change in changes}
    assert levels == {"none": "full", "full": "grace", "grace": "restricted"}
    assert customer.access == "restricted"


def test_an_invoice_that_cannot_be_finalized_is_listed_until_it_is(
    new_customer: NewCustomer,
) -> None:
    customer = subscribed(new_customer, renewing_at=int(time.time()) - DAY)
    customer.advance_to(customer.period_end())
    draft = customer.subscription["latest_invoice"]

    customer.deployed.control("POST", f"/invoices/{draft}/fail_finalization")

    assert customer.settled() == []
    assert (customer.record["attention"], customer.access) == ("invoice_not_finalized", "full")

    customer.post(f"/v1/invoices/{draft}/finalize")
    customer.pay_latest_invoice()

    assert customer.settled() == ["PaymentSucceeded"]
    assert "attention" not in customer.record


def test_a_payment_that_nobody_told_of_is_found_at_the_deadline(new_customer: NewCustomer) -> None:
    customer = subscribed(new_customer, renewing_at=int(time.time()) - 20 * DAY)
    customer.card_declines("insufficient_funds")
    with customer.deployed.network({"hold": True}):
        customer.renew()
        customer.card_declines(None)
        customer.pay_latest_invoice()

    failure = customer.deployed.release_first(FAILED)
    execution = eventually(lambda: customer.deployed.entry(failure).get("lease_execution"))
    assert customer.deployed.path_of(execution) == RECOVERED
    assert customer.access == "full"

    customer.deployed.release()
    assert customer.settled() == ["PaymentFailed", "PaymentRecovered", "PaymentSucceeded"]
