"""Events: what happened, for 30 days."""

from __future__ import annotations

from local.stripe_simulator.errors import no_such
from local.stripe_simulator.events import RETENTION_SECONDS, matches
from local.stripe_simulator.pagination import LIST, page
from local.stripe_simulator.params import Params, boolean, list_of, text
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World


def retrieve(world: World, _params: Params, event_id: str) -> Json:
    event = world.store.get("event", event_id)
    if event["created"] < world.now() - RETENTION_SECONDS:
        raise no_such("event", event_id)
    return event


def listing(world: World, params: Params) -> Json:
    patterns = params.get("types") or [params.get("type") or "*"]
    oldest = world.now() - RETENTION_SECONDS
    found = (
        event
        for event in world.store.newest_first("event")
        if event["created"] >= oldest
        and matches(event["type"], patterns)
        and params.get("delivery_success") in (None, event["pending_webhooks"] == 0)
    )
    return page(found, params, "/v1/events")


ROUTES = (
    Route(
        "GET",
        "/v1/events",
        listing,
        {
            **LIST,
            "type": text(),
            "types": list_of(text(), maximum=20),
            "delivery_success": boolean,
        },
    ),
    Route("GET", "/v1/events/{}", retrieve, {}),
)
