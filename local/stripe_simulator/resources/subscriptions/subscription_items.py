"""Subscription items: one price of a subscription, its quantity and its current period.

An item lives in two places, by its own id and inside its subscription; `replace_in` keeps them
the same.
"""

from __future__ import annotations

from local.stripe_simulator import periods
from local.stripe_simulator.money import formatted
from local.stripe_simulator.pagination import PAGE, page
from local.stripe_simulator.params import Params, merged, required, text
from local.stripe_simulator.resources.catalogue import prices
from local.stripe_simulator.resources.invoices.invoice_drafts import Line
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World


def new(world: World, subscription_id: str, price: Json, given: Params, end: int) -> Json:
    """Store an item whose period runs from now to `end`."""
    return world.store.insert(
        {
            "id": world.new_id("si_", 14),
            "object": "subscription_item",
            "billing_thresholds": None,
            "created": world.now(),
            "current_period_end": end,
            "current_period_start": world.now(),
            "current_trial": None,
            "discounts": [],
            "metadata": merged({}, given.get("metadata")),
            "plan": prices.plan(price),
            "price": price,
            "quantity": given.get("quantity", 1),
            "subscription": subscription_id,
            "tax_rates": [],
        }
    )


def change(world: World, item: Json, price: Json | None, given: Params) -> Json:
    """The item with another price, quantity or metadata."""
    changes: Json = {}
    if price is not None:
        changes.update(price=price, plan=prices.plan(price))
    if "quantity" in given:
        changes["quantity"] = given["quantity"]
    if "metadata" in given:
        changes["metadata"] = merged(item["metadata"], given["metadata"])
    return world.store.update(item, **changes)


def next_period(world: World, item: Json, anchor: int) -> Json:
    start = item["current_period_end"]
    end = periods.next_end(anchor, start, item["price"]["recurring"])
    return world.store.update(item, current_period_start=start, current_period_end=end)


def replace_in(subscription: Json, items: list[Json]) -> Json:
    """The `items` list of a subscription, with these versions."""
    return {**subscription["items"], "data": items}


def amount(item: Json) -> int:
    return int(item["price"]["unit_amount"] * item["quantity"])


def line(world: World, item: Json, *, trial: bool) -> Line:
    """What the item's current period costs; nothing while it is a trial."""
    price = item["price"]
    product = world.store.get("product", price["product"])
    each = formatted(price["unit_amount"], price["currency"])
    interval = price["recurring"]["interval"]
    described = f"{item['quantity']} \u00d7 {product['name']} (at {each} / {interval})"
    return Line(
        amount=0 if trial else amount(item),
        description=f"Trial period for {product['name']}" if trial else described,
        start=item["current_period_start"],
        end=item["current_period_end"],
        currency=price["currency"],
        price=price,
        quantity=item["quantity"],
        discounts=tuple(item["discounts"]),
        tax_rates=tuple(item["tax_rates"]),
        subscription=item["subscription"],
        subscription_item=item["id"],
    )


def retrieve(world: World, _params: Params, item_id: str) -> Json:
    return world.store.get("subscription_item", item_id)


def listing(world: World, params: Params) -> Json:
    subscription = world.store.get("subscription", params["subscription"], "subscription")
    url = f"/v1/subscription_items?subscription={subscription['id']}"
    return page(subscription["items"]["data"], params, url)


ROUTES = (
    Route("GET", "/v1/subscription_items", listing, {**PAGE, "subscription": required(text())}),
    Route("GET", "/v1/subscription_items/{}", retrieve, {}),
)
