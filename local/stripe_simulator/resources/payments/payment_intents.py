"""Payment intents: an amount to be paid, through as many attempts as it takes."""

from __future__ import annotations

from local.stripe_simulator.cards import Decline
from local.stripe_simulator.errors import declined
from local.stripe_simulator.money import currency
from local.stripe_simulator.pagination import LIST, page
from local.stripe_simulator.params import (
    Params,
    Spec,
    boolean,
    hash_of,
    integer,
    merged,
    metadata,
    one_of,
    required,
    text,
    unsupported,
)
from local.stripe_simulator.resources.payments import charges, intents
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

FIELDS: Spec = {
    "customer": text(),
    "description": text(),
    "metadata": metadata,
    "payment_method": text(),
    "receipt_email": text(),
    "setup_future_usage": one_of("off_session", "on_session"),
}
CONFIRM: Spec = {
    "payment_method": text(),
    "off_session": boolean,
    "return_url": text(),
    "error_on_requires_action": boolean,
}
CREATE: Spec = {
    **FIELDS,
    **CONFIRM,
    "amount": required(integer(1, 99_999_999)),
    "currency": required(currency),
    "confirm": boolean,
    "automatic_payment_methods": hash_of(
        {"enabled": required(boolean), "allow_redirects": one_of("always", "never")}
    ),
    "capture_method": one_of("automatic", "automatic_async"),
    "transfer_data": unsupported("Connect"),
}
UPDATE: Spec = {**FIELDS, "amount": integer(1, 99_999_999)}
KIND = "payment_intent"
REASONS = ("abandoned", "duplicate", "fraudulent", "requested_by_customer")


def new(world: World, params: Params) -> Json:
    """Create a payment intent, and say so."""
    intent_id = world.new_id("pi_3", 23)
    intent = world.store.insert(
        {
            "id": intent_id,
            "object": "payment_intent",
            "allowed_payment_method_types": None,
            "amount": params["amount"],
            "amount_capturable": 0,
            "amount_details": {"tip": {}},
            "amount_received": 0,
            "application": None,
            "application_fee_amount": None,
            "automatic_payment_methods": params.get("automatic_payment_methods"),
            "canceled_at": None,
            "cancellation_reason": None,
            "capture_method": "automatic_async",
            "client_secret": f"{intent_id}_secret_{world.token(25)}",
            "confirmation_method": "automatic",
            "created": world.now(),
            "currency": params["currency"],
            "customer": params.get("customer"),
            "customer_account": None,
            "description": params.get("description"),
            "excluded_payment_method_types": None,
            "last_payment_error": None,
            "latest_charge": None,
            "livemode": False,
            "managed_payments": None,
            "metadata": merged({}, params.get("metadata")),
            "next_action": None,
            "on_behalf_of": None,
            "payment_method": None,
            "payment_method_configuration_details": None,
            "payment_method_options": {
                "card": {
                    "installments": None,
                    "mandate_options": None,
                    "network": None,
                    "request_three_d_secure": "automatic",
                }
            },
            "payment_method_types": ["card"],
            "payment_record": None,
            "processing": None,
            "receipt_email": params.get("receipt_email"),
            "review": None,
            "setup_future_usage": params.get("setup_future_usage"),
            "shipping": None,
            "source": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": None,
            "status": "requires_payment_method",
            "transfer_data": None,
            "transfer_group": None,
        }
    )
    world.emit("payment_intent.created", intent)
    return intent


def decline_for(world: World, method: Json) -> Decline | None:
    """Whether a charge on that card fails, and why: the one place that decides it."""
    return world.cards[method["id"]].on_charge


def attempt(world: World, intent: Json, method: Json) -> tuple[Json, Decline | None]:
    """Charge `method`: the intent afterwards, and why the card refused if it did."""
    decline = decline_for(world, method)
    charge = charges.new(world, intent, method, decline)
    if decline is None:
        intent = world.store.update(
            intent,
            amount_received=intent["amount"],
            last_payment_error=None,
            latest_charge=charge["id"],
            payment_method=method["id"],
            status="succeeded",
        )
        world.emit("payment_intent.succeeded", intent)
        return intent, None
    intent = world.store.update(
        intent,
        last_payment_error=payment_error(decline, charge, method),
        latest_charge=charge["id"],
        payment_method=None,
        status="requires_payment_method",
    )
    world.emit("payment_intent.payment_failed", intent)
    return intent, decline


def payment_error(decline: Decline, charge: Json, method: Json) -> Json:
    error = declined(decline, charge=charge["id"], payment_method=method)
    return {"advice_code": "try_again_later", **error.error}


def refusal(intent: Json) -> Exception:
    """The 402 that tells the caller of a failed attempt, as Stripe words it."""
    last = intent["last_payment_error"]
    decline = Decline(last["code"], last["message"], last.get("decline_code"), last.get("param"))
    return declined(
        decline,
        advice_code=last["advice_code"],
        charge=last["charge"],
        payment_intent=intent,
        payment_method=last["payment_method"],
    )


def create(world: World, params: Params) -> Json:
    if params.get("customer"):
        world.store.get("customer", params["customer"], "customer")
    intent = intents.prepare(world, new(world, params), params)
    return _confirm(world, intent) if params.get("confirm") else intent


def retrieve(world: World, _params: Params, intent_id: str) -> Json:
    return world.store.get("payment_intent", intent_id)


def update(world: World, params: Params, intent_id: str) -> Json:
    return intents.change(world, KIND, params, intent_id)


def confirm(world: World, params: Params, intent_id: str) -> Json:
    intent = intents.find(world, KIND, intent_id, "confirm")
    return _confirm(world, intents.prepare(world, intent, params))


def cancel(world: World, params: Params, intent_id: str) -> Json:
    intent = intents.find(world, KIND, intent_id, "cancel")
    return abandon(world, intent, params.get("cancellation_reason"))


def abandon(world: World, intent: Json, reason: str | None) -> Json:
    intent = world.store.update(
        intent, status="canceled", canceled_at=world.now(), cancellation_reason=reason
    )
    world.emit("payment_intent.canceled", intent)
    return intent


def _confirm(world: World, intent: Json) -> Json:
    intent, decline = attempt(world, intent, intents.method_of(world, intent))
    if decline is not None:
        raise refusal(intent)
    return intent


def listing(world: World, params: Params) -> Json:
    where = {"customer": params["customer"]} if params.get("customer") else {}
    return page(world.store.newest_first("payment_intent", **where), params, "/v1/payment_intents")


ROUTES = (
    Route("POST", "/v1/payment_intents", create, CREATE),
    Route("GET", "/v1/payment_intents", listing, {**LIST, "customer": text()}),
    Route("GET", "/v1/payment_intents/{}", retrieve, {"client_secret": text()}),
    Route("POST", "/v1/payment_intents/{}", update, UPDATE),
    Route("POST", "/v1/payment_intents/{}/confirm", confirm, CONFIRM),
    Route(
        "POST",
        "/v1/payment_intents/{}/cancel",
        cancel,
        {"cancellation_reason": one_of(*REASONS)},
    ),
)
