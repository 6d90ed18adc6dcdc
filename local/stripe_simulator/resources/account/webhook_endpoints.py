"""Webhook endpoints: where events are posted to; the secret is shown once, on creation.

Guards that an endpoint never gets what it didn't ask for: an event type or an API version that
isn't known is refused, for nothing would ever come of it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from local.stripe_simulator.deliveries import Destination, Secret
from local.stripe_simulator.errors import invalid, not_simulated
from local.stripe_simulator.event_types import EVENT_TYPES
from local.stripe_simulator.events import API_VERSION
from local.stripe_simulator.pagination import PAGE
from local.stripe_simulator.params import (
    Field,
    Params,
    boolean,
    changes_of,
    list_of,
    merged,
    metadata,
    required,
    text,
    url,
)
from local.stripe_simulator.resources import plain
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

VERSION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(\.[a-z]+)?")


def _version(value: Any, path: str) -> str:
    if value == API_VERSION:
        return API_VERSION
    if VERSION.fullmatch(str(value)):
        raise not_simulated(f"events in API version {value}, only in {API_VERSION}", path)
    raise invalid(f"Invalid API version: {value}", path)


def _event_type(value: Any, path: str) -> str:
    if isinstance(value, str) and (value == "*" or value in EVENT_TYPES):
        return str(value)
    raise invalid(f"Invalid {path}: {value} is no type of event", path)


ENABLED_EVENTS = list_of(Field(_event_type), maximum=500)
MOST = 16  # of an account in test mode


def create(world: World, params: Params) -> Json:
    if world.store.counts().get("webhook_endpoint", 0) >= MOST:
        raise invalid(f"You have reached the maximum of {MOST} test webhook endpoints.")
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
        endpoint["id"],
        "webhook",
        endpoint["url"],
        endpoint["enabled_events"],
        (Secret(secret),),
    )
    return {**endpoint, "secret": secret}


def roll_secret(world: World, endpoint_id: str, expires_in: float) -> Json:
    """Give an endpoint another secret; both sign until `expires_in` seconds have passed.

    It is the dashboard's "Roll secret", for which the API has no way;
    the dashboard allows a day at most. The answer alone shows the new secret.
    """
    endpoint = world.store.get("webhook_endpoint", endpoint_id)
    secret = f"whsec_{world.token(32)}"
    until = world.wall() + expires_in
    destination = world.deliveries.destinations[endpoint_id]
    former = (
        replace(each, until=until if each.until is None else min(each.until, until))
        for each in destination.secrets
    )
    world.deliveries.destinations[endpoint_id] = replace(
        destination, secrets=(Secret(secret), *former)
    )
    return {**endpoint, "secret": secret}


def update(world: World, params: Params, endpoint_id: str) -> Json:
    before = world.store.get("webhook_endpoint", endpoint_id)
    changes = changes_of(before, params)
    if "disabled" in changes:
        changes["status"] = "disabled" if changes.pop("disabled") else "enabled"
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


ROUTES = (
    Route(
        "POST",
        "/v1/webhook_endpoints",
        create,
        {
            "url": required(url),
            "enabled_events": required(ENABLED_EVENTS),
            "api_version": Field(_version),
            "description": text(),
            "metadata": metadata,
        },
    ),
    plain.listing("/v1/webhook_endpoints", "webhook_endpoint", PAGE),
    plain.retrieve("/v1/webhook_endpoints/{}", "webhook_endpoint"),
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
