"""Webhook endpoints: where events are posted to; the secret is shown once, on creation."""

from __future__ import annotations

from dataclasses import replace

from local.stripe_simulator.deliveries import Destination
from local.stripe_simulator.events import API_VERSION
from local.stripe_simulator.pagination import PAGE, page
from local.stripe_simulator.params import (
    Params,
    boolean,
    list_of,
    merged,
    metadata,
    one_of,
    required,
    text,
    url,
)
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

ENABLED_EVENTS = list_of(text(), maximum=500)


def create(world: World, params: Params) -> Json:
    return add(world, params, f"whsec_{world.token(32)}")


def add(world: World, params: Params, secret: str) -> Json:
    """Store an endpoint whose deliveries are signed with `secret`."""
    endpoint = world.store.insert(
        {
            "id": world.new_id("we_1", 23),
            "object": "webhook_endpoint",
            "api_version": params.get("api_version"),
            "application": None,
            "created": world.now(),
            "description": params.get("description"),
            "enabled_events": params["enabled_events"],
            "livemode": False,
            "metadata": merged({}, params.get("metadata")),
            "status": "enabled",
            "url": params["url"],
        }
    )
    world.deliveries.destinations[endpoint["id"]] = Destination(
        endpoint["id"], "webhook", endpoint["url"], endpoint["enabled_events"], [secret]
    )
    return {**endpoint, "secret": secret}


def retrieve(world: World, _params: Params, endpoint_id: str) -> Json:
    return world.store.get("webhook_endpoint", endpoint_id)


def update(world: World, params: Params, endpoint_id: str) -> Json:
    before = world.store.get("webhook_endpoint", endpoint_id)
    changes = {name: value for name, value in params.items() if name != "disabled"}
    if "metadata" in params:
        changes["metadata"] = merged(before["metadata"], params["metadata"])
    if "disabled" in params:
        changes["status"] = "disabled" if params["disabled"] else "enabled"
    endpoint = world.store.update(before, **changes)
    destinations = world.deliveries.destinations
    destinations[endpoint_id] = replace(
        destinations[endpoint_id],
        url=endpoint["url"],
        enabled_events=endpoint["enabled_events"],
        enabled=endpoint["status"] == "enabled",
    )
    return endpoint


def delete(world: World, _params: Params, endpoint_id: str) -> Json:
    endpoint = world.store.get("webhook_endpoint", endpoint_id)
    del world.deliveries.destinations[endpoint_id]
    return world.store.delete(endpoint)


def listing(world: World, params: Params) -> Json:
    found = world.store.newest_first("webhook_endpoint")
    return page(found, params, "/v1/webhook_endpoints")


ROUTES = (
    Route(
        "POST",
        "/v1/webhook_endpoints",
        create,
        {
            "url": required(url),
            "enabled_events": required(ENABLED_EVENTS),
            "api_version": one_of(API_VERSION),
            "description": text(),
            "metadata": metadata,
        },
    ),
    Route("GET", "/v1/webhook_endpoints", listing, PAGE),
    Route("GET", "/v1/webhook_endpoints/{}", retrieve, {}),
    Route(
        "POST",
        "/v1/webhook_endpoints/{}",
        update,
        {
            "url": url,
            "enabled_events": ENABLED_EVENTS,
            "description": text(),
            "disabled": boolean,
            "metadata": metadata,
        },
    ),
    Route("DELETE", "/v1/webhook_endpoints/{}", delete, {}),
)
