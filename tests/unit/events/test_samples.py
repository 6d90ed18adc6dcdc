"""The sample events are Stripe's own shapes, and each machine's sample inputs take their paths."""

from typing import Any

import pytest

from billing.contracts.stripe_events import API_VERSION, StripeEvent
from billing.domain.errors import UserNotFound
from tests.contracts.stripe_simulator.shapes import check
from tests.support.api import EnginePorts
from tests.support.aws import FakePorts, add_user
from tests.support.builders import a_purchase
from tests.support.definitions import machine_names
from tests.support.routing import sample, sample_names, stripe_sample
from tests.support.walking import walk

#: Where each input leads: those of ``subscribe`` a new customer, the others a subscriber.
FOR_A_NEW_CUSTOMER = {
    "subscribe/first_contact": "Subscription Recorded",
    "subscribe/unattributed": "Unattributed Ignored",
}
FOR_A_SUBSCRIBER = {
    "subscribe/known_customer": "Subscription Recorded",
    "subscribe/stale_event": "Stale Event Ignored",
    "upgrade/plan_change": "Change Recorded",
    "upgrade/schedule_changed": "Change Recorded",
    "upgrade/trial_ending": "Change Recorded",
    "cancel/scheduled": "Cancellation Recorded",
    "cancel/undone": "Cancellation Recorded",
    "cancel/ended": "Cancellation Recorded",
    "cancel/customer_deleted": "Cancellation Recorded",
    "payment_failure/first_failure": "Access Restricted",
    "payment_failure/further_attempt": "Access Restricted",
    "renew/renewal": "Payment Recorded",
    "renew/recovered": "Payment Recorded",
    "purchase/completed": "Purchase Recorded",
    "purchase/refunded": "Purchase Recorded",
    "purchase/dispute_lost": "Purchase Recorded",
    "sync_payment_methods/attached": "Payment Methods Recorded",
    "sync_payment_methods/default_changed": "Payment Methods Recorded",
    "reconcile/customer": "Run Completed",
    "reconcile/user": "Run Completed",
}
USER_MISSING = "subscribe/user_missing"
EVERYBODY = "reconcile/all"


@pytest.mark.parametrize("type_", sample_names("stripe"))
def test_a_sample_is_of_the_shape_and_version_that_the_contracts_follow(type_: str) -> None:
    event = stripe_sample(type_)

    assert check(event) == []
    assert (event["type"], event["api_version"]) == (type_, API_VERSION)
    StripeEvent.model_validate(event)


def test_every_input_of_every_machine_is_run_here() -> None:
    inputs = {f"{machine}/{name}" for machine in machine_names() for name in sample_names(machine)}

    assert inputs == {*FOR_A_NEW_CUSTOMER, *FOR_A_SUBSCRIBER, USER_MISSING, EVERYBODY}


def take(path: str, ports: FakePorts) -> list[str]:
    """Run a machine on one of its inputs, a second after its event; give the states entered."""
    given: dict[str, Any] = sample(f"{path}.json")
    if "event" in given:
        ports.clock.now = given["event"]["created"] + 1
    if path.startswith("payment_failure/"):
        subscription = stripe_sample("customer.subscription.created")["data"]["object"]
        ports.stripe.put({**subscription, "status": "past_due"})
    return walk(path.split("/", maxsplit=1)[0], given, ports)


@pytest.fixture
def stripe(ports: FakePorts) -> FakePorts:
    """The user of the samples, and at Stripe what the samples are about."""
    add_user("user-01")
    ports.clock.now = stripe_sample("customer.subscription.created")["created"] + 1
    ports.stripe.put(stripe_sample("customer.subscription.created")["data"]["object"])
    ports.stripe.put_purchase(
        a_purchase(purchase_id="pi_sample", session_id="cs_test_sample"), "cus_sample"
    )
    ports.stripe.payers["pi_sample"] = "cus_sample"
    return ports


@pytest.mark.parametrize("path", FOR_A_NEW_CUSTOMER)
def test_an_input_leads_a_new_customer_to_its_end(path: str, stripe: FakePorts) -> None:
    assert take(path, stripe)[-1] == FOR_A_NEW_CUSTOMER[path]


@pytest.mark.parametrize("path", FOR_A_SUBSCRIBER)
def test_an_input_leads_a_subscriber_to_its_end(path: str, stripe: FakePorts) -> None:
    take("subscribe/first_contact", stripe)

    assert take(path, stripe)[-1] == FOR_A_SUBSCRIBER[path]


def test_a_first_contact_links_the_customer_and_records_the_subscription(
    stripe: FakePorts,
) -> None:
    assert "Link Customer" in take("subscribe/first_contact", stripe)

    record = stripe.records.load("user-01")
    assert record.subscription is not None
    assert (record.subscription.status, record.customer_id) == ("active", "cus_sample")


def test_a_user_that_does_not_exist_is_missed(stripe: FakePorts) -> None:
    with pytest.raises(UserNotFound):
        take(USER_MISSING, stripe)


def test_a_first_failure_waits_for_the_end_of_grace(stripe: FakePorts) -> None:
    take("subscribe/first_contact", stripe)

    path = take("payment_failure/first_failure", stripe)

    assert path[path.index("Record Failure") :] == [
        "Record Failure",
        "What Happened?",
        "Wait For Deadline",
        "Check Payment",
        "What Happened?",
        "Access Restricted",
    ]


def test_a_run_over_everybody_looks_at_all_there_is(aws: None) -> None:
    path = take(EVERYBODY, EnginePorts())

    assert path[0] == "Claim Run"
    assert path.count("Compare Page") > 1
    assert path[-1] == "Run Completed"


@pytest.mark.parametrize("path", ["reconcile/customer", "reconcile/user"])
def test_a_run_over_one_heals_the_subscriber_it_names(path: str, stripe: FakePorts) -> None:
    take("subscribe/first_contact", stripe)
    changed = stripe_sample("customer.subscription.updated")["data"]["object"]
    stripe.stripe.put(changed | {"cancel_at_period_end": True})

    take(path, stripe)

    subscription = stripe.records.load("user-01").subscription
    assert subscription is not None
    assert subscription.cancel_at_period_end
