"""The account that the API key belongs to."""

from __future__ import annotations

from local.stripe_simulator.params import Params
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World


def retrieve(world: World, _params: Params) -> Json:
    settings = world.settings
    return {
        "id": settings.account_id,
        "object": "account",
        "business_profile": None,
        "business_type": None,
        "charges_enabled": True,
        "country": settings.country,
        "default_currency": settings.currency,
        "details_submitted": True,
        "email": None,
        "payouts_enabled": True,
        "settings": None,
        "type": "standard",
    }


ROUTES = (Route("GET", "/v1/account", retrieve, {}),)
