"""What an update does to a subscription's items: changed, added, removed, by their parameters."""

from __future__ import annotations

from dataclasses import dataclass

from local.stripe_simulator.errors import invalid, no_such
from local.stripe_simulator.params import Params, merged
from local.stripe_simulator.resources.catalogue import discounts, prices
from local.stripe_simulator.resources.subscriptions import subscription_items
from local.stripe_simulator.resources.subscriptions.subscription_billing import price_of
from local.stripe_simulator.resources.subscriptions.subscription_params import MOST_ITEMS
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

NOWHERE = (0, 0)  # the period of an item that has none yet


@dataclass(frozen=True)
class Items:
    """Items after a change: `kept` are new versions, or the same ones; `added` have no period."""

    kept: tuple[Json, ...]
    added: tuple[Json, ...] = ()
    removed: tuple[Json, ...] = ()

    @property
    def all(self) -> tuple[Json, ...]:
        return self.kept + self.added


def changed(world: World, subscription: Json, given: list[Params] | None) -> Items:
    """The items of a subscription after `items` of an update; nothing is stored yet."""
    former = {item["id"]: item for item in subscription["items"]["data"]}
    added: list[Json] = []
    removed: list[Json] = []
    for index, params in enumerate(given or ()):
        where = f"items[{index}]"
        if "id" not in params:
            added.append(new(world, subscription, params, where))
            continue
        item = former.get(params["id"])
        if item is None:
            raise no_such("subscription_item", params["id"], f"{where}[id]")
        if params.get("deleted"):
            removed.append(former.pop(item["id"]))
        else:
            former[item["id"]] = _version(world, subscription, item, params, where)
    items = Items(tuple(former.values()), tuple(added), tuple(removed))
    check(subscription, items.all)
    return items


def new(world: World, subscription: Json, params: Params, where: str) -> Json:
    """An item of a price that the subscription doesn't have yet."""
    price = price_of(world, params, subscription["currency"], where, recurring=True)
    item = subscription_items.blank(world, subscription["id"], price, params, NOWHERE)
    if "quantity" in params:
        _check_quantity(item, where)
    return {**item, "discounts": _discounts(world, subscription, item, params)}


def _version(world: World, subscription: Json, item: Json, params: Params, where: str) -> Json:
    """An item with another price, quantity, discounts, tax rates or metadata.

    A new price sets the quantity back to 1 unless that is given ("Change the price of existing
    subscriptions").
    """
    changes: Json = {}
    if "price" in params or "price_data" in params:
        price = price_of(world, params, subscription["currency"], where, recurring=True)
        changes.update(price=price, plan=prices.plan(price))
        if price["id"] != item["price"]["id"]:
            changes["quantity"] = 1
    if "quantity" in params:
        changes["quantity"] = params["quantity"]
    if "metadata" in params:
        changes["metadata"] = merged(item["metadata"], params["metadata"])
    if "tax_rates" in params:
        changes["tax_rates"] = subscription_items.tax_rates(world, params["tax_rates"])
    version = {**item, **changes}
    if subscription_items.is_metered(version):
        if "quantity" in params:
            _check_quantity(version, where)
        version.pop("quantity", None)
    return {**version, "discounts": _discounts(world, subscription, version, params)}


def _check_quantity(item: Json, where: str) -> None:
    if subscription_items.is_metered(item):
        raise invalid("You cannot set the quantity for metered plans.", f"{where}[quantity]")


def _discounts(world: World, subscription: Json, item: Json, params: Params) -> list[str]:
    if "discounts" not in params:
        return list(item["discounts"])
    purchase = discounts.Purchase(
        subscription["customer"],
        subscription["currency"],
        frozenset({item["price"]["product"]}),
    )
    return discounts.replace(
        world, item["discounts"], params["discounts"], purchase, subscription_item=item["id"]
    )


def check(subscription: Json, items: tuple[Json, ...]) -> None:
    """Refuse what Stripe refuses of the items together."""
    if not items:
        raise invalid(
            "A subscription must have at least one active plan. To cancel a subscription, please "
            f"use the cancel API endpoint on subscription `{subscription['id']}`.",
            "items",
        )
    if len(items) > MOST_ITEMS:
        raise invalid(f"A subscription may have at most {MOST_ITEMS} items.", "items")
    _refuse_twice_the_same(items)
    _check_intervals(subscription, items)


def _refuse_twice_the_same(items: tuple[Json, ...]) -> None:
    seen: set[str] = set()
    for item in items:
        price_id = item["price"]["id"]
        if price_id in seen:
            raise invalid(
                f"Cannot add multiple subscription items with the same plan: {price_id}", "items"
            )
        seen.add(price_id)


def _check_intervals(subscription: Json, items: tuple[Json, ...]) -> None:
    """Intervals are multiples of the shortest ("Mixed interval subscriptions"), or all one."""
    spans = {_interval(item) for item in items}
    if len(spans) == 1:
        return
    if subscription["billing_mode"]["type"] == "classic":
        raise invalid(
            "Currently, all plans on a subscription must have the same billing interval. If you "
            "have one plan that is monthly, all must be monthly.",
            "items",
        )
    if not _aligned(spans):
        raise invalid(
            "The intervals of a subscription's prices must be multiples of the shortest one.",
            "items",
        )


def _interval(item: Json) -> tuple[str, int]:
    """An interval in days or in months: ("day", 7) is a week."""
    recurring = item["price"]["recurring"]
    unit, factor = {"day": ("day", 1), "week": ("day", 7), "month": ("month", 1),
                    "year": ("month", 12)}[recurring["interval"]]  # fmt: skip
    return unit, factor * recurring["interval_count"]


def _aligned(spans: set[tuple[str, int]]) -> bool:
    days = sorted(count for unit, count in spans if unit == "day")
    months = sorted(count for unit, count in spans if unit == "month")
    if days and months and days != [1]:
        return False
    return all(count % group[0] == 0 for group in (days, months) for count in group if group)
