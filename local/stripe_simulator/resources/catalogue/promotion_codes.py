"""Promotion codes: what customers type to redeem a coupon, and who may, until when, how often.

A code is active while its coupon is valid and it isn't used up itself
(docs.stripe.com/api/promotion_codes/object).
"""

from __future__ import annotations

import re

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.money import currency
from local.stripe_simulator.pagination import LIST, page
from local.stripe_simulator.params import (
    Params,
    Spec,
    boolean,
    changes_of,
    hash_of,
    integer,
    merged,
    metadata,
    one_of,
    required,
    text,
    timestamp,
)
from local.stripe_simulator.resources import plain
from local.stripe_simulator.resources.catalogue.coupons import by_currency
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

CODE = re.compile(r"[A-Za-z0-9-]{1,500}")
CREATE: Spec = {
    "active": boolean,
    "code": text(500),
    "customer": text(),
    "expires_at": timestamp,
    "max_redemptions": integer(1),
    "metadata": metadata,
    "promotion": required(
        hash_of({"coupon": required(text()), "type": required(one_of("coupon"))})
    ),
    "restrictions": hash_of(
        {
            "currency_options": by_currency("minimum_amount"),
            "first_time_transaction": boolean,
            "minimum_amount": integer(1, 99_999_999),
            "minimum_amount_currency": currency,
        }
    ),
}
UPDATE: Spec = {
    "active": boolean,
    "metadata": metadata,
    "restrictions": hash_of({"currency_options": by_currency("minimum_amount")}),
}


def create(world: World, params: Params) -> Json:
    coupon = world.store.get("coupon", params["promotion"]["coupon"], "promotion[coupon]")
    if params.get("customer"):
        world.store.get("customer", params["customer"], "customer")
    _check_limits(world, coupon, params)
    code = params.get("code") or world.token(8).upper()
    _claim(world, code, params.get("customer"))
    given = params.get("restrictions", {})
    promotion_code = world.store.insert(
        {
            "id": world.new_id("promo_1", 23),
            "object": "promotion_code",
            "active": params.get("active", True) and coupon["valid"],
            "code": code,
            "created": world.now(),
            "customer": params.get("customer"),
            "customer_account": None,
            "expires_at": params.get("expires_at"),
            "livemode": False,
            "max_redemptions": params.get("max_redemptions"),
            "metadata": merged({}, params.get("metadata")),
            "promotion": {"coupon": coupon["id"], "type": "coupon"},
            "restrictions": {
                "first_time_transaction": given.get("first_time_transaction", False),
                "minimum_amount": given.get("minimum_amount"),
                "minimum_amount_currency": given.get("minimum_amount_currency"),
            },
            "times_redeemed": 0,
        }
    )
    world.private[promotion_code["id"]] = {"minimums": given.get("currency_options", {})}
    if promotion_code["expires_at"] is not None:
        at = promotion_code["expires_at"]
        world.schedule(at, "promotion_code.expire", promotion_code["id"])
    world.emit("promotion_code.created", promotion_code)
    return promotion_code


def _check_limits(world: World, coupon: Json, params: Params) -> None:
    """A code can't outlast or outnumber its coupon."""
    if params.get("code") and not CODE.fullmatch(params["code"]):
        message = "Invalid code: only letters (a-z, A-Z), digits (0-9) and dashes (-) are allowed."
        raise invalid(message, "code")
    most, expires_at = params.get("max_redemptions"), params.get("expires_at")
    if most and coupon["max_redemptions"] and most > coupon["max_redemptions"]:
        message = "`max_redemptions` cannot be greater than the coupon's `max_redemptions`."
        raise invalid(message, "max_redemptions")
    if expires_at is not None and expires_at <= world.now():
        raise invalid("`expires_at` must be in the future.", "expires_at")
    if expires_at and coupon["redeem_by"] and expires_at > coupon["redeem_by"]:
        raise invalid("`expires_at` cannot be after the coupon's `redeem_by`.", "expires_at")
    restrictions = params.get("restrictions", {})
    if ("minimum_amount" in restrictions) != ("minimum_amount_currency" in restrictions):
        raise invalid(
            "You must pass both `minimum_amount` and `minimum_amount_currency`, or neither.",
            "restrictions[minimum_amount_currency]",
        )


