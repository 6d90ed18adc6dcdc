"""A plan changes when Stripe has changed it, and not before."""

from typing import Any

import pytest

from billing.domain.record import Subscription
from tests.support.aws import FakePorts
from tests.support.builders import NOW
from tests.support.lifecycle import customer_known, request_of, stored, told
from tests.support.stripe import subscription_json
from upgrade.record_change import record_change

UPDATED = "customer.subscription.updated"
WAITING = {"expires_at": NOW + 80_000, "subscription_items": []}


def on_plan(price_id: str, quantity: int = 1, **fields: Any) -> dict[str, Any]:
    subscription = subscription_json(**fields)
    item = subscription["items"]["data"][0]
    item |= {"price": {"id": price_id, "product": "prod_agency"}, "quantity": quantity}
    return subscription


def plan(ports: FakePorts) -> Subscription:
    subscription = stored(ports).subscription
    assert subscription is not None
    return subscription


@pytest.fixture(autouse=True)
def _known(ports: FakePorts) -> None:
    customer_known(ports)


def test_an_upgrade_is_told_without_asking_stripe(ports: FakePorts) -> None:
    output = record_change(request_of(ports, UPDATED, on_plan("price_agency")), ports)

    assert (output.outcome, told(output)) == ("applied", ["SubscriptionChanged"])
    assert plan(ports).price_id == "price_agency"
    assert ports.stripe.calls == []


def test_another_quantity_is_a_change_too(ports: FakePorts) -> None:
    output = record_change(request_of(ports, UPDATED, on_plan("price_standard", 5)), ports)

    assert told(output) == ["SubscriptionChanged"]
    assert plan(ports).quantity == 5


def test_an_upgrade_that_waits_for_its_payment_leaves_the_plan(ports: FakePorts) -> None:
    pending = subscription_json(pending_update=WAITING)

    output = record_change(request_of(ports, UPDATED, pending), ports)

    assert told(output) == []
    assert plan(ports).price_id == "price_standard"
    assert plan(ports).pending_update_expires_at == WAITING["expires_at"]


def test_an_upgrade_that_is_paid_for_late_is_a_change(ports: FakePorts) -> None:
    type_ = "customer.subscription.pending_update_applied"

    output = record_change(request_of(ports, type_, on_plan("price_agency")), ports)

    assert told(output) == ["SubscriptionChanged"]
    assert plan(ports).pending_update_expires_at is None


def test_a_schedules_event_makes_us_look_at_its_subscription(ports: FakePorts) -> None:
    schedule = {"id": "sub_sched_1", "object": "subscription_schedule", "subscription": "sub_1"}
    ports.stripe.put(on_plan("price_agency", schedule="sub_sched_1"))

    output = record_change(
        request_of(ports, "subscription_schedule.updated", schedule | {"customer": "cus_1"}), ports
    )

    assert output.outcome == "applied"
    assert (plan(ports).price_id, plan(ports).schedule_id) == ("price_agency", "sub_sched_1")


def test_a_trials_end_is_announced_once(ports: FakePorts) -> None:
    trial = subscription_json(status="trialing", trial_end=NOW + 260_000)
    ports.stripe.put(trial)
    type_ = "customer.subscription.trial_will_end"

    first = record_change(request_of(ports, type_, trial), ports)
    again = record_change(request_of(ports, type_, trial, id="evt_2"), ports)

    assert told(first) == ["TrialEnding"]
    assert told(again) == []


def test_a_pause_restricts_access_and_a_resumption_gives_it_back(ports: FakePorts) -> None:
    paused = subscription_json(status="paused")
    resumed = request_of(
        ports, "customer.subscription.resumed", subscription_json(), id="evt_2", created=NOW + 60
    )

    record_change(request_of(ports, "customer.subscription.paused", paused), ports)
    assert stored(ports).access_level == "restricted"
    ports.clock.advance(60)
    record_change(resumed, ports)
    assert stored(ports).access_level == "full"
