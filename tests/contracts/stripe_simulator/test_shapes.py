"""The checker itself: it must notice whatever can go wrong with an object's shape."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import cache, partial, reduce
from typing import Any, cast

import pytest
import stripe

from tests.contracts.stripe_simulator.checked import used
from tests.contracts.stripe_simulator.shapes import PRESENCE, Json, check
from tests.contracts.stripe_simulator.usage import TOPICS

Path = tuple[str | int, ...]
# Hashes with any keys, and an event's object, which its own kind stands for.
FREE = {"metadata", "fraud_details", "previous_attributes", "object"}
# What Stripe leaves out of objects like ours, too, where there is nothing to say.
MAY_BE_ABSENT = {
    "automatic_payment_methods.allow_redirects",
    "data.previous_attributes",
    "destination_details",
    "destination_details.card.reference_status",
    "destination_details.card.reference_type",
    "failure_balance_transaction",
    "failure_reason",
    "features.subscription_update.products",
    "flow.subscription_update_confirm.items.quantity",
    "frozen_fields",
    "invoicing_rules",
    "items.data.quantity",
    "last_payment_error.advice_code",
    "last_payment_error.charge",
    "last_payment_error.decline_code",
    "last_payment_error.payment_method",
    "last_setup_error.decline_code",
    "last_setup_error.payment_method",
    "net_amount",
    "network_reason_code",
    "parent.subscription_details.subscription_item",
    "payment_method_details",
    "payment_method_options.card",
    "payment_method_options.us_bank_account",
    "payment_method_options.us_bank_account.verification_method",
    "phases.automatic_tax",
    "phases.items.quantity",
    "proration_details",
    "proration_details.credited_items.invoice_line_item_details",
    "quantity",
    "setup_error.decline_code",
    "setup_error.payment_method",
    "status_details",
}
NONSENSE = {"wrong": ["wrong"]}


@cache
def specimens() -> list[tuple[Json, Path]]:
    """Every key, however deep, that is in any object served: an object, and where it has it."""
    found: dict[tuple[str, ...], tuple[Json, Path]] = {}
    for topic in TOPICS:
        for obj in used(topic).stored():
            for path in paths(obj):
                pattern = (obj["object"], *("[]" if isinstance(x, int) else x for x in path))
                found.setdefault(pattern, (obj, path))
    return list(found.values())


def sample(kind: str) -> Json:
    return next(obj for obj, _ in specimens() if obj["object"] == kind)


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where every key of an object is; what is in free-form hashes is left out."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key)
            if key not in FREE:
                yield from paths(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths(item, (*path, index))


def value_at(obj: Json, path: Path) -> Any:
    return reduce(lambda holder, part: holder[part], path, cast("Any", obj))


def wrong_values(value: Any) -> list[Any]:
    """Values of all other types; only a hash of nonsense is surely wrong where null is right."""
    if value is None:
        return [NONSENSE]
    kind = float if type(value) is int else type(value)
    return [wrong for wrong in (True, 0.5, "wrong", ["wrong"], NONSENSE) if type(wrong) is not kind]


def broken(obj: Json, path: Path, change: Callable[[Any, Any], object]) -> Json:
    """The object with a change made to what holds the key that `path` leads to."""
    copied = copy.deepcopy(obj)
    change(value_at(copied, path[:-1]), path[-1])
    return copied


def test_the_presence_data_is_of_the_pinned_sdks_api_version() -> None:
    assert PRESENCE["api_version"] == stripe.api_version == "2026-10-28.endive"


def test_every_kind_of_object_is_mutated_in_hundreds_of_ways() -> None:
    assert len({obj["object"] for obj, _ in specimens()}) >= 28
    assert len(specimens()) > 1500


def test_any_key_that_is_renamed_is_noticed() -> None:
    def rename(holder: Json, key: str) -> None:
        holder[f"{key}_renamed"] = holder.pop(key)

    for obj, path in specimens():
        assert check(broken(obj, path, rename)), (obj["object"], path)


def test_any_key_that_is_made_up_is_noticed() -> None:
    def add(holder: Json, _: str) -> None:
        holder["made_up"] = 1

    for obj, path in specimens():
        assert check(broken(obj, path, add)), (obj["object"], path)


def test_any_value_of_another_type_is_noticed() -> None:
    def put(holder: Json, key: str, value: Any) -> None:
        holder[key] = value

    for obj, path in specimens():
        for wrong in wrong_values(value_at(obj, path)):
            mutant = broken(obj, path, partial(put, value=wrong))
            assert check(mutant), (obj["object"], path, wrong)


def test_a_key_that_is_dropped_is_noticed_wherever_stripe_always_sends_it() -> None:
    for obj, path in specimens():
        noticed = check(broken(obj, path, lambda holder, key: holder.pop(key)))
        key = ".".join(part for part in path if isinstance(part, str))
        assert noticed or key in MAY_BE_ABSENT, (obj["object"], key)


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
    found = check({**sample(kind), **change})
    assert [each.kind for each in found] == [problem]


def test_an_events_object_is_checked_by_its_own_class() -> None:
    event = copy.deepcopy(sample("event"))
    del event["data"]["object"]["id"]
    assert [problem.path for problem in check(event)] == ["$.data.object.id"]


def test_lists_are_checked_with_all_that_is_in_them() -> None:
    page = {"object": "list", "data": [sample("price")], "has_more": False, "url": "/v1/prices"}
    assert check(page) == []
    assert check({**page, "data": [{**sample("price"), "id": 1}]})
    assert check({**page, "total": 1})
    assert check({key: value for key, value in page.items() if key != "has_more"})
