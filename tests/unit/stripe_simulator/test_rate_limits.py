"""Stripe's limits of requests, for those who want them kept."""

from __future__ import annotations

import random

from local.stripe_simulator.engine import Engine
from local.stripe_simulator.world import Settings
from tests.unit.stripe_simulator.account import DAY, START, Account


def limited(mode: str = "sandbox") -> tuple[Account, list[float]]:
    """An account that keeps Stripe's limits, and its clock."""
    real = [float(START)]
    settings = Settings(rate_limit=mode)  # type: ignore[arg-type]
    return Account(Engine(lambda: real[0], random.Random(1), settings)), real


def status(stripe: Account, path: str = "/v1/products") -> int:
    return stripe.request("GET", path, {}).status


def test_without_being_asked_to_no_limit_is_kept(stripe: Account) -> None:
    assert {status(stripe) for _ in range(200)} == {200}


def test_a_sandbox_takes_25_requests_in_a_second() -> None:
    stripe, real = limited()
    paths = ("/v1/products", "/v1/prices")
    assert [status(stripe, paths[n % 2]) for n in range(26)] == [200] * 25 + [429]
    real[0] += 0.9
    assert status(stripe) == 429
    real[0] += 0.1
    assert status(stripe) == 200


def test_a_limited_request_is_told_what_the_limit_is_of_and_not_to_retry() -> None:
    stripe, _ = limited()
    for _ in range(25):
        status(stripe)
    answer = stripe.request("GET", "/v1/products", {})
    error = answer.json()["error"]
    assert (error["type"], error["code"]) == ("invalid_request_error", "rate_limit")
    assert answer.headers["Stripe-Rate-Limited-Reason"] == "global-rate"
    assert answer.headers["Stripe-Should-Retry"] == "false"


def test_an_endpoint_takes_25_requests_in_a_second_whatever_its_ids() -> None:
    stripe, _ = limited("live")
    answers = [stripe.request("GET", f"/v1/products/prod_{n}", {}) for n in range(26)]
    assert [answer.status for answer in answers] == [404] * 25 + [429]
    assert answers[-1].headers["Stripe-Rate-Limited-Reason"] == "endpoint-rate"
    assert status(stripe) == 200


def test_a_subscription_has_10_new_invoices_in_a_minute_and_20_in_a_day() -> None:
    stripe, real = limited()

    def bill(customer: str, subscription: str) -> int:
        params = {"customer": customer, "subscription": subscription}
        real[0] += 1
        answer = stripe.request("POST", "/v1/invoices", params)
        if answer.status != 200:
            assert answer.headers["Stripe-Rate-Limited-Reason"] == "resource-specific"
        return answer.status

    subscription = stripe.subscribe()
    real[0] += 60
    ids = subscription["customer"], subscription["id"]
    assert [bill(*ids) for _ in range(11)] == [200] * 10 + [429]
    real[0] += 60
    assert [bill(*ids) for _ in range(10)] == [200] * 9 + [429]
    real[0] += 1
    other = stripe.subscribe()
    assert bill(other["customer"], other["id"]) == 200
    real[0] += DAY
    assert bill(*ids) == 200
