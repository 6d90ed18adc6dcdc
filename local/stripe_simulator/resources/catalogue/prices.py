"""Prices: an amount of a product, once or per interval. The amount never changes.

Tiers and amounts in other currencies are kept apart from the object, for Stripe shows them only
when expanded.
"""

from __future__ import annotations

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.money import currency
from local.stripe_simulator.pagination import LIST, page
from local.stripe_simulator.params import (
    Params,
    Spec,
    boolean,
    changes_of,
    hash_of,
    list_of,
    merged,
    one_of,
    text,
)
from local.stripe_simulator.resources import plain
from local.stripe_simulator.resources.catalogue import (
    price_amounts,
    price_params,
    product_objects,
)
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

AMOUNT, CREATE, UPDATE = price_params.AMOUNT, price_params.CREATE, price_params.UPDATE
FILTERS: Spec = {
    "active": boolean,
    "currency": currency,
    "product": text(),
    "type": one_of("one_time", "recurring"),
    "lookup_keys": list_of(text(), maximum=10),
    "recurring": hash_of(
        {
            "interval": price_params.INTERVAL,
            "meter": text(),
            "usage_type": one_of("licensed", "metered"),
        }
    ),
}


def create(world: World, params: Params) -> Json:
    """Create a price, and its product where that is described rather than named."""
    if ("product" in params) == ("product_data" in params):
        raise invalid("You must specify either `product` or `product_data`.", "product")
    _claim_lookup_key(world, params)
    if "product_data" in params:
        product = product_objects.new(world, params["product_data"])
    else:
        product = world.store.get("product", params["product"], "product")
    recurring = _recurring(world, params.get("recurring"))
    scheme = price_params.scheme(params)
    price = world.store.insert(
        {
            "id": world.new_id("price_1", 23),
            "object": "price",
            "active": params.get("active", True),
            "created": world.now(),
            "currency": params["currency"],
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": params.get("lookup_key"),
            "metadata": merged({}, params.get("metadata")),
            "nickname": params.get("nickname"),
            "product": product["id"],
            "recurring": recurring,
            "tax_behavior": params.get("tax_behavior", "unspecified"),
            "type": "recurring" if recurring else "one_time",
            **scheme,
        }
    )
    hidden: Json = {}
    if "tiers" in params:
        hidden["tiers"] = price_params.tiers(params["tiers"])
    if params.get("currency_options"):
        given = params["currency_options"]
        options = price_params.currency_options(given, scheme["billing_scheme"])
        hidden["currency_options"] = options
    if hidden:
        world.private[price["id"]] = hidden
    world.emit("price.created", price)
    return price


def _recurring(world: World, given: Params | None) -> Json | None:
    if given is None:
        return None
    usage, meter = given.get("usage_type", "licensed"), given.get("meter")
    if usage == "metered" and not meter:
        raise invalid(
            "Prices with `recurring[usage_type]=metered` must be backed by a meter. Pass the ID "
            "of a meter.",
            "recurring[meter]",
            "parameter_missing",
        )
    if meter:
        if usage != "metered":
            message = "`recurring[meter]` may only be set with `recurring[usage_type]=metered`."
            raise invalid(message, "recurring[meter]")
        if world.store.get("billing.meter", meter, "recurring[meter]")["status"] != "active":
            raise invalid(f"The meter `{meter}` is inactive.", "recurring[meter]")
    return {
        "interval": given["interval"],
        "interval_count": given.get("interval_count", 1),
        "meter": meter,
        "trial_period_days": None,
        "usage_type": usage,
    }


def amounts(world: World, price: Json, code: str | None = None, param: str = "currency") -> Json:
    """All that says what a price costs, in its own currency or in one of its options."""
    hidden = world.private.get(price["id"], {})
    own = {**price, "tiers": hidden.get("tiers")}
    if code in (None, price["currency"]):
        return own
    option = hidden.get("currency_options", {}).get(code)
    if option is None:
        raise invalid(
            f"The price specified only supports `{price['currency']}`. This doesn't match the "
            f"expected currency: `{code}`.",
            param,
        )
    return {**own, **option, "currency": code}


def currency_for(world: World, price: Json, wanted: str | None) -> str:
    """The currency to sell a price in: the one that is wanted if it is offered, or its own."""
    options = world.private.get(price["id"], {}).get("currency_options", {})
    return wanted if wanted in options and wanted is not None else str(price["currency"])


def cost(world: World, price: Json, quantity: int, code: str | None = None) -> int:
    """What `quantity` of a price costs, in minor units of its currency (or of option `code`)."""
    return price_amounts.cost(amounts(world, price, code), quantity)


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


def update(world: World, params: Params, price_id: str) -> Json:
    before = world.store.get("price", price_id)
    if params.get("lookup_key") != before["lookup_key"]:
        _claim_lookup_key(world, params)
    if params.get("active") is False:
        _refuse_if_default(world, before)
    changes = changes_of(before, params)
    changes.pop("transfer_lookup_key", None)
    if "currency_options" in changes:
        _set_options(world, before, changes.pop("currency_options"))
    price = world.store.update(before, **changes)
    world.emit("price.updated", price, before)
    return price


def _refuse_if_default(world: World, price: Json) -> None:
    product = world.store.get("product", price["product"])
    if product["default_price"] == price["id"]:
        raise invalid(
            "This price cannot be archived because it is the default price of its product.",
            "active",
        )


def _set_options(world: World, price: Json, given: Params | None) -> None:
    """Add or change amounts in other currencies; nothing removes them all."""
    hidden = world.private.get(price["id"], {})
    former = hidden.get("currency_options", {}) if given else {}
    options = price_params.currency_options(given or {}, price["billing_scheme"])
    world.private[price["id"]] = {**hidden, "currency_options": {**former, **options}}


def _tiers(world: World, price: Json) -> list[Json] | None:
    tiers: list[Json] | None = amounts(world, price)["tiers"]
    return tiers


def _currency_options(world: World, price: Json) -> Json:
    """The amounts by currency, the price's own among them."""
    names = ("custom_unit_amount", "tax_behavior", "unit_amount", "unit_amount_decimal")
    own = {name: price[name] for name in names}
    hidden = world.private.get(price["id"], {})
    if hidden.get("tiers"):
        own["tiers"] = hidden["tiers"]
    return {price["currency"]: own, **hidden.get("currency_options", {})}


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
    recurring = price["recurring"]
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": price["billing_scheme"],
        "created": price["created"],
        "currency": price["currency"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "livemode": False,
        "metadata": price["metadata"],
        "meter": recurring["meter"],
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": price["tiers_mode"],
        "transform_usage": price["transform_quantity"],
        "trial_period_days": None,
        "usage_type": recurring["usage_type"],
    }


ROUTES = (
    Route("POST", "/v1/prices", create, CREATE),
    Route("GET", "/v1/prices", listing, {**LIST, **FILTERS}),
    plain.retrieve("/v1/prices/{}", "price"),
    Route("POST", "/v1/prices/{}", update, UPDATE),
)
INCLUDABLE = {("price", "tiers"): _tiers, ("price", "currency_options"): _currency_options}
