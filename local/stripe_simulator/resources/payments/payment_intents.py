"""Payment intents: an amount to be paid, through as many attempts as it takes.

An attempt succeeds, is declined, waits for the customer to authenticate, or (a debit) is
processing until its timer settles it. `payment_intent_requests` serves the API.
"""

from __future__ import annotations

from dataclasses import replace

from local.stripe_simulator.bank_accounts import NEVER
from local.stripe_simulator.cards import AUTHENTICATION_REQUIRED, INSUFFICIENT_FUNDS, Decline
from local.stripe_simulator.errors import declined, invalid
from local.stripe_simulator.params import ADDRESS, Params, merged
from local.stripe_simulator.resources.payments import charges, intents, payment_methods
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

AUTHORIZATION_SECONDS = 7 * 86400  # "Place a hold on a payment method"
ACTION_REFUSED = Decline(
    "authentication_required",
    "This payment required an authentication action to complete, but `error_on_requires_action` "
    "was set. When you're ready, you can upgrade your integration to handle actions at "
    "https://stripe.com/docs/payments/payment-intents/upgrade-to-handle-actions.",
)


def new(world: World, params: Params) -> Json:
    """Create a payment intent, and say so."""
    intent_id = world.new_id("pi_3", 23)
    intent = world.store.insert(
        {
            "id": intent_id,
            "object": "payment_intent",
            "allowed_payment_method_types": params.get("allowed_payment_method_types"),
            "amount": params["amount"],
            "amount_capturable": 0,
            "amount_details": {"tip": {}},
            "amount_received": 0,
            "application": None,
            "application_fee_amount": None,
            "automatic_payment_methods": params.get("automatic_payment_methods"),
            "canceled_at": None,
            "cancellation_reason": None,
            "capture_method": params.get("capture_method", "automatic_async"),
            "client_secret": f"{intent_id}_secret_{world.token(25)}",
            "confirmation_method": "automatic",
            "created": world.now(),
            "currency": params["currency"],
            "customer": params.get("customer"),
            "customer_account": None,
            "description": params.get("description"),
            "excluded_payment_method_types": params.get("excluded_payment_method_types"),
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
            "payment_method_types": intents.types_for(params, params["currency"]),
            "payment_record": None,
            "processing": None,
            "receipt_email": params.get("receipt_email"),
            "review": None,
            "setup_future_usage": params.get("setup_future_usage"),
            "shipping": _shipping(params.get("shipping")),
            "source": None,
            "statement_descriptor": params.get("statement_descriptor"),
            "statement_descriptor_suffix": params.get("statement_descriptor_suffix"),
            "status": "requires_payment_method",
            "transfer_data": None,
            "transfer_group": params.get("transfer_group"),
        }
    )
    world.emit("payment_intent.created", intent)
    return intent


def _shipping(given: Params | None) -> Json | None:
    if given is None:
        return None
    known = {name: given.get(name) for name in ("carrier", "name", "phone", "tracking_number")}
    return {**known, "address": {name: given["address"].get(name) for name in ADDRESS}}


def decline_for(world: World, method: Json, amount: int = 0) -> Decline | None:
    """Whether a charge of that amount fails, and why: the one place that decides it."""
    known = world.cards[method["id"]]
    if known.on_charge is not None:
        return known.on_charge
    if known.balance is not None and amount > known.balance:
        return INSUFFICIENT_FUNDS
    return None


def needs_authentication(world: World, method: Json, *, off_session: bool = False) -> bool:
    """Whether the customer must authenticate before that card can be charged."""
    known = world.cards[method["id"]]
    if known.authentication == "unless_set_up":
        return not (off_session and known.is_set_up)
    if known.authentication == "on_session":
        return not off_session
    return known.authentication == "always"


def attempt(
    world: World, intent: Json, method: Json, *, off_session: bool = False
) -> tuple[Json, Decline | None]:
    """Try to pay with `method`: the intent afterwards, and why it was declined if it was.

    Without a decline it has succeeded, or requires action, capture or (a debit) patience: the
    intent's status says so.
    """
    if not needs_authentication(world, method, off_session=off_session):
        return charge(world, intent, method)
    if off_session:
        return _fail(world, intent, method, AUTHENTICATION_REQUIRED)
    return require_action(world, intent, method), None


def require_action(world: World, intent: Json, method: Json, return_url: str | None = None) -> Json:
    """Wait for the customer to authenticate; `authentication.answer` goes on from there."""
    intent = world.store.update(
        intent,
        next_action=intents.next_action(world, intent, return_url),
        payment_method=method["id"],
        status="requires_action",
    )
    world.emit("payment_intent.requires_action", intent)
    return intent


def charge(
    world: World, intent: Json, method: Json, *, authenticated: bool = False
) -> tuple[Json, Decline | None]:
    """Charge `method`, whether it was authenticated or needn't be."""
    if world.cards[method["id"]].settles_after is not None:
        return _debit(world, intent, method), None
    decline = decline_for(world, method, intent["amount"])
    if decline is not None:
        return _fail(world, intent, method, decline)
    made = charges.new(world, intent, method, authenticated=authenticated)
    spend(world, method, intent["amount"])
    _keep_or_use_up(world, intent, method)
    intent = world.store.update(intent, next_action=None, payment_method=method["id"])
    if intent["capture_method"] == "manual":
        return _hold(world, intent, made), None
    return _succeed(world, intent, made), None


def spend(world: World, method: Json, amount: int) -> None:
    """Take an amount (or give it back, if negative) from what the method can still spend."""
    known = world.cards[method["id"]]
    if known.balance is not None:
        world.cards[method["id"]] = replace(known, balance=known.balance - amount)


