"""What `stripe listen` asks for before it listens, and what becomes of the events it is to get."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from local.stripe_simulator.deliveries import Destination
from local.stripe_simulator.engine import Engine
from local.stripe_simulator.resources.account.cli_sessions import destination_of
from local.stripe_simulator.world import Settings
from tests.unit.stripe_simulator.account import START, Account

PATH = "/v1/stripecli/sessions"
ASKED = {"device_name": "laptop", "websocket_features": ["webhooks"]}


def listening(stripe: Account, **asked: str) -> Destination:
    """A CLI that listens."""
    session = stripe.post(PATH, **ASKED, **asked)
    destination = destination_of(stripe.engine.world, session["websocket_id"])
    assert destination is not None
    stripe.engine.world.deliveries.destinations[destination.id] = destination
    return destination


def test_a_session_says_where_its_websocket_is() -> None:
    stripe = Account.with_settings(base_url="https://stripe.example:1")
    session = stripe.post(PATH, **ASKED)
    assert session["websocket_url"] == "wss://stripe.example:1/stripecli"
    assert session["websocket_id"] != stripe.post(PATH, **ASKED)["websocket_id"]


def test_the_secret_is_the_devices_and_outlives_the_simulator(stripe: Account) -> None:
    def secret(account: Account, device: str) -> str:
        return str(account.post(PATH, **{**ASKED, "device_name": device})["secret"])

    restarted = Account(Engine(lambda: START, random.Random(2)))
    assert secret(stripe, "laptop") == secret(restarted, "laptop")
    assert secret(stripe, "laptop") != secret(stripe, "desktop")


def test_an_account_with_a_key_of_its_own_has_secrets_of_its_own(stripe: Account) -> None:
    key = "sk_test_anything"
    keyed = Account(Engine(lambda: START, random.Random(1), Settings(secret_key=key)))
    assert keyed.post(PATH, **ASKED)["secret"] != stripe.post(PATH, **ASKED)["secret"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"websocket_features": ["request_logs"], "filters": "{}"}, "`stripe logs tail`"),
        ({"websocket_features": ["webhooks", "v2_events"]}, "thin events"),
        ({"forward_thin_to_url": "http://127.0.0.1:1"}, "thin events"),
    ],
)
def test_what_else_the_cli_can_listen_to_is_refused(
    stripe: Account, asked: dict[str, Any], message: str
) -> None:
    error = stripe.refused("POST", PATH, 400, **{**ASKED, **asked})
    assert error["code"] == "not_simulated"
    assert error["message"].startswith(f"The local Stripe does not simulate {message}")


def test_a_feature_that_does_not_exist_is_refused(stripe: Account) -> None:
    error = stripe.refused("POST", PATH, 400, **{**ASKED, "websocket_features": ["teapot"]})
    assert "code" not in error


def test_only_a_session_leads_to_a_destination(stripe: Account) -> None:
    stripe.subscribe()
    others = list(stripe.engine.world.private)  # what other objects keep
    assert others
    for session_id in ("", "cliws_none", *others):
        assert destination_of(stripe.engine.world, session_id) is None


def test_a_cli_gets_each_event_once_and_never_again(stripe: Account) -> None:
    cli = listening(stripe)
    stripe.post("/v1/products", name="Standard")
    (delivery,) = stripe.engine.due_deliveries()
    assert delivery.destination == cli
    stripe.engine.record_attempt(delivery, 500)
    assert (delivery.state, delivery.next_attempt_at) == ("failed", None)
    assert stripe.engine.world.deliveries.settled


def test_an_event_is_resent_to_the_clis_that_listen_rather_than_to_endpoints(
    stripe: Account,
) -> None:
    stripe.post("/v1/webhook_endpoints", url="http://127.0.0.1:1/hook", enabled_events=["*"])
    stripe.post("/v1/products", name="Standard")
    stripe.engine.due_deliveries()
    cli = listening(stripe)
    retry = f"/v1/events/{stripe.events()[-1]['id']}/retry"
    stripe.post(retry, for_stripecli="true")
    assert [each.destination for each in stripe.engine.due_deliveries()] == [cli]
    error = stripe.refused("POST", retry, 400, webhook_endpoint=cli.id)
    assert error["code"] == "resource_missing"


def test_people_are_told_where_the_events_of_a_cli_go(stripe: Account) -> None:
    forwarding = listening(stripe, forward_to_url="http://localhost:3000/hook")
    assert forwarding.where == "http://localhost:3000/hook"
    assert replace(forwarding, url="").where == "printed by the CLI"


def test_the_configured_endpoints_are_listed_in_the_version_that_the_cli_asks_for(
    stripe: Account,
) -> None:
    version = {"Stripe-Version": "2019-03-14"}
    path = "/v1/webhook_endpoints"
    assert stripe.request("GET", path, {"limit": 30}, **version).status == 200
    assert stripe.request("GET", "/v1/customers", {}, **version).status == 400
