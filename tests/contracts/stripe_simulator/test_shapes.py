"""The checker itself: it must notice whatever can go wrong with an object's shape."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import stripe

from tests.contracts.stripe_simulator.shapes import PRESENCE, Json, check
from tests.unit.stripe_simulator.account import Account

Path = tuple[str | int, ...]
OBJECTS = (
    "product",
    "price",
    "customer",
    "payment_method",
    "checkout.session",
    "subscription",
    "subscription_item",
    "invoice",
    "invoice_payment",
    "payment_intent",
    "charge",
    "event",
)
# Keys that Stripe leaves out where there is nothing to say.
OPTIONAL = {
    "allow_redisplay",
    "amount_details",
    "auto_advance",
    "card",
    "extended_authorization",
    "incremental_authorization",
    "multicapture",
    "next_invoice_sequence",
    "overcapture",
    "payment_intent",
    "phone_number_collection",
    "price_details",
    "proration_discounts",
    "quantity",
    "radar_options",
    "risk_level",
    "risk_score",
    "tip",
}


@cache
def samples() -> dict[str, Json]:
    """One sound object of each type."""
    account = Account()
    account.pay(account.session())
    account.subscribe()
    stored = account.engine.world.store
    return {kind: next(stored.newest_first(kind)) for kind in OBJECTS}


@pytest.fixture(params=OBJECTS)
def sample(request: pytest.FixtureRequest) -> Json:
    return copy.deepcopy(samples()[request.param])


def keys(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where every key of an object is; free-form hashes are left out."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key)
            if key not in ("metadata", "fraud_details", "previous_attributes"):
                yield from keys(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from keys(item, (*path, index))


def holder(value: Any, path: Path) -> Any:
    for part in path[:-1]:
        value = value[part]
    return value


def test_the_presence_data_is_of_the_pinned_sdks_api_version() -> None:
    assert PRESENCE["api_version"] == stripe.api_version == "2026-10-28.endive"


def test_a_sound_object_has_no_problems(sample: Json) -> None:
    assert check(sample) == []


def test_any_key_that_is_renamed_is_noticed(sample: Json) -> None:
    for path in keys(sample):
        broken = copy.deepcopy(sample)
        where = holder(broken, path)
        where[f"{path[-1]}_renamed"] = where.pop(path[-1])
        assert check(broken), path


def test_any_key_that_is_made_up_is_noticed(sample: Json) -> None:
    for path in keys(sample):
        broken = copy.deepcopy(sample)
        holder(broken, path)["made_up"] = 1
        assert check(broken), path


def test_any_value_of_another_type_is_noticed(sample: Json) -> None:
    for path in keys(sample):
        if path[-1] in ("application", "fraud_details", "metadata", "radar_options"):
            continue  # any hash will do there
        broken = copy.deepcopy(sample)
        holder(broken, path)[path[-1]] = {"wrong": [object]}
        assert check(broken), path


def test_a_key_that_is_dropped_is_noticed_wherever_stripe_always_sends_it(sample: Json) -> None:
    for path in keys(sample):
        broken = copy.deepcopy(sample)
        del holder(broken, path)[path[-1]]
        assert check(broken) or path[-1] in OPTIONAL, path


@pytest.mark.parametrize(
    ("kind", "change", "problem"),
    [
        ("subscription", {"status": "running"}, "literal"),
        ("subscription", {"created": "today"}, "type"),
        ("subscription", {"created": True}, "type"),
        ("subscription", {"cancel_at_period_end": None}, "type"),
        ("subscription", {"items": []}, "type"),
        ("subscription", {"metadata": {"number": 1}}, "type"),
        ("subscription", {"billing_mode": {"type": "flexible"}}, "missing key"),
        ("price", {"unit_amount_decimal": 1900}, "type"),
        ("price", {"unit_amount_decimal": "much"}, "type"),
        ("customer", {"object": "unicorn"}, "unknown object"),
        ("invoice", {"auto_advance": None}, "null"),
        ("charge", {"paid": 1}, "type"),
    ],
)
def test_each_kind_of_problem_is_told_apart(kind: str, change: Json, problem: str) -> None:
    found = check({**samples()[kind], **change})
    assert [each.kind for each in found] == [problem]


def test_an_events_object_is_checked_by_its_own_class() -> None:
    event = copy.deepcopy(samples()["event"])
    del event["data"]["object"]["id"]
    assert [problem.path for problem in check(event)] == ["$.data.object.id"]


def test_lists_are_checked_with_all_that_is_in_them() -> None:
    page = {"object": "list", "data": [samples()["price"]], "has_more": False, "url": "/v1/prices"}
    assert check(page) == []
    assert check({**page, "data": [{**samples()["price"], "id": 1}]})
    assert check({**page, "total": 1})
    assert check({key: value for key, value in page.items() if key != "has_more"})
