"""Prices: an amount of a product, once or per interval. The amount never changes."""

from __future__ import annotations

from decimal import Decimal

from local.stripe_simulator.errors import invalid, not_simulated
from local.stripe_simulator.money import currency
from local.stripe_simulator.pagination import LIST, page
from local.stripe_simulator.params import (
    Params,
    Spec,
    boolean,
    decimal,
    hash_of,
    integer,
    list_of,
    merged,
    metadata,
    one_of,
    required,
    text,
    unsupported,
)
from local.stripe_simulator.resources.catalogue import products
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

MAX_AMOUNT = 99_999_999
INTERVAL = one_of("day", "week", "month", "year")
RECURRING = hash_of(
    {
        "interval": required(INTERVAL),
        "interval_count": integer(1, 1095),
        "usage_type": one_of("licensed"),
    }
)
AMOUNT: Spec = {
    "currency": required(currency),
    "unit_amount": integer(0, MAX_AMOUNT),
    "unit_amount_decimal": decimal,
    "recurring": RECURRING,
    "tax_behavior": one_of("exclusive", "inclusive", "unspecified"),
    "billing_scheme": one_of("per_unit"),
    "metadata": metadata,
}
CREATE: Spec = {
    **AMOUNT,
    "product": text(),
    "product_data": hash_of(
        {
            "id": text(),
            "name": required(text()),
            "active": boolean,
            "metadata": metadata,
            "statement_descriptor": text(22),
            "tax_code": text(),
            "unit_label": text(12),
        }
    ),
    "active": boolean,
    "lookup_key": text(200),
    "transfer_lookup_key": boolean,
    "nickname": text(),
    "tiers": unsupported("tiered prices"),
    "transform_quantity": unsupported("transformed quantities"),
    "currency_options": unsupported("prices in several currencies"),
}
UPDATE: Spec = {
    "active": boolean,
    "metadata": metadata,
    "nickname": text(),
    "lookup_key": text(200),
    "transfer_lookup_key": boolean,
    "tax_behavior": AMOUNT["tax_behavior"],
}
FILTERS: Spec = {
    "active": boolean,
    "currency": currency,
    "product": text(),
    "type": one_of("one_time", "recurring"),
    "lookup_keys": list_of(text(), maximum=10),
    "recurring": hash_of({"interval": INTERVAL, "usage_type": one_of("licensed", "metered")}),
}


def create(world: World, params: Params) -> Json:
    """Create a price, and its product where that is described rather than named."""
    if ("product" in params) == ("product_data" in params):
        raise invalid("You must specify either `product` or `product_data`.", "product")
    _claim_lookup_key(world, params)
    if "product_data" in params:
        product = products.create(world, params["product_data"])
    else:
        product = world.store.get("product", params["product"], "product")
    recurring = params.get("recurring")
    unit_amount = _unit_amount(params)
    price = world.store.insert(
        {
            "id": world.new_id("price_1", 23),
            "object": "price",
            "active": params.get("active", True),
            "billing_scheme": "per_unit",
            "created": world.now(),
            "currency": params["currency"],
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": params.get("lookup_key"),
            "metadata": merged({}, params.get("metadata")),
            "nickname": params.get("nickname"),
            "product": product["id"],
            "recurring": recurring
            and {
                "interval": recurring["interval"],
                "interval_count": recurring.get("interval_count", 1),
                "meter": None,
                "trial_period_days": None,
                "usage_type": "licensed",
            },
            "tax_behavior": params.get("tax_behavior", "unspecified"),
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "recurring" if recurring else "one_time",
            "unit_amount": unit_amount,
            "unit_amount_decimal": str(unit_amount),
        }
    )
    world.emit("price.created", price)
    return price


def _unit_amount(params: Params) -> int:
    """The amount in minor units; fractions of one are not simulated."""
    exact = Decimal(params.get("unit_amount_decimal") or params.get("unit_amount", -1))
    if exact < 0:
        raise invalid("Missing required param: unit_amount.", "unit_amount", "parameter_missing")
    if exact > MAX_AMOUNT:
        raise invalid(f"Invalid decimal: must be at most {MAX_AMOUNT}.", "unit_amount_decimal")
    if exact != int(exact):
        raise not_simulated("fractions of a minor unit", "unit_amount_decimal")
    return int(exact)


def _claim_lookup_key(world: World, params: Params) -> None:
    """Make sure that the lookup key is free: taken over if asked for, refused otherwise."""
    key = params.get("lookup_key")
    holder = next(world.store.newest_first("price", lookup_key=key), None) if key else None
    if holder is None:
        return
    if not params.get("transfer_lookup_key"):
        raise invalid(
            f"A price (`{holder['id']}`) already uses that lookup key.",
            "lookup_key",
            "resource_already_exists",
        )
    released = world.store.update(holder, lookup_key=None)
    world.emit("price.updated", released, holder)


def retrieve(world: World, _params: Params, price_id: str) -> Json:
    return world.store.get("price", price_id)


def update(world: World, params: Params, price_id: str) -> Json:
    before = world.store.get("price", price_id)
    if params.get("lookup_key") != before["lookup_key"]:
        _claim_lookup_key(world, params)
    changes = {name: value for name, value in params.items() if name != "transfer_lookup_key"}
    if "metadata" in params:
        changes["metadata"] = merged(before["metadata"], params["metadata"])
    price = world.store.update(before, **changes)
    world.emit("price.updated", price, before)
    return price


def listing(world: World, params: Params) -> Json:
    found = (price for price in world.store.newest_first("price") if _matches(price, params))
    return page(found, params, "/v1/prices")


def _matches(price: Json, params: Params) -> bool:
    same = all(
        params[name] == price[name]
        for name in ("active", "currency", "product", "type")
        if name in params
    )
    recurring = price["recurring"] or {}
    return (
        same
        and ("lookup_keys" not in params or price["lookup_key"] in params["lookup_keys"])
        and all(recurring.get(k) == v for k, v in params.get("recurring", {}).items())
    )


def plan(price: Json) -> Json:
    """The price as the older `plan` object, which subscription items still carry."""
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": price["billing_scheme"],
        "created": price["created"],
        "currency": price["currency"],
        "interval": price["recurring"]["interval"],
        "interval_count": price["recurring"]["interval_count"],
        "livemode": False,
        "metadata": price["metadata"],
        "meter": None,
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


ROUTES = (
    Route("POST", "/v1/prices", create, CREATE),
    Route("GET", "/v1/prices", listing, {**LIST, **FILTERS}),
    Route("GET", "/v1/prices/{}", retrieve, {}),
    Route("POST", "/v1/prices/{}", update, UPDATE),
)
