"""Events: what happened, for 30 days; and sending one again, as `stripe events resend` asks for."""

from __future__ import annotations

from local.stripe_simulator.deliveries import Destination
from local.stripe_simulator.errors import invalid, no_such
from local.stripe_simulator.events import RETENTION_SECONDS, matches
from local.stripe_simulator.pagination import LIST, page
from local.stripe_simulator.params import Params, boolean, list_of, text, unsupported
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World


def retrieve(world: World, _params: Params, event_id: str) -> Json:
    event = world.store.get("event", event_id)
    if event["created"] < world.now() - RETENTION_SECONDS:
        raise no_such("event", event_id)
    return event


def listing(world: World, params: Params) -> Json:
    if "type" in params and "types" in params:
        raise invalid("You may only specify one of these parameters: type, types.", "types")
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


def retry(world: World, params: Params, event_id: str) -> Json:
    """Send an event again: to the endpoint named, to the CLIs that listen, or to all endpoints.

    The CLI's `events resend` without `--webhook-endpoint` asks for the event to come to the CLI
    itself; the endpoints that want its type stand in for it while none listens.
    """
    event = retrieve(world, {}, event_id)
    endpoint_id = params.get("webhook_endpoint")
    chosen = [_endpoint(world, endpoint_id)] if endpoint_id else _wanting(world, event["type"])
    for destination in chosen:
        world.deliveries.resend(event, destination, world.wall())
    return event


def _endpoint(world: World, endpoint_id: str) -> Destination:
    destination = world.deliveries.destinations.get(endpoint_id)
    if destination is None or destination.type == "cli":
        raise no_such("webhook endpoint", endpoint_id, "webhook_endpoint")
    if destination.type != "webhook":
        message = "Events can't be resent to an EventBridge destination, only to webhook endpoints."
        raise invalid(message, "webhook_endpoint")
    if not destination.enabled:
        raise invalid(f"The webhook endpoint {endpoint_id} is disabled.", "webhook_endpoint")
    return destination


def _wanting(world: World, kind: str) -> list[Destination]:
    wanting = world.deliveries.destinations_for(kind)
    listening = [each for each in wanting if each.type == "cli"]
    return listening or [each for each in wanting if each.type == "webhook"]


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
    Route(
        "POST",
        "/v1/events/{}/retry",
        retry,
        {
            "webhook_endpoint": text(),
            "account": unsupported("connected accounts"),
            "for_stripecli": boolean,
        },
    ),
)
