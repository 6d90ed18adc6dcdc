"""A Lambda's process is killed in the middle of each machine, while it waits for Stripe's answer.

Only the event of that machine is let in; Stripe's answer to its step is held until the process is
dead. The machine's retry then ends as if nothing had been, and so do the other events.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.support.customer import DAY, Customer, NewCustomer
from tests.support.deployed import Deployed
from tests.support.waiting import eventually
from tests.support.workers import kill_workers

Act = Callable[[Customer], object]


def renewal_fails(customer: Customer) -> None:
    customer.card_declines("insufficient_funds")
    customer.renew()


def pays_late(customer: Customer) -> None:
    customer.card_declines(None)
    customer.pay_latest_invoice()


def subscribes_and_fails_to_renew(customer: Customer) -> None:
    customer.subscribe()
    renewal_fails(customer)


@dataclass(frozen=True)
class Blow:
    """In which step the process is killed, on which event, and what it should have led to.

    ``before`` is what was told of the customer by then; None: nobody has heard of them yet.
    ``asks`` is what the step first asks Stripe for.
    """

    machine: str
    state: str
    event: str
    act: Act
    facts: list[str]
    before: Act | None = Customer.subscribe
    asks: str = "/v1/subscriptions*"
    days_ago: int = 0


BLOWS = [
    Blow(
        "subscribe",
        "Record Subscription",
        "customer.subscription.created",
        before=None,
        act=Customer.subscribe,
        facts=["AccessChanged", "PaymentSucceeded", "SubscriptionActivated"],
    ),
    Blow(
        "upgrade",
        "Record Change",
        "customer.subscription.updated",
        act=lambda customer: customer.switch_to("agency_monthly", proration_behavior="none"),
        facts=["SubscriptionChanged"],
    ),
    Blow(
        "cancel",
        "Record Cancellation",
        "customer.subscription.updated",
        act=lambda customer: customer.change(cancel_at_period_end=True),
        facts=["CancellationScheduled"],
    ),
    Blow(
        "renew",
        "Record Payment",
        "invoice.paid",
        before=subscribes_and_fails_to_renew,
        days_ago=32,
        act=pays_late,
        facts=["AccessChanged", "PaymentRecovered", "PaymentSucceeded"],
    ),
    Blow(
        "payment_failure",
        "Record Failure",
        "invoice.payment_failed",
        before=None,
        days_ago=32,
        act=subscribes_and_fails_to_renew,
        facts=["AccessChanged", "PaymentFailed", "SubscriptionActivated"],
    ),
    Blow(
        "payment_failure",
        "Check Payment",
        "invoice.payment_failed",
        days_ago=50,
        act=renewal_fails,
        facts=["AccessChanged", "PaymentFailed"],
    ),
    Blow(
        "purchase",
        "Record Purchase",
        "checkout.session.completed",
        act=Customer.buy,
        asks="/v1/checkout/sessions*",
        facts=["PurchaseCompleted"],
    ),
    Blow(
        "sync_payment_methods",
        "Record Payment Methods",
        "payment_method.attached",
        act=lambda customer: customer.attach("pm_card_mastercard"),
        asks="/v1/customers/*",
        facts=[],
    ),
]


@pytest.mark.parametrize("blow", BLOWS, ids=lambda blow: f"{blow.machine}: {blow.state}")
def test_a_process_that_is_killed_in_its_step_changes_nothing_in_the_end(
    deployed: Deployed, new_customer: NewCustomer, blow: Blow
) -> None:
    with deployed.network({"hold": True}):
        customer = new_customer(since=int(time.time()) - blow.days_ago * DAY)
        if blow.before:
            blow.before(customer)
    if blow.before:
        deployed.release()
        customer.settled()
    with deployed.network({"hold": True}):
        blow.act(customer)

    function = deployed.function_of(blow.machine, blow.state)
    with deployed.unanswered(blow.asks) as has_asked:
        struck = deployed.release_first(blow.event)
        eventually(has_asked, "a call of Stripe")
        assert kill_workers(deployed.stack, function)
    deployed.release()

    assert customer.settled() == blow.facts
    execution = deployed.entry(struck)["lease_execution"]
    assert "Runtime.ExitError" in deployed.errors_of(execution)
