"""What payment intents and setup intents share: when they may change, and with which method."""

from __future__ import annotations

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.params import Params, changes_of
from local.stripe_simulator.resources.payments import payment_methods
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

NAMES = {"payment_intent": "PaymentIntent", "setup_intent": "SetupIntent"}
OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


def find(
    world: World, kind: str, intent_id: str, action: str, statuses: tuple[str, ...] = OPEN
) -> Json:
    """The intent of that id, if it is in one of the statuses in which it allows `action`."""
    intent = world.store.get(kind, intent_id)
    if intent["status"] not in statuses:
        raise invalid(
            f"You cannot {action} this {NAMES[kind]} because it has a status of "
            f"{intent['status']}.",
            code=f"{kind}_unexpected_state",
        )
    return intent


def prepare(world: World, intent: Json, params: Params) -> Json:
    """The intent with the payment method that `params` name, if they name one."""
    if not params.get("payment_method"):
        return intent
    method = payment_methods.resolve(world, params["payment_method"])
    return world.store.update(intent, payment_method=method["id"], status="requires_confirmation")


def change(world: World, kind: str, params: Params, intent_id: str) -> Json:
    before = find(world, kind, intent_id, "update")
    changes = changes_of(before, params)
    changes.pop("payment_method", None)
    return prepare(world, world.store.update(before, **changes), params)


def method_of(world: World, intent: Json) -> Json:
    """The payment method to confirm an intent with."""
    if intent["payment_method"] is None:
        kind = intent["object"]
        raise invalid(
            f"You cannot confirm this {NAMES[kind]} because it's missing a payment method. You can "
            f"either update the {NAMES[kind]} with a payment method and then confirm it again, or "
            "confirm it again directly with a payment method or ConfirmationToken.",
            code=f"{kind}_unexpected_state",
        )
    return world.store.get("payment_method", intent["payment_method"])
