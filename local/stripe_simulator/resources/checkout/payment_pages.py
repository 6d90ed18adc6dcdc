"""Payment pages: paying a Checkout session, as its hosted page and Stripe's CLI fixtures do.

The session is completed by what becomes of its intent (`session_completion`), whoever confirms
or authenticates that. A failed attempt leaves the session open, and the caller gets the card's
refusal.
"""

from __future__ import annotations

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.params import (
    Params,
    Spec,
    hash_of,
    integer,
    list_of,
    one_of,
    required,
    text,
)
from local.stripe_simulator.resources import plain
from local.stripe_simulator.resources.catalogue import discounts, promotion_codes
from local.stripe_simulator.resources.checkout import checkout_sessions, session_completion
from local.stripe_simulator.resources.checkout.session_completion import ORDERS
from local.stripe_simulator.resources.customers import customers
from local.stripe_simulator.resources.payments import intents, payment_intents, setup_intents
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

UPDATE: Spec = {
    "line_items": list_of(hash_of({"id": required(text()), "quantity": required(integer(0))})),
    "promotion_code": text(),
}
CONFIRM: Spec = {
    "consent": hash_of(
        {"promotions": one_of("opt_in", "opt_out"), "terms_of_service": one_of("accepted")}
    ),
    "custom_fields": list_of(hash_of({"key": required(text()), "value": required(text())})),
    "email": text(512),
    "expected_amount": integer(0),
    "payment_method": text(),
    "phone": text(20),
}
NOTHING_DUE = "no_payment_required"
SETUP_DESCRIPTION = "Subscription creation"


def update(world: World, params: Params, session_id: str) -> Json:
    """Change what the customer may on the page: quantities, and the promotion code they type."""
    session = checkout_sessions.open_session(world, session_id)
    quantities = {each["id"]: each["quantity"] for each in params.get("line_items", [])}
    if quantities:
        session = checkout_sessions.set_quantities(world, session, quantities)
    if "promotion_code" not in params:
        return session
    if not session["allow_promotion_codes"]:
        raise invalid("This Checkout Session takes no promotion codes.", "promotion_code")
    return checkout_sessions.discount(world, session, _typed(world, session, params))


def _typed(world: World, session: Json, params: Params) -> Params | None:
    """What to redeem for the code that was typed; nothing typed takes it off."""
    if not params["promotion_code"]:
        return None
    code = promotion_codes.by_code(world, params["promotion_code"], session["customer"])
    if code is None:
        raise invalid("This code is invalid.", "promotion_code", "resource_missing")
    return {"promotion_code": code["id"]}


def confirm(world: World, params: Params, session_id: str) -> Json:
    """Pay the session, or set up the method that it asks for.

    Afterwards it is complete, or still open because its intent requires the customer's action.
    """
    session = checkout_sessions.open_session(world, session_id)
    if params.get("expected_amount") not in (None, session["amount_total"]):
        raise invalid("The amount of this Checkout Session has changed.", "expected_amount")
    world.events.tell_in(ORDERS[session["mode"]])
    _check_order(world, session)
    session = _with_answers(world, session, params)
    if session["amount_total"]:
        _pay(world, session, params)
    elif needs_method(session):
        _set_up(world, session, params)
    else:
        session_completion.complete(world, session, None, NOTHING_DUE)
    return world.store.get("checkout.session", session_id)


def _check_order(world: World, session: Json) -> None:
    """Refuse what can no longer be sold like this: codes run out, customers have a currency."""
    given = world.private[session["id"]].get("discount")
    if given is not None:
        discounts.check(world, given, checkout_sessions.purchase(world, session))
    customer = world.store.find(session["customer"] or "") or {}
    if session["mode"] == "subscription" and customer.get("currency"):
        customers.charge_in(world, customer, session["currency"])


