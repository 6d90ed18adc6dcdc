"""3D Secure: what the customer answers on the bank's page, and how the intent goes on then."""

from __future__ import annotations

from local.stripe_simulator.errors import invalid, no_such
from local.stripe_simulator.resources.payments import intents, payment_intents, setup_intents
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World


def find(world: World, intent_id: str) -> Json:
    """The payment or setup intent of that id, whatever its status."""
    intent = world.store.find(intent_id)
    if intent is None or intent["object"] not in intents.NAMES:
        raise no_such("payment_intent", intent_id)
    return intent


def answer(world: World, intent_id: str, succeeded: bool) -> Json:  # noqa: FBT001 - an agreed interface
    """Complete or fail the authentication that an intent requires: the intent afterwards.

    A card may still be declined after it was authenticated.

    Raises:
        StripeError: The intent waits for no authentication.
    """
    intent = find(world, intent_id)
    if intent["status"] != "requires_action":
        kind = intent["object"]
        raise invalid(
            f"This {intents.NAMES[kind]} has a status of {intent['status']}: it waits for no "
            "authentication.",
            code=f"{kind}_unexpected_state",
        )
    method = world.store.get("payment_method", intent["payment_method"])
    if intent["object"] == "setup_intent":
        return setup_intents.authenticated(world, intent, method, succeeded=succeeded)
    if not succeeded:
        error = intents.authentication_failure(intent, method)
        return payment_intents.fail(world, intent, error)
    return payment_intents.charge(world, intent, method, authenticated=True)[0]
