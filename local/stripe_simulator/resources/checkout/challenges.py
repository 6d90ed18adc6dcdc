"""Challenges of 3D Secure: the route by which the bank's page says what the customer did.

Stripe has no public one; the page `/3ds/{intent}` is its only intended user.
"""

from __future__ import annotations

from local.stripe_simulator.params import Params, one_of, required
from local.stripe_simulator.resources.payments import authentication
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World


def authenticate(world: World, params: Params, intent_id: str) -> Json:
    return authentication.answer(world, intent_id, params["outcome"] == "completed")


ROUTES = (
    Route(
        "POST",
        "/v1/3ds2/{}/authenticate",
        authenticate,
        {"outcome": required(one_of("completed", "failed"))},
    ),
)
