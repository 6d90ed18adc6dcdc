"""Settings of subscriptions that bill nothing by themselves, at creation and on updates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.params import Params, merged
from local.stripe_simulator.resources.catalogue import discounts
from local.stripe_simulator.resources.payments import payment_methods
from local.stripe_simulator.resources.subscriptions import subscription_items
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

MERGED = ("cancellation_details", "invoice_settings", "payment_settings")


def changes(world: World, before: Json, params: Params) -> Json:
    """The fields that `params` set, discounts redeemed."""
    fields: Json = {name: {**before[name], **params[name]} for name in MERGED if name in params}
    fields.update(
        {name: read(world, before, params[name]) for name, read in READ.items() if name in params}
    )
    return {**fields, **_collection(before, params)}


def _method(world: World, before: Json, method_id: str | None) -> str | None:
    if not method_id:
        return None
    method = world.store.get("payment_method", method_id, "default_payment_method")
    payment_methods.check_owner(method, before["customer"])
    return method_id


def _tax_rates(world: World, _before: Json, given: list[str] | None) -> list[Json]:
    return subscription_items.tax_rates(world, given)


def automatic_tax(*, enabled: bool) -> Json:
    liability = {"type": "self"} if enabled else None
    return {"disabled_reason": None, "enabled": enabled, "liability": liability}


def trial_settings(given: Params | None) -> Json:
    behavior = (given or {}).get("end_behavior", {})
    return {
        "end_behavior": {
            "billing_cycle_anchor": behavior.get("billing_cycle_anchor"),
            "missing_payment_method": behavior.get("missing_payment_method", "create_invoice"),
        }
    }


def _discounts(world: World, before: Json, given: list[Params] | None) -> list[str]:
    """An empty string clears them, an empty list leaves them ("Update a subscription")."""
    if given == []:
        return list(before["discounts"])
    products = {item["price"]["product"] for item in before["items"]["data"]}
    purchase = discounts.Purchase(before["customer"], before["currency"], frozenset(products))
    return discounts.replace(world, before["discounts"], given, purchase, subscription=before["id"])


def _pause_collection(world: World, before: Json, given: Params | None) -> Json | None:
    if given is None:
        return None
    resumes_at = given.get("resumes_at")
    if resumes_at is not None:
        if resumes_at <= world.now():
            raise invalid(
                "Invalid timestamp: must be an integer Unix timestamp in the future.",
                "pause_collection[resumes_at]",
            )
        world.schedule(resumes_at, "subscription.collect_again", before["id"])
    return {"behavior": given["behavior"], "resumes_at": resumes_at}


def _collection(before: Json, params: Params) -> Json:
    """How invoices are collected; a bill that is sent says when it is due."""
    method = params.get("collection_method", before["collection_method"])
    days = params.get("days_until_due", before["days_until_due"])
    if method == "charge_automatically" and "days_until_due" in params:
        raise invalid(
            "You can only set `days_until_due` if `collection_method` is `send_invoice`.",
            "days_until_due",
        )
    if method == "send_invoice" and days is None:
        raise invalid(
            "You must pass `days_until_due` if `collection_method` is `send_invoice`.",
            "days_until_due",
        )
    if "collection_method" not in params and "days_until_due" not in params:
        return {}
    due = days if method == "send_invoice" else None
    return {"collection_method": method, "days_until_due": due}


READ: dict[str, Callable[[World, Json, Any], Any]] = {
    "automatic_tax": lambda _world, _before, given: automatic_tax(enabled=given["enabled"]),
    "default_payment_method": _method,
    "default_tax_rates": _tax_rates,
    "description": lambda _world, _before, given: given,
    "discounts": _discounts,
    "metadata": lambda _world, before, given: merged(before["metadata"], given),
    "pause_collection": _pause_collection,
    "trial_settings": lambda _world, _before, given: trial_settings(given),
}
