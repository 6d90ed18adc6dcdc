"""The official SDK, from a test clock to a refund: billing as an application does it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

# The SDK itself passes bytes in a way that httpx has come to frown on.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=")

START = 1_800_000_000
DAY, HOUR = 86400, 3600


def price_of(client: Any, amount: int = 1900) -> str:
    product = client.v1.products.create({"name": "Standard"})
    given = {"currency": "usd", "unit_amount": amount, "recurring": {"interval": "month"}}
    return str(client.v1.prices.create({"product": product.id, **given}).id)


def customer_of(client: Any, **params: Any) -> str:
    customer = client.v1.customers.create({"email": "customer@example.test", **params})
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    default = {"default_payment_method": method.id}
    client.v1.customers.update(customer.id, {"invoice_settings": default})
    return str(customer.id)


def subscribe(client: Any, customer: str, **params: Any) -> Any:
    items = [{"price": price_of(client)}]
    return client.v1.subscriptions.create({"customer": customer, "items": items, **params})


def test_a_test_clock_renews_a_subscription(client: Any) -> None:
    clocks = client.v1.test_helpers.test_clocks
    clock = clocks.create({"frozen_time": START, "name": "A month"})
    customer = customer_of(client, test_clock=clock.id)
    subscription = subscribe(client, customer)
    for days in (31, 32):  # the renewal is a draft for an hour
        clocks.advance(clock.id, {"frozen_time": START + days * DAY})
    assert clocks.retrieve(clock.id).status == "ready"
    invoices = client.v1.invoices.list({"subscription": subscription.id}).data
    assert [(invoice.billing_reason, invoice.status) for invoice in invoices] == [
        ("subscription_cycle", "paid"),
        ("subscription_create", "paid"),
    ]
    clocks.delete(clock.id)
    assert client.v1.customers.retrieve(customer).deleted is True


def test_lists_leave_out_what_is_on_a_test_clock(client: Any) -> None:
    """The SDK's own words on `test_clock` among the parameters of these lists."""
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": START}).id
    customer = customer_of(client, test_clock=clock)
    subscription = subscribe(client, customer)
    client.v1.subscription_schedules.create({"from_subscription": subscription.id})
    for lists in (client.v1.subscriptions, client.v1.subscription_schedules, client.v1.invoices):
        assert customer not in {found.customer for found in lists.list({"limit": 100}).data}
        assert [found.customer for found in lists.list({"customer": customer}).data] == [customer]
    for lists, whose in ((client.v1.subscriptions, "customer"), (client.v1.customers, "id")):
        assert [found[whose] for found in lists.list({"test_clock": clock}).data] == [customer]
    assert customer not in {found.id for found in client.v1.customers.list({"limit": 100}).data}


def test_a_preview_promises_what_the_change_bills(client: Any) -> None:
    subscription = subscribe(client, customer_of(client))
    item = subscription["items"].data[0].id
    change: Any = {
        "items": [{"id": item, "price": price_of(client, 4900)}],
        "proration_behavior": "always_invoice",
    }
    preview = client.v1.invoices.create_preview(
        {"subscription": subscription.id, "subscription_details": change}
    )
    changed = client.v1.subscriptions.update(subscription.id, change)
    billed = client.v1.invoices.retrieve(changed.latest_invoice)
    assert billed.id != subscription.latest_invoice
    assert (preview.total, preview.amount_due) == (billed.total, billed.amount_due)
    assert [line.amount for line in preview.lines.data] == [
        line.amount for line in billed.lines.data
    ]


def test_a_payment_is_refunded_in_parts(client: Any) -> None:
    intent = client.v1.payment_intents.create(
        {"amount": 1999, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa",
         "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}
    )  # fmt: skip
    for amount in (500, 1499):
        refund = client.v1.refunds.create({"payment_intent": intent.id, "amount": amount})
        assert refund.status == "succeeded"
    charge = client.v1.charges.retrieve(intent.latest_charge)
    assert (charge.refunded, charge.amount_refunded) == (True, 1999)


def test_a_change_is_planned_by_a_schedule(client: Any) -> None:
    subscription = subscribe(client, customer_of(client))
    schedule = client.v1.subscription_schedules.create({"from_subscription": subscription.id})
    phase = schedule.phases[0]
    later = price_of(client, 900)
    now: Any = {
        "items": [{"price": phase["items"][0].price, "quantity": 1}],
        "start_date": phase.start_date,
        "end_date": phase.end_date,
    }
    phases = [now, {"items": [{"price": later}], "duration": {"interval": "month"}}]
    planned = client.v1.subscription_schedules.update(schedule.id, {"phases": phases})
    assert planned.phases[1]["items"][0].price == later
    assert client.v1.subscription_schedules.release(schedule.id).status == "released"


def test_a_promotion_code_makes_it_cheaper(client: Any) -> None:
    coupon = client.v1.coupons.create({"percent_off": 25, "duration": "once"})
    code = client.v1.promotion_codes.create(
        {
            "promotion": {"type": "coupon", "coupon": coupon.id},
            "code": f"SPRING{uuid4().hex[:8].upper()}",
        }
    )
    discounts = [{"promotion_code": code.id}]
    subscription = subscribe(client, customer_of(client), discounts=discounts)
    invoice = client.v1.invoices.retrieve(subscription.latest_invoice)
    assert (invoice.total, invoice.total_discount_amounts[0].amount) == (1425, 475)


def test_the_portal_is_opened(client: Any) -> None:
    configuration = client.v1.billing_portal.configurations.create(
        {"features": {"invoice_history": {"enabled": True}}}
    )
    session = client.v1.billing_portal.sessions.create(
        {
            "customer": customer_of(client),
            "configuration": configuration.id,
            "return_url": "https://app.example.com/account",
        }
    )
    assert session.url.startswith("http")
    assert session.configuration == configuration.id
