"""A cancellation is set, undone or done, however it is made."""

from typing import Any

import pytest

from billing.domain.record import Subscription
from cancel.record_cancellation import record_cancellation
from tests.support.aws import FakePorts
from tests.support.builders import NOW, a_subscription
from tests.support.lifecycle import customer_known, request_of, stored, told
from tests.support.stripe import subscription_json

UPDATED = "customer.subscription.updated"
DELETED = "customer.subscription.deleted"
PERIOD_END = NOW + 2_600_000
ENDED = subscription_json(status="canceled", canceled_at=NOW, ended_at=NOW)


def subscription(ports: FakePorts) -> Subscription:
    subscription = stored(ports).subscription
    assert subscription is not None
    return subscription


@pytest.mark.parametrize("way", [{"cancel_at_period_end": True}, {"cancel_at": PERIOD_END}])
def test_a_cancellation_at_period_end_is_scheduled_either_way(
    ports: FakePorts, way: dict[str, Any]
) -> None:
    customer_known(ports)

    output = record_cancellation(request_of(ports, UPDATED, subscription_json(**way)), ports)

    assert told(output) == ["CancellationScheduled"]
    assert subscription(ports).ending
    assert stored(ports).access_level == "full"


@pytest.mark.parametrize("way", [{"cancel_at_period_end": True}, {"cancel_at": PERIOD_END}])
def test_a_cancellation_is_undone_either_way(ports: FakePorts, way: dict[str, Any]) -> None:
    customer_known(ports, subscription=a_subscription(**way))

    output = record_cancellation(request_of(ports, UPDATED, subscription_json()), ports)

    assert told(output) == ["CancellationUndone"]
    assert not subscription(ports).ending


def test_an_end_takes_access_away(ports: FakePorts) -> None:
    customer_known(ports)
    ports.stripe.put(ENDED)

    output = record_cancellation(request_of(ports, DELETED, ENDED), ports)

    assert told(output) == ["SubscriptionEnded", "AccessChanged"]
    assert stored(ports).access_level == "none"


def test_another_live_subscription_takes_the_place_of_the_ended_one(ports: FakePorts) -> None:
    customer_known(ports)
    ports.stripe.put(ENDED, subscription_json(id="sub_2", created=NOW))

    output = record_cancellation(request_of(ports, DELETED, ENDED), ports)

    assert told(output) == ["SubscriptionEnded", "SubscriptionActivated"]
    assert subscription(ports).subscription_id == "sub_2"


def test_nothing_that_comes_late_revives_an_ended_subscription(ports: FakePorts) -> None:
    customer_known(ports)
    ports.stripe.put(ENDED)
    record_cancellation(request_of(ports, DELETED, ENDED), ports)

    late = request_of(ports, UPDATED, subscription_json(), id="evt_2", created=NOW + 60)

    assert record_cancellation(late, ports).outcome == "stale"
    assert subscription(ports).status == "canceled"


def test_a_deleted_customer_has_ended_everything(ports: FakePorts) -> None:
    customer_known(ports)
    ports.stripe.put(ENDED)
    ports.stripe.put_customer(id="cus_1", deleted=True)
    deleted = {"id": "cus_1", "object": "customer"}

    output = record_cancellation(request_of(ports, "customer.deleted", deleted), ports)

    customer = stored(ports).customer
    assert customer is not None
    assert customer.deleted
    assert told(output) == ["SubscriptionEnded", "AccessChanged"]