def _keep_or_use_up(world: World, intent: Json, method: Json) -> None:
    """Save a method that is to be used again; another one, on no file, can't be used twice."""
    if intent["setup_future_usage"] and intent["customer"]:
        payment_methods.save(world, method, intent["customer"])
    elif method["customer"] is None:
        world.detached[method["id"]] = True


def _succeed(world: World, intent: Json, made: Json) -> Json:
    intent = world.store.update(
        intent,
        amount_capturable=0,
        amount_received=made["amount_captured"],
        last_payment_error=None,
        latest_charge=made["id"],
        processing=None,
        status="succeeded",
    )
    world.emit("payment_intent.succeeded", intent)
    return intent


def _hold(world: World, intent: Json, made: Json) -> Json:
    intent = world.store.update(
        intent,
        amount_capturable=intent["amount"],
        last_payment_error=None,
        latest_charge=made["id"],
        status="requires_capture",
    )
    world.schedule(world.now() + AUTHORIZATION_SECONDS, "payment_intent.release", intent["id"])
    world.emit("payment_intent.amount_capturable_updated", intent)
    return intent


def capture(world: World, intent: Json, amount: int) -> Json:
    """Take what is held, or a part of it; the rest is released."""
    held = world.store.get("charge", intent["latest_charge"])
    method = world.store.get("payment_method", intent["payment_method"])
    spend(world, method, amount - intent["amount_capturable"])
    return _succeed(world, intent, charges.capture(world, held, amount))


def _debit(world: World, intent: Json, method: Json) -> Json:
    made = charges.new(world, intent, method)
    _keep_or_use_up(world, intent, method)
    intent = world.store.update(
        intent,
        last_payment_error=None,
        latest_charge=made["id"],
        payment_method=method["id"],
        status="processing",
    )
    settles_after = world.cards[method["id"]].settles_after
    if settles_after is not None and settles_after < NEVER:
        at = world.now() + world.settings.delayed_payment_seconds + settles_after
        world.schedule(at, "charge.settle", made["id"])
    world.emit("payment_intent.processing", intent)
    return intent


def settle_due(world: World, charge_id: str) -> None:
    """Tell what became of a debit, unless its intent was canceled meanwhile."""
    made = world.store.get("charge", charge_id)
    intent = world.store.get("payment_intent", made["payment_intent"])
    if intent["status"] != "processing" or intent["latest_charge"] != charge_id:
        return
    method = world.store.get("payment_method", made["payment_method"])
    decline = decline_for(world, method, intent["amount"])
    made = charges.settle(world, made, decline)
    if decline is None:
        spend(world, method, intent["amount"])
        _succeed(world, intent, made)
    else:
        fail(world, intent, _payment_error(decline, made, method), made)


def _fail(world: World, intent: Json, method: Json, decline: Decline) -> tuple[Json, Decline]:
    made = charges.new(world, intent, method, decline)
    return fail(world, intent, _payment_error(decline, made, method), made), decline


def refuse_action(world: World, intent: Json, method: Json) -> tuple[Json, Decline]:
    """Fail rather than wait for an authentication, as `error_on_requires_action` asks."""
    error = declined(ACTION_REFUSED, payment_method=method).error
    return fail(world, intent, error), ACTION_REFUSED


def fail(world: World, intent: Json, error: Json, made: Json | None = None) -> Json:
    """Note why an attempt came to nothing: another payment method may do."""
    intent = world.store.update(
        intent,
        last_payment_error=error,
        latest_charge=made["id"] if made else intent["latest_charge"],
        next_action=None,
        payment_method=None,
        status="requires_payment_method",
    )
    world.emit("payment_intent.payment_failed", intent)
    return intent


def _payment_error(decline: Decline, made: Json, method: Json) -> Json:
    error = declined(decline, charge=made["id"], payment_method=method).error
    return {"advice_code": charges.advice(decline), **error} if method["type"] == "card" else error


def refusal(intent: Json) -> Exception:
    """The 402 that tells the caller of a failed attempt, as Stripe words it."""
    last = intent["last_payment_error"]
    decline = Decline(last["code"], last["message"], last.get("decline_code"), last.get("param"))
    kept = ("advice_code", "charge", "payment_method")
    details = {name: last[name] for name in kept if name in last}
    return declined(decline, payment_intent=intent, **details)


def abandon(world: World, intent: Json, reason: str | None) -> Json:
    """Cancel an intent; what a card still holds for it is released."""
    if intent["amount_capturable"]:
        method = world.store.get("payment_method", intent["payment_method"])
        spend(world, method, -intent["amount_capturable"])
    intent = world.store.update(
        intent,
        amount_capturable=0,
        canceled_at=world.now(),
        cancellation_reason=reason,
        next_action=None,
        status="canceled",
    )
    world.emit("payment_intent.canceled", intent)
    return intent


def release_due(world: World, intent_id: str) -> None:
    """Let go of what nobody captured in time."""
    intent = world.store.get("payment_intent", intent_id)
    if intent["status"] == "requires_capture":
        held = world.store.get("charge", intent["latest_charge"])
        world.emit("charge.expired", held)
        abandon(world, intent, "automatic")


def check_capturable(intent: Json, amount: int) -> None:
    if amount > intent["amount_capturable"]:
        raise invalid(
            f"The amount to capture ({amount}) can't be more than what can be captured "
            f"({intent['amount_capturable']}).",
            "amount_to_capture",
            "amount_too_large",
        )


TIMERS = {"charge.settle": settle_due, "payment_intent.release": release_due}
