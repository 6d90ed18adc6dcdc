"""A person manages a subscription in the customer portal, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from stripe import StripeClient

from tests.contracts.stripe_simulator.server import served


@pytest.fixture
def stripe() -> Iterator[Any]:
    with served() as url:
        yield StripeClient("sk_test_x", base_addresses={"api": url}).v1


@pytest.fixture
def subscription(stripe: Any) -> Any:
    price = {
        "currency": "usd",
        "unit_amount": 1900,
        "recurring": {"interval": "month"},
        "product_data": {"name": "Standard"},
    }
    customer = stripe.customers.create({"email": "customer@example.test"})
    method = stripe.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    default = {"invoice_settings": {"default_payment_method": method.id}}
    stripe.customers.update(customer.id, default)
    items = [{"price": stripe.prices.create(price).id}]
    return stripe.subscriptions.create({"customer": customer.id, "items": items})


@pytest.fixture
def portal(stripe: Any, subscription: Any, page: Page) -> Page:
    session = stripe.billing_portal.sessions.create({"customer": subscription.customer})
    page.goto(session.url)
    return page


def test_a_customer_cancels_and_thinks_better_of_it(
    stripe: Any, subscription: Any, portal: Page
) -> None:
    portal.get_by_role("link", name="Cancel plan").click()
    portal.get_by_label("I no longer need it").check()
    portal.get_by_role("button", name="Cancel plan").click()
    expect(portal.get_by_text("Your plan ends on")).to_be_visible()
    canceled = stripe.subscriptions.retrieve(subscription.id)
    assert canceled.cancellation_details.feedback == "unused"
    portal.get_by_role("button", name="Don't cancel plan").click()
    expect(portal.get_by_role("link", name="Cancel plan")).to_be_visible()
    assert stripe.subscriptions.retrieve(subscription.id).cancel_at is None


def test_a_customer_pays_with_another_card(stripe: Any, subscription: Any, portal: Page) -> None:
    portal.get_by_role("link", name="Add payment method").click()
    portal.get_by_label("Card number").fill("4000 0000 0000 0002")
    portal.get_by_label("Expiration").fill("12 / 34")
    portal.get_by_label("CVC").fill("123")
    portal.get_by_label("Cardholder name").fill("Test Customer")
    portal.get_by_label("ZIP").fill("10115")
    portal.get_by_role("button", name="Add").click()
    expect(portal.get_by_text("Your card was declined.")).to_be_visible()
    portal.get_by_label("Card number").fill("5555 5555 5555 4444")
    portal.get_by_label("Expiration").fill("12 / 34")
    portal.get_by_label("CVC").fill("123")
    portal.get_by_role("button", name="Add").click()
    shown = portal.get_by_role("listitem").filter(has_text="Mastercard •••• 4444")
    expect(shown.get_by_text("Default", exact=True)).to_be_visible()
    customer = stripe.customers.retrieve(subscription.customer)
    method = stripe.payment_methods.retrieve(customer.invoice_settings.default_payment_method)
    assert method.card.last4 == "4444"
