"""Webhook endpoints, events, and the CLI that listens to them."""

from __future__ import annotations

from tests.unit.stripe_simulator.account import Account


def use(stripe: Account) -> None:
    endpoint = stripe.post(
        "/v1/webhook_endpoints", url="https://x.example/hook", enabled_events=["*"]
    )
    path = f"/v1/webhook_endpoints/{endpoint['id']}"
    stripe.post(path, disabled="true")
    stripe.get(path)
    stripe.get("/v1/webhook_endpoints")
    stripe.post(path, disabled="false")
    stripe.customer()
    events = stripe.get("/v1/events", limit=100)
    event = f"/v1/events/{events['data'][0]['id']}"
    stripe.get(event)
    stripe.post(f"{event}/retry", webhook_endpoint=endpoint["id"])
    stripe.delete(path)
    stripe.post("/v1/stripecli/sessions", device_name="laptop", websocket_features=["webhooks"])
