"""Events: what they say, where they go, and how often that is tried."""

from typing import Any

from local.stripe_simulator.deliveries import RETRY_DELAYS, Delivery
from tests.unit.stripe_simulator.account import DAY, START, Account


def endpoint(stripe: Account, *enabled: str) -> dict[str, Any]:
    return stripe.post(
        "/v1/webhook_endpoints",
        url="http://127.0.0.1:1/hook",
        enabled_events=list(enabled) or ["*"],
    )


def types(deliveries: list[Delivery]) -> list[str]:
    return [delivery.kind for delivery in deliveries]


def test_an_event_is_a_snapshot_and_names_its_request(stripe: Account) -> None:
    key = {"Idempotency-Key": "op-1"}
    created = stripe.request("POST", "/v1/customers", {"name": "Test Customer"}, **key)
    customer = created.json()
    stripe.wait(5)
    stripe.post(f"/v1/customers/{customer['id']}", name="Renamed Customer")
    event = stripe.events()[0]
    assert event["data"] == {"object": customer}
    assert event["created"] == START
    assert event["api_version"] == "2026-10-28.endive"
    assert event["request"] == {
        "id": created.headers["Request-Id"],
        "idempotency_key": "op-1",
    }
    assert stripe.get(f"/v1/events/{event['id']}") == event


def test_no_event_changes_after_it_was_made(stripe: Account) -> None:
    """Stored objects are never changed in place: whatever happens later, snapshots stay."""
    stripe.pay(stripe.session())
    subscription = stripe.subscribe("pm_card_chargeCustomerFail")
    then = stripe.events()
    stripe.wait(29 * DAY)
    stripe.delete(f"/v1/customers/{subscription['customer']}")
    for event in then:
        found = stripe.engine.world.store.find(event["id"])
        assert found is not None
        assert found["data"] == event["data"]


def test_events_are_filtered_by_type_and_wildcard(stripe: Account) -> None:
    stripe.subscribe()
    assert len(stripe.events(type="invoice.paid")) == 1
    by_wildcard = {event["type"] for event in stripe.events(type="invoice.*")}
    assert "invoice.paid" in by_wildcard
    assert all(kind.startswith("invoice.") for kind in by_wildcard)
    chosen = {event["type"] for event in stripe.events(types=["invoice.paid", "price.created"])}
    assert chosen == {"invoice.paid", "price.created"}
    stripe.wait(10)
    stripe.post("/v1/products", name="Later")
    assert len(stripe.events(created={"gte": START + 1})) == 1


def test_events_are_kept_for_30_days(stripe: Account) -> None:
    stripe.post("/v1/products", name="Standard")
    event = stripe.events()[0]
    stripe.wait(30 * DAY)
    assert stripe.get(f"/v1/events/{event['id']}") == event
    stripe.wait(1)
    assert stripe.events() == []
    stripe.refused("GET", f"/v1/events/{event['id']}", 404)


def test_the_secret_of_an_endpoint_is_shown_once(stripe: Account) -> None:
    created = endpoint(stripe)
    assert created["secret"].startswith("whsec_")
    assert "secret" not in stripe.get(f"/v1/webhook_endpoints/{created['id']}")
    assert "secret" not in stripe.get("/v1/webhook_endpoints")["data"][0]


def test_an_endpoint_gets_the_events_it_enabled(stripe: Account) -> None:
    endpoint(stripe, "customer.created", "invoice.paid")
    endpoint(stripe, "invoice.paid")
    stripe.subscribe()
    found = types(stripe.engine.due_deliveries())
    assert found == ["customer.created", "invoice.paid", "invoice.paid"]


def test_a_disabled_or_deleted_endpoint_gets_nothing_more(stripe: Account) -> None:
    one, other = endpoint(stripe), endpoint(stripe)
    stripe.post(f"/v1/webhook_endpoints/{one['id']}", disabled="true")
    stripe.delete(f"/v1/webhook_endpoints/{other['id']}")
    stripe.post("/v1/products", name="Standard")
    assert stripe.engine.due_deliveries() == []
    stripe.post(f"/v1/webhook_endpoints/{one['id']}", disabled="false")
    stripe.post("/v1/products", name="Agency")
    assert len(stripe.engine.due_deliveries()) == 1


def test_a_delivery_is_handed_out_once_until_its_outcome_is_known(stripe: Account) -> None:
    endpoint(stripe)
    stripe.post("/v1/products", name="Standard")
    assert len(stripe.engine.due_deliveries()) == 1
    assert stripe.engine.due_deliveries() == []
    assert not stripe.engine.world.deliveries.settled


def test_pending_webhooks_falls_with_each_arrival(stripe: Account) -> None:
    endpoint(stripe)
    endpoint(stripe)
    stripe.post("/v1/products", name="Standard")
    assert stripe.events()[0]["pending_webhooks"] == 2
    first, second = stripe.engine.due_deliveries()
    stripe.engine.record_attempt(first, 200)
    assert stripe.events()[0]["pending_webhooks"] == 1
    stripe.engine.record_attempt(second, 204)
    assert stripe.events()[0]["pending_webhooks"] == 0
    assert stripe.engine.world.deliveries.settled


def test_a_failed_delivery_is_tried_again_with_growing_delays_and_then_given_up(
    stripe: Account,
) -> None:
    endpoint(stripe)
    stripe.post("/v1/products", name="Standard")
    for delay in RETRY_DELAYS:
        (delivery,) = stripe.engine.due_deliveries()
        stripe.engine.record_attempt(delivery, 500)
        stripe.wait(delay - 1)
        assert stripe.engine.due_deliveries() == []
        stripe.wait(1)
    (delivery,) = stripe.engine.due_deliveries()
    stripe.engine.record_attempt(delivery, None, "ConnectError: refused")
    assert delivery.state == "failed"
    assert len(delivery.attempts) == len(RETRY_DELAYS) + 1
    assert stripe.engine.world.deliveries.settled


def test_the_delays_scale_for_tests() -> None:
    stripe = Account.with_settings(delivery_retry_scale=0.001)
    endpoint(stripe)
    stripe.post("/v1/products", name="Standard")
    (delivery,) = stripe.engine.due_deliveries()
    stripe.engine.record_attempt(delivery, 503)
    assert delivery.next_attempt_at == START + 0.3
