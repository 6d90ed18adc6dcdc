"""Sending an event once more: by the API as the official CLI does, and what becomes of it."""

from typing import Any

import pytest

from local.stripe_simulator.chaos import Rule
from local.stripe_simulator.deliveries import RETRY_DELAYS, Delivery, Destination
from tests.unit.stripe_simulator.account import DAY, START, Account

URL = "http://127.0.0.1:1/hook"


def endpoint(stripe: Account, *enabled: str) -> str:
    created = stripe.post("/v1/webhook_endpoints", url=URL, enabled_events=list(enabled) or ["*"])
    return str(created["id"])


def partner_source(stripe: Account) -> Destination:
    """A partner event source that gets everything."""
    source = "aws.partner/stripe.com/ed_test_local"
    added = Destination("ed_test_local", "eventbridge", URL, ["*"], source=source)
    stripe.engine.world.deliveries.destinations[added.id] = added
    return added


def attempt(stripe: Account, status: int | None = 200) -> list[Delivery]:
    """Attempt what is due."""
    due = stripe.engine.due_deliveries()
    for delivery in due:
        stripe.engine.record_attempt(delivery, status)
    return due


def event(stripe: Account) -> dict[str, Any]:
    """The event of a new product."""
    stripe.post("/v1/products", name="Standard")
    return stripe.events()[-1]


def test_an_event_is_resent_to_the_endpoint_named(stripe: Account) -> None:
    first, second = endpoint(stripe), endpoint(stripe)
    sent = event(stripe)
    assert len(attempt(stripe)) == 2
    answer = stripe.post(f"/v1/events/{sent['id']}/retry", webhook_endpoint=second)
    assert (answer["id"], answer["pending_webhooks"]) == (sent["id"], 0)
    (delivery,) = attempt(stripe)
    assert (delivery.event_id, delivery.destination.id) == (sent["id"], second)
    assert first != second


def test_the_cli_resends_to_every_endpoint_that_wants_the_event_and_to_no_event_bus(
    stripe: Account,
) -> None:
    wanting = endpoint(stripe, "product.created")
    endpoint(stripe, "customer.created")
    partner_source(stripe)
    sent = event(stripe)
    assert len(attempt(stripe)) == 2
    stripe.post(f"/v1/events/{sent['id']}/retry", for_stripecli="true")
    assert [delivery.destination.id for delivery in attempt(stripe)] == [wanting]


def test_a_resend_is_one_attempt_and_leaves_the_retries_as_they_are(stripe: Account) -> None:
    hook = endpoint(stripe)
    sent = event(stripe)
    attempt(stripe, 500)
    stripe.post(f"/v1/events/{sent['id']}/retry", webhook_endpoint=hook)
    (resent,) = attempt(stripe, 500)
    assert (resent.by_hand, resent.state) == (True, "failed")
    stripe.wait(RETRY_DELAYS[0])
    (retried,) = attempt(stripe)
    assert not retried.by_hand
    assert attempt(stripe) == []


def test_a_resend_that_arrives_ends_the_waiting_of_a_failed_event(stripe: Account) -> None:
    hook = endpoint(stripe)
    stripe.engine.world.deliveries.chaos = [Rule(drop=True)]
    sent = event(stripe)
    assert [each["id"] for each in stripe.events(delivery_success="false")] == [sent["id"]]
    stripe.post(f"/v1/events/{sent['id']}/retry", webhook_endpoint=hook)
    attempt(stripe)
    assert stripe.events(delivery_success="false") == []
    assert stripe.get(f"/v1/events/{sent['id']}")["pending_webhooks"] == 0


def test_what_cannot_be_resent_is_refused(stripe: Account) -> None:
    hook = endpoint(stripe)
    bus = partner_source(stripe)
    path = f"/v1/events/{event(stripe)['id']}/retry"
    attempt(stripe)
    assert stripe.refused("POST", "/v1/events/evt_none/retry", 404)["code"] == "resource_missing"
    unknown = stripe.refused("POST", path, 400, webhook_endpoint="we_none")
    assert (unknown["code"], unknown["param"]) == ("resource_missing", "webhook_endpoint")
    assert "EventBridge" in stripe.refused("POST", path, 400, webhook_endpoint=bus.id)["message"]
    assert stripe.refused("POST", path, 400, account="acct_1")["code"] == "not_simulated"
    stripe.post(f"/v1/webhook_endpoints/{hook}", disabled="true")
    assert "disabled" in stripe.refused("POST", path, 400, webhook_endpoint=hook)["message"]
    assert attempt(stripe) == []


def test_a_refused_resend_sends_nothing(stripe: Account) -> None:
    endpoint(stripe)
    path = f"/v1/events/{event(stripe)['id']}/retry"
    stripe.refused("POST", path, 400, expand=["created.by"])
    assert len(attempt(stripe)) == 1
    assert stripe.events()[-1]["pending_webhooks"] == 0
    assert stripe.engine.world.deliveries.settled


@pytest.mark.parametrize("ended_by", ["disabled", "deleted"])
def test_retries_end_when_the_endpoint_is_disabled_or_deleted(
    stripe: Account, ended_by: str
) -> None:
    hook = endpoint(stripe)
    event(stripe)
    (delivery,) = attempt(stripe, 500)
    if ended_by == "disabled":
        stripe.post(f"/v1/webhook_endpoints/{hook}", disabled="true")
    else:
        stripe.delete(f"/v1/webhook_endpoints/{hook}")
    stripe.wait(RETRY_DELAYS[0])
    assert attempt(stripe) == []
    assert delivery.state == "canceled"
    assert stripe.engine.world.deliveries.settled


def test_an_endpoint_disabled_between_two_retries_goes_on_getting_them(stripe: Account) -> None:
    hook = endpoint(stripe)
    event(stripe)
    attempt(stripe, 500)
    stripe.post(f"/v1/webhook_endpoints/{hook}", disabled="true")
    stripe.post(f"/v1/webhook_endpoints/{hook}", disabled="false")
    stripe.wait(RETRY_DELAYS[0])
    assert len(attempt(stripe)) == 1


def test_retries_take_three_days() -> None:
    assert 2.5 * DAY < sum(RETRY_DELAYS) <= 3 * DAY
    assert sorted(RETRY_DELAYS) == list(RETRY_DELAYS)


def test_deliveries_are_forgotten_with_their_events_whether_they_ended_or_not(
    stripe: Account,
) -> None:
    endpoint(stripe)
    event(stripe)
    attempt(stripe)
    stripe.wait(DAY)
    event(stripe)
    deliveries = stripe.engine.world.deliveries
    assert len(list(deliveries)) == 2
    deliveries.forget_before(START + DAY)
    assert [delivery.created for delivery in deliveries] == [START + DAY]
    assert [delivery.state for delivery in deliveries] == ["pending"]
    deliveries.forget_before(START + 2 * DAY)
    assert list(deliveries) == []
    assert attempt(stripe) == []
    assert deliveries.settled
    event(stripe)
    assert len(attempt(stripe)) == 1


def test_an_attempt_says_what_came_back_and_how_long_it_took(stripe: Account) -> None:
    endpoint(stripe)
    event(stripe)
    (delivery,) = stripe.engine.due_deliveries()
    stripe.engine.record_attempt(delivery, 503, None, "down for maintenance", 0.25)
    (made,) = delivery.attempts
    assert (made.at, made.status, made.error) == (START, 503, None)
    assert (made.response, made.duration) == ("down for maintenance", 0.25)
    assert not made.succeeded
