"""Setup intents: putting a card on file without charging it."""

from __future__ import annotations

from local.stripe_simulator.errors import declined
from local.stripe_simulator.pagination import LIST
from local.stripe_simulator.params import (
    Params,
    Spec,
    boolean,
    merged,
    one_of,
    text,
    unsupported,
)
from local.stripe_simulator.resources import plain
from local.stripe_simulator.resources.payments import intents, payment_methods, setup_attempts
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

KIND = "setup_intent"
REASONS = ("abandoned", "duplicate", "requested_by_customer")
FIELDS: Spec = {
    **intents.SHARED,
    "attach_to_self": unsupported("Connect"),
    "flow_directions": unsupported("outbound payments"),
}
CREATE: Spec = {
    **FIELDS,
    **intents.CONFIRM,
    "automatic_payment_methods": intents.AUTOMATIC,
    "confirm": boolean,
    "on_behalf_of": unsupported("Connect"),
    "payment_method_types": intents.FORMER_TYPES,
    "single_use": unsupported("single-use mandates"),
    "usage": one_of("off_session", "on_session"),
}


def new(world: World, params: Params) -> Json:
    """Create a setup intent, and say so."""
    intent_id = world.new_id("seti_1", 23)
    intent = world.store.insert(
        {
            "id": intent_id,
            "object": "setup_intent",
            "allowed_payment_method_types": params.get("allowed_payment_method_types"),
            "application": None,
            "automatic_payment_methods": params.get("automatic_payment_methods"),
            "cancellation_reason": None,
            "client_secret": f"{intent_id}_secret_{world.token(25)}",
            "created": world.now(),
            "customer": params.get("customer"),
            "customer_account": None,
            "description": params.get("description"),
            "excluded_payment_method_types": params.get("excluded_payment_method_types"),
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
            "payment_method_types": intents.types_for(params, None),
            "single_use_mandate": None,
            "status": "requires_payment_method",
            "usage": params.get("usage", "off_session"),
        }
    )
    world.emit("setup_intent.created", intent)
    return intent


def succeed(world: World, intent: Json, method: Json) -> Json:
    """Set the method up for use off-session; attaching it is the caller's part."""
    payment_methods.save(world, method, None)
    intent = setup_attempts.record(world, intent, method, "succeeded")
    intent = world.store.update(
        intent,
        last_setup_error=None,
        next_action=None,
        payment_method=method["id"],
        status="succeeded",
    )
    world.emit("setup_intent.succeeded", intent)
    return intent


def create(world: World, params: Params) -> Json:
    if params.get("customer"):
        world.store.get("customer", params["customer"], "customer")
    intent = new(world, intents.offered(params))
    intent = intents.prepare(world, intent, params)
    return _confirm(world, intent, params) if params.get("confirm") else intent


def update(world: World, params: Params, intent_id: str) -> Json:
    return intents.change(world, KIND, params, intent_id)


def confirm(world: World, params: Params, intent_id: str) -> Json:
    intent = intents.find(world, KIND, intent_id, "confirm")
    return _confirm(world, intents.prepare(world, intent, params), params)


def cancel(world: World, params: Params, intent_id: str) -> Json:
    intent = intents.find(world, KIND, intent_id, "cancel")
    intent = world.store.update(
        intent,
        cancellation_reason=params.get("cancellation_reason"),
        next_action=None,
        status="canceled",
    )
    world.emit("setup_intent.canceled", intent)
    return intent


def _confirm(world: World, intent: Json, params: Params) -> Json:
    method = intents.method_of(world, intent)
    refusal = world.cards[method["id"]].on_attach
    if refusal is not None:
        intent = _fail(world, intent, method, declined(refusal, payment_method=method).error)
        raise declined(refusal, payment_method=method, setup_intent=intent)
    if intent["customer"] is not None and method["customer"] != intent["customer"]:
        payment_methods.check_attachable(world, method)
    if world.cards[method["id"]].authentication != "never":
        return _require_action(world, intent, method, params.get("return_url"))
    return _put_on_file(world, intent, method)


def _require_action(world: World, intent: Json, method: Json, return_url: str | None) -> Json:
    """Wait for the customer to authenticate; `authentication.answer` goes on from there."""
    intent = setup_attempts.record(world, intent, method, "requires_action")
    next_action = intents.next_action(world, intent, return_url)
    intent = world.store.update(intent, next_action=next_action, status="requires_action")
    world.emit("setup_intent.requires_action", intent)
    return intent


def authenticated(world: World, intent: Json, method: Json, *, succeeded: bool) -> Json:
    """Go on after the customer authenticated, or failed to."""
    if succeeded:
        return _put_on_file(world, intent, method)
    return _fail(world, intent, method, intents.authentication_failure(intent, method))


def _put_on_file(world: World, intent: Json, method: Json) -> Json:
    if intent["customer"] is not None:
        method = payment_methods.attach_to(world, method, intent["customer"])
    return succeed(world, intent, method)


def _fail(world: World, intent: Json, method: Json, error: Json) -> Json:
    intent = setup_attempts.record(world, intent, method, "failed", error)
    intent = world.store.update(
        intent,
        last_setup_error=error,
        next_action=None,
        payment_method=None,
        status="requires_payment_method",
    )
    world.emit("setup_intent.setup_failed", intent)
    return intent


ROUTES = (
    Route("POST", "/v1/setup_intents", create, CREATE),
    plain.listing(
        "/v1/setup_intents",
        "setup_intent",
        {**LIST, "customer": text(), "payment_method": text()},
    ),
    plain.retrieve("/v1/setup_intents/{}", "setup_intent", {"client_secret": text()}),
    Route("POST", "/v1/setup_intents/{}", update, FIELDS),
    Route(
        "POST",
        "/v1/setup_intents/{}/confirm",
        confirm,
        intents.CONFIRM,
    ),
    Route(
        "POST",
        "/v1/setup_intents/{}/cancel",
        cancel,
        {"cancellation_reason": one_of(*REASONS)},
    ),
)
