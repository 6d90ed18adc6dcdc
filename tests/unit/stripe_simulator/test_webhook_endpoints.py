"""Webhook endpoints: what they may ask for, and their secrets."""

import pytest

from local.stripe_simulator.events import API_VERSION
from local.stripe_simulator.resources.account.webhook_endpoints import roll_secret
from tests.unit.stripe_simulator.account import START, Account

URL = "http://127.0.0.1:1/hook"
HOOKS = "/v1/webhook_endpoints"


def test_an_endpoint_may_be_of_todays_version_or_of_the_accounts(stripe: Account) -> None:
    hook = stripe.post(HOOKS, url=URL, enabled_events=["*"], api_version=API_VERSION)
    assert hook["api_version"] == API_VERSION
    assert stripe.post(HOOKS, url=URL, enabled_events=["*"])["api_version"] is None


@pytest.mark.parametrize(
    ("version", "code"), [("2024-06-20", "not_simulated"), ("2026-08-26.dahlia", "not_simulated"),
                          ("latest", None)]
)  # fmt: skip
def test_any_other_version_is_refused(stripe: Account, version: str, code: str | None) -> None:
    params = {"url": URL, "enabled_events": ["*"], "api_version": version}
    error = stripe.refused("POST", HOOKS, 400, **params)
    assert (error.get("code"), error["param"]) == (code, "api_version")
    assert version in error["message"]


@pytest.mark.parametrize(
    "kind", ["customer.subscription.update", "invoice.*", "paid", "Invoice.paid"]
)
def test_an_event_type_that_stripe_does_not_have_is_refused(stripe: Account, kind: str) -> None:
    error = stripe.refused("POST", HOOKS, 400, url=URL, enabled_events=["invoice.paid", kind])
    assert error["param"] == "enabled_events[1]"
    assert kind in error["message"]
    hook = stripe.post(HOOKS, url=URL, enabled_events=["*"])
    stripe.refused("POST", f"{HOOKS}/{hook['id']}", 400, enabled_events=[kind])


def test_each_endpoint_has_a_secret_of_its_own(stripe: Account) -> None:
    secrets = [stripe.post(HOOKS, url=URL, enabled_events=["*"])["secret"] for _ in range(3)]
    destinations = stripe.engine.world.deliveries.destinations.values()
    assert [each.secrets_at(START) for each in destinations] == [[secret] for secret in secrets]
    assert len(set(secrets)) == 3


def test_a_rolled_secret_signs_until_its_end(stripe: Account) -> None:
    hook = stripe.post(HOOKS, url=URL, enabled_events=["*"])
    world = stripe.engine.world
    rolled = roll_secret(world, hook["id"], 60)
    assert rolled["secret"] != hook["secret"]
    destination = world.deliveries.destinations[hook["id"]]
    assert destination.secrets_at(START + 59) == [rolled["secret"], hook["secret"]]
    assert destination.secrets_at(START + 60) == [rolled["secret"]]
    assert "secret" not in stripe.get(f"{HOOKS}/{hook['id']}")


def test_rolling_again_does_not_prolong_an_older_secret(stripe: Account) -> None:
    hook = stripe.post(HOOKS, url=URL, enabled_events=["*"])
    world = stripe.engine.world
    second = roll_secret(world, hook["id"], 60)["secret"]
    third = roll_secret(world, hook["id"], 3600)["secret"]
    destination = world.deliveries.destinations[hook["id"]]
    assert destination.secrets_at(START + 59) == [third, second, hook["secret"]]
    assert destination.secrets_at(START + 60) == [third, second]
    fourth = roll_secret(world, hook["id"], 0)["secret"]
    assert world.deliveries.destinations[hook["id"]].secrets_at(START) == [fourth]


def test_secrets_are_in_no_representation(stripe: Account) -> None:
    hook = stripe.post(HOOKS, url=URL, enabled_events=["*"])
    assert hook["secret"] not in repr(stripe.engine.world.deliveries.destinations)


def test_an_account_has_sixteen_endpoints_at_most(stripe: Account) -> None:
    hooks = [stripe.post(HOOKS, url=URL, enabled_events=["*"])["id"] for _ in range(16)]
    error = stripe.refused("POST", HOOKS, 400, url=URL, enabled_events=["*"])
    assert "maximum of 16" in error["message"]
    stripe.delete(f"{HOOKS}/{hooks[0]}")
    stripe.post(HOOKS, url=URL, enabled_events=["*"])
