"""Meters, the events that they add up, and prices by usage."""

from __future__ import annotations

from tests.unit.stripe_simulator.account import DAY, START, Account


def use(stripe: Account) -> None:
    url = "/v1/billing/meters"
    meter = stripe.post(
        url,
        display_name="Searches",
        event_name="search",
        default_aggregation={"formula": "sum"},
    )
    path = f"{url}/{meter['id']}"
    stripe.post(path, display_name="All searches")
    stripe.get(path)
    stripe.get(url, status="active")
    customer = stripe.customer()["id"]
    event = {
        "event_name": "search",
        "identifier": "first",
        "payload": {"stripe_customer_id": customer, "value": 7},
    }
    stripe.post("/v1/billing/meter_events", **event)
    times = {"start_time": START - START % 60, "end_time": START - START % 60 + 60}
    stripe.get(f"{path}/event_summaries", customer=customer, **times)
    cancel = {"event_name": "search", "type": "cancel", "cancel": {"identifier": "first"}}
    stripe.post("/v1/billing/meter_event_adjustments", **cancel)
    price = stripe.post(
        "/v1/prices",
        currency="usd",
        unit_amount_decimal="0.5",
        product_data={"name": "Searches"},
        recurring={"interval": "month", "usage_type": "metered", "meter": meter["id"]},
    )
    stripe.post("/v1/subscriptions", customer=customer, items=[{"price": price["id"]}])
    stripe.post("/v1/billing/meter_events", **{**event, "identifier": "second"})
    stripe.wait(31 * DAY)
    stripe.get("/v1/invoices", customer=customer)
    stripe.post(f"{path}/deactivate")
    stripe.post(f"{path}/reactivate")
