"""Subscriptions: looked up, listed, and all of their routes."""

from __future__ import annotations

from local.stripe_simulator.errors import StripeError
from local.stripe_simulator.pagination import LIST, page
from local.stripe_simulator.params import Params, Spec, one_of, text
from local.stripe_simulator.resources import plain
from local.stripe_simulator.resources.catalogue import discounts
from local.stripe_simulator.resources.subscriptions import subscription_pauses
from local.stripe_simulator.resources.subscriptions.subscription_cancellation import (
    LIVE,
    cancel,
)
from local.stripe_simulator.resources.subscriptions.subscription_creation import create, new
from local.stripe_simulator.resources.subscriptions.subscription_params import (
    CANCEL,
    CREATE,
    UPDATE,
)
from local.stripe_simulator.resources.subscriptions.subscription_trials import (
    end_of as trial_end_of,
)
from local.stripe_simulator.resources.subscriptions.subscription_updates import update
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

__all__ = ["ROUTES", "cancel", "new", "trial_end_of", "update"]

STATUSES = (*LIVE, "canceled", "incomplete_expired")
FILTERS: Spec = {
    **LIST,
    "collection_method": one_of("charge_automatically", "send_invoice"),
    "customer": text(),
    "price": text(),
    "status": one_of(*STATUSES, "all", "ended"),
    "test_clock": text(),
}


def delete_discount(world: World, _params: Params, subscription_id: str) -> Json:
    """End the subscription's discounts; Stripe answers with the one that was applied."""
    before = world.store.get("subscription", subscription_id)
    if not before["discounts"]:
        raise StripeError(
            404,
            f"No active discount for subscription: {subscription_id}",
            code="resource_missing",
        )
    for discount_id in before["discounts"]:
        discounts.end(world, discount_id)
    subscription = world.store.get("subscription", subscription_id)
    world.emit("customer.subscription.updated", subscription, before)
    return {**world.store.get("discount", before["discounts"][0]), "deleted": True}


def listing(world: World, params: Params) -> Json:
    where = {"customer": params["customer"]} if params.get("customer") else {}
    found = (
        subscription
        for subscription in world.store.newest_first("subscription", **where)
        if _has_status(subscription["status"], params.get("status"))
        and _listed(subscription, params)
    )
    return page(found, params, "/v1/subscriptions")


def _has_status(status: str, wanted: str | None) -> bool:
    if wanted is None:
        return status != "canceled"
    if wanted == "ended":
        return status in ("canceled", "incomplete_expired")
    return wanted in ("all", status)


def _listed(subscription: Json, params: Params) -> bool:
    prices = [item["price"]["id"] for item in subscription["items"]["data"]]
    return ("price" not in params or params["price"] in prices) and all(
        params.get(name) in (None, subscription[name])
        for name in ("collection_method", "test_clock")
    )


ROUTES = (
    Route("POST", "/v1/subscriptions", create, CREATE),
    Route("GET", "/v1/subscriptions", listing, FILTERS),
    plain.retrieve("/v1/subscriptions/{}", "subscription"),
    Route("POST", "/v1/subscriptions/{}", update, UPDATE),
    Route("DELETE", "/v1/subscriptions/{}", cancel, CANCEL),
    Route("DELETE", "/v1/subscriptions/{}/discount", delete_discount, {}),
    *subscription_pauses.ROUTES,
)