def _with_answers(world: World, session: Json, params: Params) -> Json:
    """The session with what the customer filled in beside the payment."""
    given = {each["key"]: each["value"] for each in params.get("custom_fields", [])}
    fields = [
        {**field, field["type"]: {**field[field["type"]], "value": given.get(field["key"])}}
        for field in session["custom_fields"]
    ]
    contact = {name: params.get(name) for name in ("email", "phone")}
    world.private[session["id"]] = {**world.private[session["id"]], **contact}
    consent = params.get("consent")
    unsaid = {"promotions": None, "terms_of_service": None}
    return world.store.update(
        session, custom_fields=fields, consent=consent and {**unsaid, **consent}
    )


def needs_method(session: Json) -> bool:
    """Whether a payment method is asked for: to pay now, or to keep it for later."""
    if session["amount_total"] or session["mode"] == "setup":
        return True
    return bool(
        session["mode"] == "subscription" and session["payment_method_collection"] == "always"
    )


def _pay(world: World, session: Json, params: Params) -> None:
    intent = _payment_intent(world, session)
    intent, method = _prepared(world, intent, params)
    if payment_intents.decline_for(world, method, intent["amount"]) is None:
        customer_id = session_completion.customer_for(world, session, method)
        intent = world.store.update(intent, customer=customer_id)
    _intent, decline = payment_intents.attempt(world, intent, method)
    if decline is not None:
        raise payment_intents.refusal(world.store.get("payment_intent", intent["id"]))


def _payment_intent(world: World, session: Json) -> Json:
    """The session's payment intent: one for all its attempts."""
    existing = _existing(world, session, "payment_intent")
    if existing is not None:
        return world.store.update(existing, amount=session["amount_total"])
    data = world.private[session["id"]]["params"].get("payment_intent_data", {})
    subscribes = session["mode"] == "subscription"
    described = {
        "capture_method": "automatic",
        "description": SETUP_DESCRIPTION,
        "setup_future_usage": "off_session",
    }
    intent = payment_intents.new(
        world,
        {
            **(described if subscribes else data),
            "allowed_payment_method_types": session["payment_method_types"],
            "amount": session["amount_total"],
            "currency": session["currency"],
            "customer": session["customer"],
        },
    )
    return _remembered(world, session, intent)


def _existing(world: World, session: Json, kind: str) -> Json | None:
    """The session's intent of that kind, if it has one."""
    intent = world.store.find(world.private[session["id"]].get("intent", ""))
    return intent if intent is not None and intent["object"] == kind else None


def _remembered(world: World, session: Json, intent: Json) -> Json:
    """Have the session and its intent know each other."""
    world.private[session["id"]] = {**world.private[session["id"]], "intent": intent["id"]}
    world.private[intent["id"]] = {"checkout_session": session["id"]}
    return intent


def _set_up(world: World, session: Json, params: Params) -> None:
    intent = _existing(world, session, "setup_intent") or _setup_intent(world, session)
    _prepared(world, intent, params)
    setup_intents.confirm(world, {}, intent["id"])


def _setup_intent(world: World, session: Json) -> Json:
    data = world.private[session["id"]]["params"].get("setup_intent_data", {})
    given = {
        **data,
        "allowed_payment_method_types": session["payment_method_types"],
        "customer": session["customer"],
    }
    return _remembered(world, session, setup_intents.new(world, given))


def _prepared(world: World, intent: Json, params: Params) -> tuple[Json, Json]:
    """The intent with the payment method to confirm it with, and that method."""
    if not params.get("payment_method"):
        message = "Missing required param: payment_method."
        raise invalid(message, "payment_method", "parameter_missing")
    intent = intents.prepare(world, intent, params)
    return intent, world.store.get("payment_method", intent["payment_method"])


def recover(world: World, _params: Params, session_id: str) -> Json:
    return checkout_sessions.recover(world, session_id)


ROUTES = (
    plain.retrieve("/v1/payment_pages/{}", "checkout.session"),
    Route("POST", "/v1/payment_pages/{}", update, UPDATE),
    Route("POST", "/v1/payment_pages/{}/confirm", confirm, CONFIRM),
    Route("POST", "/v1/payment_pages/{}/recover", recover, {}),
)
