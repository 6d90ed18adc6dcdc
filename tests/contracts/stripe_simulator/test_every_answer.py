"""Every answer of every route, and every event, has exactly the shape that Stripe documents."""

from __future__ import annotations

from typing import Any

import pytest
from stripe import ErrorObject

from local.stripe_simulator.registry import ROUTER
from tests.contracts.stripe_simulator.checked import CheckedAccount, used
from tests.contracts.stripe_simulator.shapes import check, check_as
from tests.contracts.stripe_simulator.usage import TOPICS
from tests.unit.stripe_simulator.account import START


@pytest.fixture(params=TOPICS)
def account(request: pytest.FixtureRequest) -> CheckedAccount:
    return used(request.param)


def test_every_route_answered_in_shape() -> None:
    served = {(route.method, route.path) for route in ROUTER.routes}
    assert set().union(*(used(topic).asked for topic in TOPICS)) == served


def test_every_stored_object_and_event_is_in_shape(account: CheckedAccount) -> None:
    assert account.stored()
    for each in account.stored():
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
