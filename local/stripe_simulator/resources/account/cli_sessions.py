"""Sessions of Stripe's CLI, which `stripe listen` asks for before it opens its websocket.

Stripe's reference hasn't got them; they are as the CLI's source has them (github.com/stripe/
stripe-cli, pkg/stripeauth). Guards that a device's signing secret never changes: an application is
given the one that `stripe listen --print-secret` told, and events come by another session.
"""

from __future__ import annotations

import hmac
from typing import Any

from local.stripe_simulator.deliveries import Destination, Secret
from local.stripe_simulator.errors import invalid, not_simulated
from local.stripe_simulator.events import API_VERSION
from local.stripe_simulator.params import Field, Params, list_of, required, text, unsupported
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

FEATURE = "webhooks"
NOT_SIMULATED = {
    "request_logs": "`stripe logs tail`: its page /_sim/requests shows the requests",
    "v2_events": "thin events",
}
PREFIX = "cliws_"
RECONNECT_SECONDS = 86400  # after so long the CLI opens its websocket anew


def _feature(value: Any, path: str) -> str:
    if value in NOT_SIMULATED:
        raise not_simulated(NOT_SIMULATED[value], path)
    if value != FEATURE:
        raise invalid(f"Invalid {path}: {value} is no feature of the CLI's websocket", path)
    return FEATURE


def create(world: World, params: Params) -> Json:
    session_id = world.new_id(PREFIX, 24)
    secret = _secret(world, params["device_name"])
    world.private[session_id] = {"secret": secret, "url": params.get("forward_to_url", "")}
    return {
        "default_version": API_VERSION,
        "display_connect_filter_warning": False,
        "latest_version": API_VERSION,
        "reconnect_delay": RECONNECT_SECONDS,
        "secret": secret,
        "websocket_authorized_feature": FEATURE,
        "websocket_id": session_id,
        "websocket_url": world.settings.base_url.replace("http", "ws", 1) + "/stripecli",
    }


def destination_of(world: World, session_id: str) -> Destination | None:
    """The CLI of a session as a destination of events; its URL is where it forwards them, if so."""
    kept = world.private.get(session_id) if session_id.startswith(PREFIX) else None
    if kept is None:
        return None
    return Destination(session_id, "cli", kept["url"], ["*"], (Secret(kept["secret"]),))


def _secret(world: World, device: str) -> str:
    account = world.settings.secret_key or world.settings.account_id
    return "whsec_" + hmac.new(account.encode(), device.encode(), "sha256").hexdigest()


ROUTES = (
    Route(
        "POST",
        "/v1/stripecli/sessions",
        create,
        {
            "websocket_features": required(list_of(Field(_feature))),
            "device_name": required(text()),
            "forward_to_url": text(),
            "forward_connect_to_url": text(),  # always told, but there are no connected accounts
            "forward_thin_to_url": unsupported("thin events"),
            "forward_thin_connect_to_url": unsupported("thin events"),
            "filters": unsupported(NOT_SIMULATED["request_logs"]),
        },
    ),
)
