"""The official CLI over real HTTP: its commands, and its fixtures that trigger events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.stripe_simulator.clients import Clients
from tests.contracts.stripe_simulator.server import Receiver, served
from tests.support.waiting import eventually

# What `stripe trigger` makes, by the fixtures that the CLI brings.
TRIGGERED = (
    "billing_portal.configuration.created",
    "billing_portal.configuration.updated",
    "billing_portal.session.created",
    "charge.captured",
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.failed",
    "charge.refunded",
    "charge.succeeded",
    "checkout.session.completed",
    "checkout.session.expired",
    "coupon.created",
    "coupon.deleted",
    "coupon.updated",
    "customer.created",
    "customer.deleted",
    "customer.subscription.created",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.trial_will_end",
    "customer.subscription.updated",
    "customer.updated",
    "invoice.created",
    "invoice.deleted",
    "invoice.finalized",
    "invoice.marked_uncollectible",
    "invoice.paid",
    "invoice.payment_action_required",
    "invoice.payment_failed",
    "invoice.payment_succeeded",
    "invoice.sent",
    "invoice.updated",
    "invoice.voided",
    "invoiceitem.created",
    "invoiceitem.deleted",
    "payment_intent.canceled",
    "payment_intent.created",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "payment_method.attached",
    "payment_method.detached",
    "payment_method.updated",
    "price.created",
    "price.updated",
    "product.created",
    "product.deleted",
    "product.updated",
    "setup_intent.canceled",
    "setup_intent.created",
    "setup_intent.requires_action",
    "setup_intent.setup_failed",
    "setup_intent.succeeded",
    "tax_rate.created",
    "tax_rate.updated",
    "test_helpers.test_clock.advancing",
    "test_helpers.test_clock.created",
    "test_helpers.test_clock.deleted",
    "test_helpers.test_clock.ready",
)
# Fixtures that ask for what this API version no longer has, or the simulator hasn't.
OUTDATED = {
    "customer.discount.created": "Received unknown parameter: coupon",
    "promotion_code.created": "Received unknown parameter: coupon",
    "subscription_schedule.completed": "Received unknown parameter: phases[0][iterations]",
    "subscription_schedule.created": "The local Stripe does not simulate sources",
}


class Cli(Clients):
    def __call__(self, *arguments: str | Path) -> str:
        ended = self.cli(*arguments)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments))


@pytest.fixture
def stripe(tmp_path: Path) -> Iterator[Cli]:
    with served(delayed_payment_seconds=0.0) as address:
        yield Cli(address, tmp_path)


def test_it_gets_posts_and_deletes(stripe: Cli) -> None:
    made = stripe.json("post", "/v1/customers", "-d", "name=Test Customer", "-d", "metadata[a]=b")
    assert (made["name"], made["metadata"]) == ("Test Customer", {"a": "b"})
    path = f"/v1/customers/{made['id']}"
    assert stripe.json("get", path) == made
    deleted = stripe.json("delete", path, "--confirm")
    assert deleted == {"id": made["id"], "object": "customer", "deleted": True}
    assert stripe.json("get", path) == deleted


def test_its_resource_commands_make_change_and_list(stripe: Cli) -> None:
    product = stripe.json("products", "create", "--name", "Plus", "-d", "metadata[tier]=2")
    price = stripe.json("prices", "create", "--product", product["id"], "--unit-amount=1900",
                        "--currency=usd", "-d", "recurring[interval]=month")  # fmt: skip
    assert price["recurring"]["interval"] == "month"
    assert stripe.json("products", "update", product["id"], "--name=Max")["name"] == "Max"
    customer = stripe.json("customers", "create", "--email=cli@example.test")
    found = stripe.json("customers", "list", "--limit=1")
    assert [each["id"] for each in found["data"]] == [customer["id"]]


def test_it_shows_an_error_as_stripe_words_it(stripe: Cli) -> None:
    error = stripe.json("customers", "retrieve", "cus_none")["error"]
    assert error["message"] == "No such customer: 'cus_none'"
    assert error["code"] == "resource_missing"


def test_it_repeats_by_idempotency_key(stripe: Cli) -> None:
    command = ("post", "/v1/customers", "-d", "name=Once", "--idempotency", "cli-once")
    assert stripe.json(*command) == stripe.json(*command)


def test_it_resends_an_event(stripe: Cli) -> None:
    with Receiver().running() as receiver:
        endpoint = stripe.json("webhook_endpoints", "create", f"--url={receiver.url}",
                               "-d", "enabled_events[]=product.created")  # fmt: skip
        product = stripe.json("products", "create", "--name=Plus")
        eventually(lambda: len(receiver.requests) == 1, "the delivery")
        event = json.loads(receiver.requests[0].body)
        assert event["data"]["object"]["id"] == product["id"]
        stripe("events", "resend", event["id"], "--webhook-endpoint", endpoint["id"])
        eventually(lambda: len(receiver.requests) == 2, "the delivery")
        assert json.loads(receiver.requests[1].body)["id"] == event["id"]


def test_it_runs_fixtures_of_ones_own(stripe: Cli, tmp_path: Path) -> None:
    customer = {"name": "customer", "path": "/v1/customers", "method": "post",
                "params": {"name": "Fixture"}}  # fmt: skip
    card = {"name": "card", "path": "/v1/payment_methods/pm_card_visa/attach", "method": "post",
            "params": {"customer": "${customer:id}"}}  # fmt: skip
    file = tmp_path / "fixtures.json"
    file.write_text(json.dumps({"_meta": {"template_version": 0}, "fixtures": [customer, card]}))
    stripe("fixtures", file)
    made = stripe.json("customers", "list", "--limit=1")["data"][0]
    methods = stripe.json("get", f"/v1/customers/{made['id']}/payment_methods")
    assert (made["name"], len(methods["data"])) == ("Fixture", 1)


@pytest.mark.parametrize("event_type", TRIGGERED)
def test_what_it_triggers_happens(stripe: Cli, event_type: str) -> None:
    stripe("trigger", event_type)
    events = stripe.json("events", "list", "--type", event_type, "--limit=1")["data"]
    assert [event["type"] for event in events] == [event_type]


@pytest.mark.parametrize("event_type", OUTDATED)
def test_a_fixture_that_is_out_of_date_is_refused_in_words(stripe: Cli, event_type: str) -> None:
    ended = stripe.cli("trigger", event_type)
    assert ended.returncode == 1
    assert OUTDATED[event_type] in ended.stderr
