"""Payment intents through the API: created, changed, confirmed, captured and canceled."""

from __future__ import annotations

from typing import Any

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.money import currency, formatted, minimum_charge
from local.stripe_simulator.pagination import LIST
from local.stripe_simulator.params import (
    Field,
    Params,
    Spec,
    boolean,
    changes_of,
    integer,
    metadata,
    one_of,
    required,
    shipping,
    text,
    unsupported,
)
from local.stripe_simulator.resources import plain
from local.stripe_simulator.resources.payments import intents, payment_intents
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

KIND = "payment_intent"
CANCELABLE = (*intents.OPEN, "requires_capture", "processing")
REASONS = ("abandoned", "duplicate", "fraudulent", "requested_by_customer")


def _session(value: Any, path: str) -> bool:
    """Whether the customer is away: yes or no, or how (which makes no difference here)."""
    return value in ("one_off", "recurring") or bool(boolean.convert(value, path))


CAPTURE_METHOD = one_of("automatic", "automatic_async", "manual")
FUTURE_USAGE = one_of("off_session", "on_session")
DESCRIPTORS: Spec = {"statement_descriptor": text(22), "statement_descriptor_suffix": text(22)}
NOT_SIMULATED: Spec = {
    "amount_details": unsupported("amount details"),
    "application_fee_amount": unsupported("Connect"),
    "hooks": unsupported("hooks"),
    "payment_details": unsupported("payment details"),
    "transfer_data": unsupported("Connect"),
}
FIELDS: Spec = {
    **intents.SHARED,
    **NOT_SIMULATED,
    **DESCRIPTORS,
    "amount": integer(1, 99_999_999),
    "capture_method": CAPTURE_METHOD,
    "receipt_email": text(),
    "setup_future_usage": FUTURE_USAGE,
    "transfer_group": text(),
}
CONFIRM: Spec = {
    **intents.CONFIRM,
    "amount_to_confirm": unsupported("confirming another amount"),
    "capture_method": CAPTURE_METHOD,
    "error_on_requires_action": boolean,
    "mandate": unsupported("mandates"),
    "off_session": Field(_session),
    "radar_options": unsupported("Radar sessions"),
    "receipt_email": text(),
    "setup_future_usage": FUTURE_USAGE,
}
CREATE: Spec = {
    **FIELDS,
    **CONFIRM,
    "amount": required(FIELDS["amount"]),
    "automatic_payment_methods": intents.AUTOMATIC,
    "confirm": boolean,
    "confirmation_method": one_of("automatic"),
    "currency": required(currency),
    "on_behalf_of": unsupported("Connect"),
    "payment_method_types": intents.FORMER_TYPES,
    "shipping": shipping,
}
CAPTURE: Spec = {
    **DESCRIPTORS,
    "amount_details": NOT_SIMULATED["amount_details"],
    "amount_to_capture": integer(1),
    "application_fee_amount": NOT_SIMULATED["application_fee_amount"],
    "final_capture": unsupported("capturing more than once"),
    "hooks": NOT_SIMULATED["hooks"],
    "metadata": metadata,
    "payment_details": NOT_SIMULATED["payment_details"],
    "transfer_data": NOT_SIMULATED["transfer_data"],
}


def create(world: World, params: Params) -> Json:
    if params.get("customer"):
        world.store.get("customer", params["customer"], "customer")
    _check_amount(params["amount"], params["currency"])
    intent = payment_intents.new(world, intents.offered(params))
    intent = intents.prepare(world, intent, params)
    return _confirm(world, intent, params) if params.get("confirm") else intent


def _check_amount(amount: int, code: str) -> None:
    least = minimum_charge(code)
    if amount < least:
        raise invalid(
            f"Amount must be at least {formatted(least, code)} {code}.",
            "amount",
            "amount_too_small",
        )


def update(world: World, params: Params, intent_id: str) -> Json:
    before = world.store.get(KIND, intent_id)
    asked = {**before, **params}
    _check_amount(asked["amount"], asked["currency"])
    intent = intents.change(world, KIND, params, intent_id)
    types = intents.types_for(intent, intent["currency"])
    return world.store.update(intent, payment_method_types=types)


def confirm(world: World, params: Params, intent_id: str) -> Json:
    intent = intents.find(world, KIND, intent_id, "confirm")
    return _confirm(world, intents.prepare(world, intent, params), params)


def _confirm(world: World, intent: Json, params: Params) -> Json:
    method = intents.method_of(world, intent)
    kept = ("capture_method", "receipt_email", "setup_future_usage")
    intent = world.store.update(intent, **{name: params[name] for name in kept if name in params})
    off_session = params.get("off_session", False)
    if off_session or not payment_intents.needs_authentication(world, method):
        intent, decline = payment_intents.attempt(world, intent, method, off_session=off_session)
    elif params.get("error_on_requires_action"):
        intent, decline = payment_intents.refuse_action(world, intent, method)
    else:
        return payment_intents.require_action(world, intent, method, params.get("return_url"))
    if decline is not None:
        raise payment_intents.refusal(intent)
    return intent


def capture(world: World, params: Params, intent_id: str) -> Json:
    intent = intents.find(world, KIND, intent_id, "capture", ("requires_capture",))
    amount = params.get("amount_to_capture") or intent["amount_capturable"]
    payment_intents.check_capturable(intent, amount)
    changes = changes_of(intent, params)
    changes.pop("amount_to_capture", None)
    return payment_intents.capture(world, world.store.update(intent, **changes), amount)


def cancel(world: World, params: Params, intent_id: str) -> Json:
    """Cancel an intent of one's own; an invoice's is canceled by voiding the invoice."""
    intent = intents.find(world, KIND, intent_id, "cancel", CANCELABLE)
    if "invoice" in world.private.get(intent_id, {}):
        raise invalid(
            "You cannot cancel this PaymentIntent because it was created by an invoice. Void the "
            "invoice instead.",
            code="payment_intent_unexpected_state",
        )
    return payment_intents.abandon(world, intent, params.get("cancellation_reason"))


ROUTES = (
    Route("POST", "/v1/payment_intents", create, CREATE),
    plain.listing("/v1/payment_intents", KIND, {**LIST, "customer": text()}),
    plain.retrieve("/v1/payment_intents/{}", KIND, {"client_secret": text()}),
    Route("POST", "/v1/payment_intents/{}", update, {**FIELDS, "currency": currency}),
    Route("POST", "/v1/payment_intents/{}/confirm", confirm, CONFIRM),
    Route("POST", "/v1/payment_intents/{}/capture", capture, CAPTURE),
    Route(
        "POST",
        "/v1/payment_intents/{}/cancel",
        cancel,
        {"cancellation_reason": one_of(*REASONS)},
    ),
)
