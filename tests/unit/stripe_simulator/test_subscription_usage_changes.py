"""What was used of a metered item is billed whatever becomes of the item."""

from __future__ import annotations

from typing import Any

from tests.unit.stripe_simulator.account import DAY, START, Account

Json = dict[str, Any]


def subscribe(stripe: Account) -> tuple[Json, Json]:
    """A subscription with a flat and a metered item of which 7 were used in ten days."""
    meter = stripe.post(
        "/v1/billing/meters",
        display_name="Calls",
        event_name="calls",
        default_aggregation={"formula": "sum"},
    )
    product = stripe.post("/v1/products", name="Calls")
    metered = stripe.post(
        "/v1/prices",
        product=product["id"],
        currency="usd",
        unit_amount=10,
        recurring={"interval": "month", "usage_type": "metered", "meter": meter["id"]},
    )
    customer = stripe.customer()
    subscription = stripe.post(
        "/v1/subscriptions",
        customer=customer["id"],
        items=[{"price": stripe.price(3100)["id"]}, {"price": metered["id"]}],
    )
    stripe.wait(9 * DAY)
    payload = {"stripe_customer_id": customer["id"], "value": "7"}
    stripe.post("/v1/billing/meter_events", event_name="calls", payload=payload)
    stripe.wait(DAY)
    return subscription, subscription["items"]["data"][1]


def pending(stripe: Account, subscription: Json) -> list[int]:
    found = stripe.get("/v1/invoiceitems", customer=subscription["customer"])["data"]
    return sorted(item["amount"] for item in found if item["invoice"] is None)


def test_an_item_that_goes_is_billed_for_its_usage(stripe: Account) -> None:
    subscription, metered = subscribe(stripe)
    stripe.delete(f"/v1/subscription_items/{metered['id']}")
    assert pending(stripe, subscription) == [70]


def test_without_prorations_the_usage_is_not_billed(stripe: Account) -> None:
    subscription, metered = subscribe(stripe)
    stripe.delete(f"/v1/subscription_items/{metered['id']}", proration_behavior="none")
    assert pending(stripe, subscription) == []


def test_a_cycle_that_begins_anew_bills_the_usage_of_the_old_one(stripe: Account) -> None:
    subscription, _ = subscribe(stripe)
    path = f"/v1/subscriptions/{subscription['id']}"
    stripe.post(path, billing_cycle_anchor={"type": "now"})
    invoice = stripe.latest_invoice(subscription)
    assert sorted(line["amount"] for line in invoice["lines"]["data"]) == [-2100, 70, 3100]
    stripe.wait(31 * DAY)
    renewal = stripe.latest_invoice(subscription)
    assert renewal["period_end"] == START + 41 * DAY
    assert renewal["total"] == 3100


def test_a_pause_bills_the_usage_once(stripe: Account) -> None:
    subscription, _ = subscribe(stripe)
    path = f"/v1/subscriptions/{subscription['id']}"
    stripe.post(f"{path}/pause")
    assert pending(stripe, subscription) == [-2100, 70]
    stripe.wait(DAY)
    stripe.post(f"{path}/resume")
    assert stripe.latest_invoice(subscription)["total"] == 3100 - 2100 + 70


def test_a_pause_may_leave_the_usage(stripe: Account) -> None:
    subscription, _ = subscribe(stripe)
    none = {"outstanding_usage_through": {"type": "none"}, "unused_time_from": {"type": "none"}}
    stripe.post(f"/v1/subscriptions/{subscription['id']}/pause", bill_for=none)
    assert pending(stripe, subscription) == []
