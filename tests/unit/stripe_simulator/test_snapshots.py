"""Going back: to a snapshot, or to the start."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable
from typing import Any

import pytest

from local.stripe_simulator.engine import Engine
from local.stripe_simulator.faults import Fault
from local.stripe_simulator.snapshots import NoSnapshot
from tests.unit.stripe_simulator.account import DAY, START, Account


def story(stripe: Account) -> list[bytes]:
    """What a client sees of a month in which something happens."""
    subscription = stripe.subscribe()
    stripe.wait(32 * DAY)
    paths = (f"/v1/subscriptions/{subscription['id']}", "/v1/invoices", "/v1/events")
    return [stripe.request("GET", path, {}).body for path in paths]


def test_the_same_happens_again_after_going_back(stripe: Account) -> None:
    stripe.subscribe("pm_card_chargeCustomerFail", payment_behavior="allow_incomplete")
    snapshot = stripe.engine.snapshot()
    first = story(stripe)
    stripe.engine.restore(snapshot)
    assert story(stripe) == first


def test_a_snapshot_can_be_restored_into_another_engine(stripe: Account) -> None:
    stripe.customer()
    other = Account(Engine(lambda: START + DAY, random.Random(2)))
    other.engine.restore(stripe.engine.snapshot())
    assert story(other) == story(stripe)


def test_time_goes_back_and_runs_on_from_there() -> None:
    real = [float(START)]
    engine = Engine(lambda: real[0], random.Random(1))
    engine.advance(START + DAY)
    snapshot = engine.snapshot()
    real[0] += 1000
    engine.set_time_scale(60.0)
    engine.restore(snapshot)
    assert engine.world.now() == START + DAY
    real[0] += 5
    assert engine.world.now() == START + DAY + 5


def test_what_was_replayed_is_replayed_again_and_what_came_later_is_forgotten(
    stripe: Account,
) -> None:
    def create(key: str) -> Any:
        return stripe.request("POST", "/v1/products", {"name": key}, **{"Idempotency-Key": key})

    kept = create("before")
    snapshot = stripe.engine.snapshot()
    create("after")
    stripe.engine.restore(snapshot)
    assert create("before").body == kept.body
    assert "Idempotent-Replayed" not in create("after").headers


def test_a_key_is_free_after_going_back_while_its_request_was_delayed(stripe: Account) -> None:
    stripe.engine.faults.add(Fault("delay", seconds=5.0))
    headers = {"Authorization": "Bearer sk_test_x", "Idempotency-Key": "op-1"}
    call = stripe.engine.receive("POST", "/v1/products", {"name": "Standard"}, headers)
    stripe.engine.restore(stripe.engine.snapshot())
    assert stripe.engine.request("POST", "/v1/products", {"name": "Other"}, headers).status == 200
    assert stripe.engine.answer(call).json()["error"]["type"] == "idempotency_error"


def test_a_delivery_on_its_way_leaves_again_and_its_old_outcome_counts_for_nothing(
    stripe: Account,
) -> None:
    stripe.post("/v1/webhook_endpoints", url="https://x.example/hook", enabled_events=["*"])
    stripe.post("/v1/products", name="Standard")
    (on_its_way,) = stripe.engine.due_deliveries()
    stripe.engine.restore(stripe.engine.snapshot())
    stripe.engine.record_attempt(on_its_way, 200)
    assert not stripe.engine.world.deliveries.settled
    (again,) = stripe.engine.due_deliveries()
    stripe.engine.record_attempt(again, 200)
    assert stripe.engine.world.deliveries.settled
    assert stripe.events()[0]["pending_webhooks"] == 0


def test_a_reset_engine_is_as_new() -> None:
    stripe, new = Account(), Account()
    story(stripe)
    stripe.engine.reset()
    assert stripe.engine.world.now() == START
    assert stripe.engine.due_deliveries() == []
    assert story(stripe) == story(new)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: b"",
        lambda _: b"no pickle",
        lambda whole: whole[: len(whole) // 2],
        lambda _: pickle.dumps({"something": "else"}),
        lambda _: pickle.dumps({"world": random.SystemRandom}),
        lambda _: pickle.dumps({"world": print}),
    ],
)
def test_what_is_no_snapshot_is_refused_and_changes_nothing(
    stripe: Account, spoil: Callable[[bytes], bytes]
) -> None:
    customer = stripe.customer()
    with pytest.raises(NoSnapshot):
        stripe.engine.restore(spoil(stripe.engine.snapshot()))
    assert stripe.get("/v1/customers")["data"] == [customer]
