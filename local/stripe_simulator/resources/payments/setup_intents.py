"""Setup intents: putting a card on file without charging it."""

from __future__ import annotations

from local.stripe_simulator.errors import declined
from local.stripe_simulator.pagination import LIST, page
from local.stripe_simulator.params import (
    Params,
    Spec,
    boolean,
    hash_of,
    merged,
    metadata,
    one_of,
    text,
)
from local.stripe_simulator.resources.payments import intents, payment_methods
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

FIELDS: Spec = {
    "customer": text(),
    "description": text(),
    "metadata": metadata,
    "payment_method": text(),
}
CREATE: Spec = {
    **FIELDS,
    "confirm": boolean,
    "return_url": text(),
    "usage": one_of("off_session", "on_session"),
    "automatic_payment_methods": hash_of(
        {"enabled": boolean, "allow_redirects": one_of("always", "never")}
    ),
}
KIND = "setup_intent"


def new(world: World, params: Params) -> Json:
    """Create a setup intent, and say so."""
    intent_id = world.new_id("seti_1", 23)
    intent = world.store.insert(
        {
            "id": intent_id,
            "object": "setup_intent",
            "allowed_payment_method_types": None,
            "application": None,
            "automatic_payment_methods": params.get("automatic_payment_methods"),
            "cancellation_reason": None,
            "client_secret": f"{intent_id}_secret_{world.token(25)}",
            "created": world.now(),
            "customer": params.get("customer"),
            "customer_account": None,
            "description": params.get("description"),
            "excluded_payment_method_types": None,
            "flow_directions": None,
            "last_setup_error": None,
            "latest_attempt": None,
            "livemode": False,
            "managed_payments": None,
            "mandate": None,
            "metadata": merged({}, params.get("metadata")),
            "next_action": None,
            "on_behalf_of": None,
            "payment_method": None,
            "payment_method_configuration_details": None,
            "payment_method_options": {
                "card": {
                    "mandate_options": None,
                    "network": None,
                    "request_three_d_secure": "automatic",
                }
            },
            "payment_method_types": ["card"],
            "single_use_mandate": None,
            "status": "requires_payment_method",
            "usage": params.get("usage", "off_session"),
        }
    )
    world.emit("setup_intent.created", intent)
    return intent


def succeed(world: World, intent: Json, method: Json) -> Json:
    """Set the card up; attaching it is the caller's part."""
    intent = world.store.update(
        intent, status="succeeded", payment_method=method["id"], last_setup_error=None
    )
    world.emit("setup_intent.succeeded", intent)
    return intent


def create(world: World, params: Params) -> Json:
    if params.get("customer"):
        world.store.get("customer", params["customer"], "customer")
    intent = intents.prepare(world, new(world, params), params)
    return _confirm(world, intent) if params.get("confirm") else intent


def retrieve(world: World, _params: Params, intent_id: str) -> Json:
    return world.store.get("setup_intent", intent_id)


def update(world: World, params: Params, intent_id: str) -> Json:
    return intents.change(world, KIND, params, intent_id)


def confirm(world: World, params: Params, intent_id: str) -> Json:
    intent = intents.find(world, KIND, intent_id, "confirm")
    return _confirm(world, intents.prepare(world, intent, params))


def cancel(world: World, params: Params, intent_id: str) -> Json:
    intent = intents.find(world, KIND, intent_id, "cancel")
    intent = world.store.update(
        intent, status="canceled", cancellation_reason=params.get("cancellation_reason")
    )
    world.emit("setup_intent.canceled", intent)
    return intent


def _confirm(world: World, intent: Json) -> Json:
    method = intents.method_of(world, intent)
    refusal = world.cards[method["id"]].on_attach
    if refusal is not None:
        error = declined(refusal, payment_method=method)
        intent = world.store.update(
            intent,
            last_setup_error=error.error,
            payment_method=None,
            status="requires_payment_method",
        )
        world.emit("setup_intent.setup_failed", intent)
        raise declined(refusal, payment_method=method, setup_intent=intent)
    customer_id = intent["customer"]
    if customer_id is not None and method["customer"] != customer_id:
        payment_methods.check_attachable(world, method)
        method = payment_methods.attach_to(world, method, customer_id)
    return succeed(world, intent, method)


def listing(world: World, params: Params) -> Json:
    found = (
        intent
        for intent in world.store.newest_first("setup_intent")
        if params.get("customer") in (None, intent["customer"])
        and params.get("payment_method") in (None, intent["payment_method"])
    )
    return page(found, params, "/v1/setup_intents")


ROUTES = (
    Route("POST", "/v1/setup_intents", create, CREATE),
    Route(
        "GET",
        "/v1/setup_intents",
        listing,
        {**LIST, "customer": text(), "payment_method": text()},
    ),
    Route("GET", "/v1/setup_intents/{}", retrieve, {"client_secret": text()}),
    Route("POST", "/v1/setup_intents/{}", update, FIELDS),
    Route(
        "POST",
        "/v1/setup_intents/{}/confirm",
        confirm,
        {"payment_method": text(), "return_url": text()},
    ),
    Route(
        "POST",
        "/v1/setup_intents/{}/cancel",
        cancel,
        {"cancellation_reason": one_of("abandoned", "duplicate", "requested_by_customer")},
    ),
)
