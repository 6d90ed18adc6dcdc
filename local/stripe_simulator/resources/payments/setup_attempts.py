"""Setup attempts: each try of a setup intent to set a payment method up, and how it went."""

from __future__ import annotations

from local.stripe_simulator.pagination import LIST, page
from local.stripe_simulator.params import Params, required, text
from local.stripe_simulator.resources.payments import method_details
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World


def record(
    world: World, intent: Json, method: Json, status: str, error: Json | None = None
) -> Json:
    """Note how a try goes: the one that waits for the customer, or a new one; the intent after."""
    latest = world.store.find(intent["latest_attempt"] or "")
    if latest is not None and latest["status"] == "requires_action":
        attempt = latest
        secured = status == "succeeded"
    else:
        attempt = world.store.insert(_new(world, intent, method))
        secured = False
    details = method_details.of_setup(method, authenticated=secured)
    world.store.update(attempt, payment_method_details=details, setup_error=error, status=status)
    return world.store.update(intent, latest_attempt=attempt["id"])


def _new(world: World, intent: Json, method: Json) -> Json:
    return {
        "id": world.new_id("setatt_1", 23),
        "object": "setup_attempt",
        "application": None,
        "created": world.now(),
        "customer": intent["customer"],
        "customer_account": None,
        "flow_directions": None,
        "livemode": False,
        "on_behalf_of": None,
        "payment_method": method["id"],
        "setup_intent": intent["id"],
        "usage": intent["usage"],
    }


def listing(world: World, params: Params) -> Json:
    intent = world.store.get("setup_intent", params["setup_intent"], "setup_intent")
    found = world.store.newest_first("setup_attempt", setup_intent=intent["id"])
    return page(found, params, "/v1/setup_attempts")


ROUTES = (Route("GET", "/v1/setup_attempts", listing, {**LIST, "setup_intent": required(text())}),)
