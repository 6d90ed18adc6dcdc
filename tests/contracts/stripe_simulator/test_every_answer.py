"""Every answer of every route, and every event, has exactly the shape that Stripe documents."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from stripe import ErrorObject

from local.stripe_simulator.engine import Response
from local.stripe_simulator.registry import ROUTER
from tests.contracts.stripe_simulator.shapes import Json, check, check_as
from tests.contracts.stripe_simulator.usage import TOPICS
from tests.unit.stripe_simulator.account import START, Account


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


@cache
def used(topic: str) -> CheckedAccount:
    """An account of its own, on which everything that belongs to a topic was used."""
    stripe = CheckedAccount()
    TOPICS[topic].use(stripe)
    return stripe


@pytest.fixture(params=TOPICS)
def account(request: pytest.FixtureRequest) -> CheckedAccount:
    return used(request.param)


def test_every_route_answered_in_shape() -> None:
    served = {(route.method, route.path) for route in ROUTER.routes}
    assert set().union(*(used(topic).asked for topic in TOPICS)) == served


def test_every_stored_object_and_event_is_in_shape(account: CheckedAccount) -> None:
    stored = account.engine.world.store._objects.values()
    assert stored
    for each in stored:
        assert check(each) == [], (each["id"], each.get("type"))


def test_previous_attributes_name_only_keys_of_the_object(account: CheckedAccount) -> None:
    for event in account.engine.world.store.newest_first("event"):
        previous: dict[str, Any] | None = event["data"].get("previous_attributes")
        assert previous is None or previous
        assert (previous or {}).keys() <= event["data"]["object"].keys()


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
