"""What goes wrong on demand, and how much of it has happened."""

from __future__ import annotations

from typing import Any

import pytest
import stripe as sdk

from local.stripe_simulator.engine import Engine, Response
from local.stripe_simulator.faults import Fault, Kind
from local.stripe_simulator.inprocess import EngineClient
from tests.unit.stripe_simulator.account import Account

KEY = {"Idempotency-Key": "op-1"}


def create(stripe: Account, **headers: str) -> Response:
    return stripe.request("POST", "/v1/products", {"name": "Standard"}, **headers)


def made(stripe: Account) -> int:
    return len(stripe.get("/v1/products")["data"])


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("rate_limit", 429, "rate_limit"),
        ("lock_timeout", 429, "lock_timeout"),
        ("idempotency_key_in_use", 409, "idempotency_key_in_use"),
        ("error_before", 500, None),
    ],
)
def test_a_fault_before_the_effect_leaves_none_and_the_key_unused(
    stripe: Account, kind: Kind, status: int, code: str | None
) -> None:
    stripe.engine.faults.add(Fault(kind))
    refused = create(stripe, **KEY)
    assert (refused.status, refused.json()["error"].get("code")) == (status, code)
    assert made(stripe) == 0
    assert create(stripe, **KEY).status == 200


def test_an_error_after_the_effect_is_what_its_key_answers_from_then_on(stripe: Account) -> None:
    stripe.engine.faults.add(Fault("error_after"))
    first, second = create(stripe, **KEY), create(stripe, **KEY)
    assert (first.status, first.json()["error"]["type"]) == (500, "api_error")
    assert second.body == first.body
    assert second.headers["Idempotent-Replayed"] == "true"
    assert made(stripe) == 1


def test_a_connection_may_break_before_the_effect_or_after_it(stripe: Account) -> None:
    stripe.engine.faults.add(Fault("reset_before"))
    assert create(stripe, **KEY).cut
    assert made(stripe) == 0
    stripe.engine.faults.add(Fault("reset_after", method="POST"))
    assert create(stripe, **KEY).cut
    assert made(stripe) == 1
    answer = create(stripe, **KEY)
    assert (answer.status, answer.cut, made(stripe)) == (200, False, 1)


def test_while_a_request_is_delayed_its_key_is_in_use(stripe: Account) -> None:
    stripe.engine.faults.add(Fault("delay", seconds=5.0))
    headers = {"Authorization": "Bearer sk_test_x", **KEY}
    call = stripe.engine.receive("POST", "/v1/products", {"name": "Standard"}, headers)
    assert call.delay == 5.0
    meanwhile = create(stripe, **KEY)
    assert meanwhile.json()["error"]["code"] == "idempotency_key_in_use"
    first = stripe.engine.answer(call)
    assert first.status == 200
    assert create(stripe, **KEY).body == first.body
    assert made(stripe) == 1


def test_a_second_delayed_request_does_not_free_the_key_of_the_first(stripe: Account) -> None:
    stripe.engine.faults.add(Fault("delay", seconds=5.0, times=2))
    headers = {"Authorization": "Bearer sk_test_x", **KEY}
    first, second = (
        stripe.engine.receive("POST", "/v1/products", {"name": "Standard"}, headers)
        for _ in range(2)
    )
    assert stripe.engine.answer(second).status == 409
    assert create(stripe, **KEY).status == 409
    assert stripe.engine.answer(first).status == 200


@pytest.mark.parametrize("should_retry", [True, False])
def test_a_refusal_may_say_whether_to_retry(stripe: Account, should_retry: Any) -> None:
    stripe.engine.faults.add(Fault("lock_timeout", should_retry=should_retry))
    headers = create(stripe).headers
    assert headers["Stripe-Should-Retry"] == str(should_retry).lower()


def test_a_rule_befalls_only_what_it_names_and_only_so_often(stripe: Account) -> None:
    stripe.engine.faults.add(Fault("rate_limit", "POST", "/v1/products*", times=2))
    assert stripe.request("GET", "/v1/products", {}).status == 200
    assert stripe.request("POST", "/v1/customers", {}).status == 200
    assert [create(stripe).status for _ in range(3)] == [429, 429, 200]
    assert list(stripe.engine.faults) == []


def test_a_rule_without_end_stays_until_it_is_cleared(stripe: Account) -> None:
    endless = Fault("error_before", times=None)
    stripe.engine.faults.add(endless)
    assert [create(stripe).status for _ in range(3)] == [500, 500, 500]
    assert list(stripe.engine.faults) == [endless]
    stripe.engine.faults.clear()
    assert create(stripe).status == 200


def test_the_official_sdk_gets_through_what_it_may_retry() -> None:
    engine = Engine()
    client = sdk.StripeClient("sk_test_x", http_client=EngineClient(engine), max_network_retries=2)
    for fault in (Fault("reset_after"), Fault("lock_timeout", should_retry=True)):
        engine.faults.add(fault)
    client.v1.products.create({"name": "Standard"})
    assert len(client.v1.products.list().data) == 1
