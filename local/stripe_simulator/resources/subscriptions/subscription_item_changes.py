"""Subscription items through the API: each change is an update of their subscription."""

from __future__ import annotations

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.pagination import PAGE, page
from local.stripe_simulator.params import Params, required, text
from local.stripe_simulator.resources import plain
from local.stripe_simulator.resources.subscriptions.subscription_params import (
    ITEM,
    ITEM_CREATE,
    ITEM_DELETE,
    ITEM_UPDATE,
)
from local.stripe_simulator.resources.subscriptions.subscription_updates import update
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World


def create(world: World, params: Params) -> Json:
    subscription = world.store.get("subscription", params["subscription"], "subscription")
    known = {item["id"] for item in subscription["items"]["data"]}
    changed = _update(world, params, subscription["id"], {})
    items = (changed["pending_update"] or {}).get("subscription_items") or changed["items"]["data"]
    added: Json = next(item for item in items if item["id"] not in known)
    return added


def change(world: World, params: Params, item_id: str) -> Json:
    item = world.store.get("subscription_item", item_id)
    _update(world, params, item["subscription"], {"id": item_id})
    return world.store.get("subscription_item", item_id)


def delete(world: World, params: Params, item_id: str) -> Json:
    item = world.store.get("subscription_item", item_id)
    _update(world, params, item["subscription"], {"id": item_id, "deleted": True})
    return {"id": item_id, "object": "subscription_item", "deleted": True}


def _update(world: World, params: Params, subscription_id: str, item: Params) -> Json:
    """Update the subscription with the one item that these parameters describe."""
    of_item = (*ITEM, "clear_usage")
    described = {**item, **{name: params[name] for name in params if name in of_item}}
    if "id" not in item and not {"price", "price_data"} & described.keys():
        raise invalid("Missing required param: price.", "price", "parameter_missing")
    others = {
        name: value
        for name, value in params.items()
        if name not in of_item and name != "subscription"
    }
    return update(world, {**others, "items": [described]}, subscription_id)


def listing(world: World, params: Params) -> Json:
    subscription = world.store.get("subscription", params["subscription"], "subscription")
    url = f"/v1/subscription_items?subscription={subscription['id']}"
    return page(subscription["items"]["data"], params, url)


ROUTES = (
    Route("POST", "/v1/subscription_items", create, ITEM_CREATE),
    Route("GET", "/v1/subscription_items", listing, {**PAGE, "subscription": required(text())}),
    plain.retrieve("/v1/subscription_items/{}", "subscription_item"),
    Route("POST", "/v1/subscription_items/{}", change, ITEM_UPDATE),
    Route("DELETE", "/v1/subscription_items/{}", delete, ITEM_DELETE),
)
