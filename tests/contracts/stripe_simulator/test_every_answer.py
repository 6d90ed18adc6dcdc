"""Every answer of every route, and every event, has exactly the shape that Stripe documents."""

from __future__ import annotations

from typing import Any

import pytest
from stripe import ErrorObject

from local.stripe_simulator.engine import Response
from local.stripe_simulator.registry import ROUTER
from tests.contracts.stripe_simulator.shapes import Json, check, check_as
from tests.contracts.stripe_simulator.usage import (
    catalogue,
    checkout,
    customers,
    intents,
    renewals,
    subscriptions,
    webhooks,
)
from tests.unit.stripe_simulator.account import START, Account

USAGE = (catalogue, customers, intents, checkout, subscriptions, renewals, webhooks)


class CheckedAccount(Account):
    """An account whose every answer is checked, and which remembers what was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[tuple[str, str]] = set()

    def request(self, method: str, path: str, params: Json | str, **headers: str) -> Response:
        response = super().request(method, path, params, **headers)
        body = response.json()
        if response.status == 200:
            self.asked.add((method, _pattern(path)))
            assert check(body) == [], path
        else:
            assert list(body) == ["error"]
            assert check_as(body["error"], ErrorObject) == [], path
        return response


def _pattern(path: str) -> str:
    """The route of a path: `payment_methods` and the like are no ids."""
    words = {part for route in ROUTER.routes for part in route.parts}
    return "/".join("{}" if part and part not in words else part for part in path.split("/"))


@pytest.fixture(scope="module")
def used() -> CheckedAccount:
    """An account on which everything that is served was used."""
    stripe = CheckedAccount()
    for module in USAGE:
        module.use(stripe)
    return stripe


def test_every_route_answered_in_shape(used: CheckedAccount) -> None:
    served = {(route.method, route.path) for route in ROUTER.routes}
    assert used.asked == served


def test_every_event_is_in_shape(used: CheckedAccount) -> None:
    events = list(used.engine.world.store.newest_first("event"))
    assert len(events) > 100
    for event in events:
        assert check(event) == [], event["type"]


def test_every_stored_object_is_in_shape(used: CheckedAccount) -> None:
    kinds = {"product", "price", "customer", "payment_method", "payment_intent", "setup_intent",
             "charge", "checkout.session", "subscription", "subscription_item", "invoice",
             "invoice_payment", "webhook_endpoint"}  # fmt: skip
    for kind in kinds:
        for each in used.engine.world.store.newest_first(kind):
            assert check(each) == [], each["id"]


def test_previous_attributes_name_only_keys_of_the_object(used: CheckedAccount) -> None:
    updates = [
        event
        for event in used.engine.world.store.newest_first("event")
        if "previous_attributes" in event["data"]
    ]
    assert updates
    for event in updates:
        previous: dict[str, Any] = event["data"]["previous_attributes"]
        assert previous
        assert previous.keys() <= event["data"]["object"].keys()


def test_errors_are_in_shape() -> None:
    stripe = CheckedAccount()
    for refused in (
        stripe.request("GET", "/v1/customers/cus_none", {}),
        stripe.request("POST", "/v1/products", {}),
        stripe.request("GET", "/v1/nothing", {}),
        stripe.engine.request("GET", "/v1/account"),
    ):
        error = refused.json()["error"]
        assert check_as(error, ErrorObject) == []
        assert error["request_log_url"].endswith(f"?t={START}")