def _claim(world: World, code: str, customer: str | None) -> None:
    """Make sure that the code is unique among the active ones that a customer may use."""
    for other in world.store.newest_first("promotion_code"):
        same = other["code"].lower() == code.lower()
        if same and other["active"] and other["customer"] == customer:
            raise invalid(
                f"An active promotion code with `code: {code}` already exists.",
                "code",
                "resource_already_exists",
            )


def by_code(world: World, code: str, customer: str | None) -> Json | None:
    """The active code that a customer typed, in whatever case: their own before everybody's."""
    found = [
        each
        for each in world.store.newest_first("promotion_code")
        if each["active"]
        and each["code"].lower() == code.lower()
        and each["customer"] in (None, customer)
    ]
    return max(found, key=lambda each: each["customer"] is not None, default=None)


def minimum_in(world: World, promotion_code: Json, code: str) -> int | None:
    """How much must be bought, in that currency; none if nothing is said of it."""
    restrictions = promotion_code["restrictions"]
    if restrictions["minimum_amount_currency"] == code:
        return int(restrictions["minimum_amount"])
    option = world.private[promotion_code["id"]]["minimums"].get(code)
    return int(option["minimum_amount"]) if option else None


def count_redemption(world: World, promotion_code_id: str) -> None:
    """Note that a code was used once more; after the last time it is inactive."""
    before = world.store.get("promotion_code", promotion_code_id)
    count, most = before["times_redeemed"] + 1, before["max_redemptions"]
    active = before["active"] and (most is None or count < most)
    after = world.store.update(before, times_redeemed=count, active=active)
    world.emit("promotion_code.updated", after, before)


def follow_coupon(world: World, coupon: Json) -> None:
    """Codes end with their coupon."""
    if coupon["valid"] and world.store.find(coupon["id"]) is not None:
        return
    for promotion_code in list(world.store.newest_first("promotion_code")):
        if promotion_code["promotion"]["coupon"] == coupon["id"]:
            _deactivate(world, promotion_code)


def expire_due(world: World, promotion_code_id: str) -> None:
    _deactivate(world, world.store.get("promotion_code", promotion_code_id))


def _deactivate(world: World, before: Json) -> None:
    world.emit("promotion_code.updated", world.store.update(before, active=False), before)


def update(world: World, params: Params, promotion_code_id: str) -> Json:
    before = world.store.get("promotion_code", promotion_code_id)
    changes = changes_of(before, params)
    options = changes.pop("restrictions", {}).get("currency_options", {})
    private = world.private[promotion_code_id]
    world.private[promotion_code_id] = {"minimums": {**private["minimums"], **options}}
    if changes.get("active") and not before["active"]:
        _check_reactivable(world, before)
    promotion_code = world.store.update(before, **changes)
    world.emit("promotion_code.updated", promotion_code, before)
    return promotion_code


def _check_reactivable(world: World, promotion_code: Json) -> None:
    coupon = world.store.find(promotion_code["promotion"]["coupon"])
    most, expires_at = promotion_code["max_redemptions"], promotion_code["expires_at"]
    used_up = most is not None and promotion_code["times_redeemed"] >= most
    over = expires_at is not None and expires_at <= world.now()
    if coupon is None or not coupon["valid"] or used_up or over:
        raise invalid("This promotion code can no longer be redeemed.", "active")
    _claim(world, promotion_code["code"], promotion_code["customer"])


def listing(world: World, params: Params) -> Json:
    found = (
        each
        for each in world.store.newest_first("promotion_code")
        if params.get("active") in (None, each["active"])
        and (not params.get("code") or each["code"].lower() == params["code"].lower())
        and params.get("coupon") in (None, each["promotion"]["coupon"])
        and params.get("customer") in (None, each["customer"])
    )
    return page(found, params, "/v1/promotion_codes")


ROUTES = (
    Route("POST", "/v1/promotion_codes", create, CREATE),
    Route(
        "GET",
        "/v1/promotion_codes",
        listing,
        {**LIST, "active": boolean, "code": text(), "coupon": text(), "customer": text()},
    ),
    plain.retrieve("/v1/promotion_codes/{}", "promotion_code"),
    Route("POST", "/v1/promotion_codes/{}", update, UPDATE),
)
REACTIONS = {"coupon.updated": follow_coupon, "coupon.deleted": follow_coupon}
TIMERS = {"promotion_code.expire": expire_due}
