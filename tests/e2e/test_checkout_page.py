"""A person pays, authenticates, saves a card or gives up on the hosted pages, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from stripe import StripeClient

from tests.contracts.stripe_simulator.server import served
from tests.support.waiting import eventually

GOOD = "4242 4242 4242 4242"
AUTHENTICATED = "4000 0000 0000 3220"
NewSession = Callable[..., Any]


@pytest.fixture
def url() -> Iterator[str]:
    with served(delayed_payment_seconds=0.2) as where:
        yield where


@pytest.fixture
def stripe(url: str) -> Any:
    return StripeClient("sk_test_x", base_addresses={"api": url}).v1


@pytest.fixture
def price(stripe: Any) -> Any:
    amount = {"currency": "usd", "unit_amount": 1900, "recurring": {"interval": "month"}}
    return stripe.prices.create({**amount, "product_data": {"name": "Standard"}})


@pytest.fixture
def new_session(stripe: Any, url: str, price: Any) -> NewSession:
    def create(**params: Any) -> Any:
        usual = {
            "mode": "subscription",
            "line_items": [{"price": price.id, "quantity": 1}],
            "success_url": f"{url}/_sim/returned?session_id={{CHECKOUT_SESSION_ID}}",
            "cancel_url": f"{url}/_sim/returned?canceled",
        }
        return stripe.checkout.sessions.create({**usual, **params})

    return create


def fill_in_card(page: Page, number: str = GOOD) -> None:
    if page.get_by_label("Email").count():
        page.get_by_label("Email").fill("customer@example.test")
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiration").fill("12 / 34")
    page.get_by_label("CVC").fill("123")
    page.get_by_label("Cardholder name").fill("Test Customer")
    page.get_by_label("ZIP").fill("10115")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def test_a_promotion_code_lowers_the_price_until_it_is_removed(
    page: Page, stripe: Any, new_session: NewSession
) -> None:
    coupon = stripe.coupons.create({"percent_off": 25, "duration": "forever"})
    promotion = {"type": "coupon", "coupon": coupon.id}
    stripe.promotion_codes.create({"code": "SPRING", "promotion": promotion})
    session = new_session(allow_promotion_codes=True)
    page.goto(session.url)

    page.get_by_label("Promotion code").fill("autumn")
    press(page, "Apply")
    expect(page.get_by_label("Promotion code")).to_have_accessible_description(
        "This code is invalid."
    )
    page.get_by_label("Promotion code").fill("spring")
    press(page, "Apply")
    expect(page.locator("#due")).to_have_text("$14.25")
    press(page, "Remove the promotion code SPRING")
    expect(page.locator("#due")).to_have_text("$19.00")

    page.get_by_label("Promotion code").fill("SPRING")
    press(page, "Apply")
    fill_in_card(page)
    press(page, "Subscribe")
    expect(page.locator("#session")).to_have_text(session.id)
    assert stripe.checkout.sessions.retrieve(session.id).amount_total == 1425


def test_the_quantity_is_adjusted_within_its_limits(
    page: Page, price: Any, new_session: NewSession
) -> None:
    limits = {"enabled": True, "maximum": 5}
    line = {"price": price.id, "quantity": 1, "adjustable_quantity": limits}
    page.goto(new_session(line_items=[line]).url)
    page.get_by_label("Quantity").fill("9")
    press(page, "Update the quantity")
    expect(page.get_by_label("Quantity")).to_have_accessible_description(
        "The quantity must be between 0 and 5."
    )
    page.get_by_label("Quantity").fill("3")
    press(page, "Update the quantity")
    expect(page.locator("#due")).to_have_text("$57.00")


def test_who_authenticates_has_subscribed(page: Page, stripe: Any, new_session: NewSession) -> None:
    session = new_session()
    page.goto(session.url)
    fill_in_card(page, AUTHENTICATED)
    press(page, "Subscribe")
    assert stripe.checkout.sessions.retrieve(session.id).status == "open"
    press(page, "Complete authentication")
    expect(page.locator("#session")).to_have_text(session.id)
    assert stripe.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_who_fails_to_authenticate_is_back_on_the_page_and_can_try_again(
    page: Page, stripe: Any, new_session: NewSession
) -> None:
    session = new_session()
    page.goto(session.url)
    fill_in_card(page, AUTHENTICATED)
    press(page, "Subscribe")
    press(page, "Fail authentication")
    expect(page.get_by_role("alert")).to_contain_text("unable to authenticate")
    assert stripe.subscriptions.list({"status": "all"}).data == []
    fill_in_card(page)
    press(page, "Subscribe")
    expect(page.locator("#session")).to_have_text(session.id)


@pytest.mark.parametrize(("account", "outcome"), [("6789", "succeeded"), ("2227", "failed")])
def test_a_bank_debit_is_on_its_way_first(
    page: Page, stripe: Any, new_session: NewSession, account: str, outcome: str
) -> None:
    session = new_session(allowed_payment_method_types=["card", "us_bank_account"])
    page.goto(session.url)
    page.get_by_label("US bank account").check()
    expect(page.get_by_label("Card number")).to_be_hidden()
    page.get_by_label("Email").fill("customer@example.test")
    option = page.get_by_label("Test account").locator("option", has_text=account)
    page.get_by_label("Test account").select_option(option.get_attribute("value"))
    page.get_by_label("Name on the account").fill("Test Customer")
    press(page, "Subscribe")
    expect(page.locator("#session")).to_have_text(session.id)

    told = f"checkout.session.async_payment_{outcome}"
    eventually(lambda: stripe.events.list({"type": told}).data, told)
    paid = stripe.checkout.sessions.retrieve(session.id).payment_status
    assert paid == ("paid" if outcome == "succeeded" else "unpaid")


def test_a_card_is_saved_without_a_payment(
    page: Page, stripe: Any, new_session: NewSession
) -> None:
    customer = stripe.customers.create({"email": "customer@example.test"})
    session = new_session(mode="setup", currency="usd", customer=customer.id, line_items=None)
    page.goto(session.url)
    expect(page.get_by_text("Nothing is charged now.")).to_be_visible()
    fill_in_card(page)
    press(page, "Save")
    expect(page.locator("#session")).to_have_text(session.id)
    assert len(stripe.payment_methods.list({"customer": customer.id}).data) == 1
    assert stripe.charges.list().data == []


def test_who_goes_back_has_bought_nothing(page: Page, new_session: NewSession) -> None:
    page.goto(new_session().url)
    page.get_by_role("link", name="Back").click()
    expect(page.get_by_text("went back without paying")).to_be_visible()


def test_an_expired_order_is_started_over(page: Page, stripe: Any, new_session: NewSession) -> None:
    session = new_session(after_expiration={"recovery": {"enabled": True}})
    stripe.checkout.sessions.expire(session.id)
    page.goto(session.url)
    expect(page.get_by_role("heading")).to_have_text("This checkout session has expired")
    page.get_by_role("link", name="Start over").click()
    expect(page.get_by_label("Card number")).to_be_visible()


def test_an_invoice_is_paid_on_its_page(page: Page, stripe: Any, price: Any) -> None:
    customer = stripe.customers.create({"email": "customer@example.test"})
    subscription = stripe.subscriptions.create(
        {
            "customer": customer.id,
            "items": [{"price": price.id}],
            "payment_behavior": "default_incomplete",
        }
    )
    invoice = stripe.invoices.retrieve(subscription.latest_invoice)
    page.goto(invoice.hosted_invoice_url)
    fill_in_card(page, "4000 0000 0000 9995")
    press(page, "Pay $19.00")
    expect(page.get_by_role("alert")).to_have_text("Your card has insufficient funds.")
    fill_in_card(page, AUTHENTICATED)
    press(page, "Pay $19.00")
    press(page, "Fail authentication")
    expect(page.get_by_role("alert")).to_contain_text("unable to authenticate")
    fill_in_card(page, AUTHENTICATED)
    press(page, "Pay $19.00")
    press(page, "Complete authentication")
    expect(page.locator("#state")).to_have_text("Paid")
    assert stripe.subscriptions.retrieve(subscription.id).status == "active"


@pytest.mark.parametrize(("button", "outcome"), [("Complete", "succeeded"), ("Fail", "failed")])
def test_an_intent_made_by_the_api_returns_to_its_app(
    page: Page, stripe: Any, url: str, button: str, outcome: str
) -> None:
    intent = stripe.payment_intents.create(
        {
            "amount": 1900,
            "currency": "usd",
            "confirm": True,
            "payment_method": "pm_card_threeDSecure2Required",
            "return_url": f"{url}/_sim/returned?order=1",
        }
    )
    page.goto(intent.next_action.redirect_to_url.url)
    press(page, f"{button} authentication")
    expect(page.get_by_role("heading")).to_have_text("Returned to your app")
    assert f"order=1&payment_intent={intent.id}" in page.url
    assert page.url.endswith(f"redirect_status={outcome}")
