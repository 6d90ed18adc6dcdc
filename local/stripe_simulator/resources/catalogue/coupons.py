"""Coupons: how much is taken off, for how long, how often. The terms never change.

What a coupon applies to and what it takes off in other currencies is shown when expanded only
(docs.stripe.com/api/coupons/object).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.money import currency
from local.stripe_simulator.pagination import LIST
from local.stripe_simulator.params import (
    Field,
    Params,
    Spec,
    changes_of,
    decimal,
    hash_of,
    integer,
    list_of,
    merged,
    metadata,
    one_of,
    required,
    text,
    timestamp,
)
from local.stripe_simulator.resources import plain
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

AMOUNT_OFF = integer(1, 99_999_999)
FIVE_YEARS = 5 * 366 * 86400


def by_currency(amount: str) -> Field:
    """A hash of currencies, each with an amount of that name."""
    each = hash_of({amount: required(AMOUNT_OFF)})

    def convert(value: Any, path: str) -> Params:
        if not isinstance(value, dict):
            raise invalid(f"Invalid object: {path}", path)
        return {
            currency.convert(code, f"{path}[{code}]"): each.convert(given, f"{path}[{code}]")
            for code, given in value.items()
        }

    return Field(convert)


CREATE: Spec = {
    "amount_off": AMOUNT_OFF,
    "applies_to": hash_of({"products": list_of(text())}),
    "currency": currency,
    "currency_options": by_currency("amount_off"),
    "duration": one_of("forever", "once", "repeating"),
    "duration_in_months": integer(1, 1200),
    "id": text(),
    "max_redemptions": integer(1),
    "metadata": metadata,
    "name": text(40),
    "percent_off": decimal,
    "redeem_by": timestamp,
}
UPDATE: Spec = {
    "currency_options": CREATE["currency_options"],
    "metadata": metadata,
    "name": CREATE["name"],
}


def create(world: World, params: Params) -> Json:
    _check_terms(world, params)
    coupon_id = params.get("id") or world.token(8)
    if world.store.find(coupon_id) is not None:
        raise invalid("Coupon already exists.", "id", "resource_already_exists")
    percent = params.get("percent_off")
    coupon = world.store.insert(
        {
            "id": coupon_id,
            "object": "coupon",
            "amount_off": params.get("amount_off"),
            "created": world.now(),
            "currency": params.get("currency") if "amount_off" in params else None,
            "duration": params.get("duration", "once"),
            "duration_in_months": params.get("duration_in_months"),
            "livemode": False,
            "max_redemptions": params.get("max_redemptions"),
            "metadata": merged({}, params.get("metadata")),
            "name": params.get("name"),
            "percent_off": None if percent is None else _number(percent),
            "redeem_by": params.get("redeem_by"),
            "times_redeemed": 0,
            "valid": True,
        }
    )
    world.private[coupon_id] = {
        "applies_to": params.get("applies_to"),
        "currency_options": params.get("currency_options", {}),
    }
    if coupon["redeem_by"] is not None:
        world.schedule(coupon["redeem_by"], "coupon.expire", coupon_id)
    world.emit("coupon.created", coupon)
    return coupon


def _number(percent: Decimal) -> int | float:
    """As JSON shows it: 25, 12.5."""
    return int(percent) if percent == int(percent) else float(percent)


def _check_terms(world: World, params: Params) -> None:
    if ("percent_off" in params) == ("amount_off" in params):
        raise invalid("You must pass either `percent_off` or `amount_off`.", "percent_off")
    if "percent_off" in params and not 0 < params["percent_off"] <= 100:
        raise invalid("Invalid percent_off: must be greater than 0 and at most 100.", "percent_off")
    if "amount_off" in params and "currency" not in params:
        raise invalid("You must pass `currency` when passing `amount_off`.", "currency")
    if "currency_options" in params and "amount_off" not in params:
        message = "`currency_options` is only supported for coupons with `amount_off`."
        raise invalid(message, "currency_options")
    repeats = params.get("duration") == "repeating"
    if repeats != ("duration_in_months" in params):
        message = "`duration_in_months` is required if, and only if, `duration` is `repeating`."
        raise invalid(message, "duration_in_months")
    if "redeem_by" in params and not 0 < params["redeem_by"] - world.now() <= FIVE_YEARS:
        message = "`redeem_by` must be in the future, and at most 5 years from now."
        raise invalid(message, "redeem_by")
    for index, product in enumerate(params.get("applies_to", {}).get("products", [])):
        world.store.get("product", product, f"applies_to[products][{index}]")


def terms(world: World, coupon: Json) -> Json:
    """What a coupon takes off: a percentage or amounts by currency, and of which products."""
    private = world.private[coupon["id"]]
    amounts = {code: each["amount_off"] for code, each in private["currency_options"].items()}
    if coupon["currency"] is not None:
        amounts[coupon["currency"]] = coupon["amount_off"]
    return {
        "amounts_off": amounts,
        "duration": coupon["duration"],
        "percent_off": coupon["percent_off"],
        "products": (private["applies_to"] or {}).get("products", []),
    }


def count_redemption(world: World, coupon_id: str) -> None:
    """Note that a coupon was used once more: it may be the last time."""
    before = world.store.get("coupon", coupon_id)
    count, most = before["times_redeemed"] + 1, before["max_redemptions"]
    valid = before["valid"] and (most is None or count < most)
    coupon = world.store.update(before, times_redeemed=count, valid=valid)
    world.emit("coupon.updated", coupon, before)


def expire_due(world: World, coupon_id: str) -> None:
    before = world.store.find(coupon_id)
    if before is not None:
        world.emit("coupon.updated", world.store.update(before, valid=False), before)


def update(world: World, params: Params, coupon_id: str) -> Json:
    before = world.store.get("coupon", coupon_id)
    changes = changes_of(before, params)
    if "currency_options" in changes:
        private = world.private[coupon_id]
        options = {**private["currency_options"], **changes.pop("currency_options")}
        world.private[coupon_id] = {**private, "currency_options": options}
    coupon = world.store.update(before, **changes)
    world.emit("coupon.updated", coupon, before)
    return coupon


def delete(world: World, _params: Params, coupon_id: str) -> Json:
    """Nobody can redeem it any more; discounts that were made of it go on."""
    coupon = world.store.get("coupon", coupon_id)
    stub = world.store.delete(coupon)
    world.emit("coupon.deleted", coupon)
    return stub


def _applies_to(world: World, coupon: Json) -> Json | None:
    applies_to: Json | None = world.private[coupon["id"]]["applies_to"]
    return applies_to


def _currency_options(world: World, coupon: Json) -> Json | None:
    amounts = terms(world, coupon)["amounts_off"]
    return {code: {"amount_off": amount} for code, amount in amounts.items()} or None


ROUTES = (
    Route("POST", "/v1/coupons", create, CREATE),
    plain.listing("/v1/coupons", "coupon", LIST),
    plain.retrieve("/v1/coupons/{}", "coupon"),
    Route("POST", "/v1/coupons/{}", update, UPDATE),
    Route("DELETE", "/v1/coupons/{}", delete, {}),
)
INCLUDABLE = {
    ("coupon", "applies_to"): _applies_to,
    ("coupon", "currency_options"): _currency_options,
}
TIMERS = {"coupon.expire": expire_due}
