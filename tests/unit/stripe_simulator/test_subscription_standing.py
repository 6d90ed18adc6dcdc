"""Which of its invoices a subscription's status goes by, and what brings it back to good standing.

Stripe's docs, "How subscriptions work": the status goes by the most recent invoice that isn't void;
paying it or marking it uncollectible makes a past due subscription active.
"""

from __future__ import annotations

import pytest

from tests.unit.stripe_simulator.account import DAY, HOUR, Account, Json

MONTH = 31 * DAY


def use_card(stripe: Account, customer: str, card: str) -> None:
    method = stripe.post(f"/v1/payment_methods/{card}/attach", customer=customer)
    default = {"default_payment_method": method["id"]}
    stripe.post(f"/v1/customers/{customer}", invoice_settings=default)


def path(subscription: Json) -> str:
    return f"/v1/subscriptions/{subscription['id']}"


def status(stripe: Account, subscription: Json) -> str:
    return str(stripe.get(path(subscription))["status"])


def past_due(stripe: Account) -> Json:
    """A subscription whose first renewal was declined."""
    subscription = stripe.subscribe()
    use_card(stripe, subscription["customer"], "pm_card_chargeCustomerFail")
    stripe.wait(MONTH + HOUR)
    assert status(stripe, subscription) == "past_due"
    return subscription


@pytest.mark.parametrize("ending", ["void", "mark_uncollectible"])
def test_writing_off_the_latest_invoice_makes_a_past_due_subscription_active(
    stripe: Account, ending: str
) -> None:
    subscription = past_due(stripe)
    invoice = stripe.latest_invoice(subscription)
    stripe.post(f"/v1/invoices/{invoice['id']}/{ending}")
    (*_, told) = stripe.events(type="customer.subscription.updated")
    assert told["data"]["previous_attributes"] == {"status": "past_due"}
    assert (told["data"]["object"]["status"], status(stripe, subscription)) == ("active", "active")


def test_writing_off_an_older_invoice_leaves_it_past_due() -> None:
    stripe = Account.with_settings(after_last_retry="leave_past_due")
    subscription = past_due(stripe)
    older = stripe.latest_invoice(subscription)
    stripe.wait(MONTH)
    assert stripe.latest_invoice(subscription)["id"] != older["id"]
    stripe.post(f"/v1/invoices/{older['id']}/mark_uncollectible")
    assert status(stripe, subscription) == "past_due"


def test_the_invoice_of_a_discarded_update_does_not_keep_it_past_due(stripe: Account) -> None:
    subscription = past_due(stripe)
    renewal = stripe.latest_invoice(subscription)
    stripe.post(
        path(subscription),
        items=[{"id": subscription["items"]["data"][0]["id"], "price": stripe.price(4900)["id"]}],
        payment_behavior="pending_if_incomplete",
        proration_behavior="always_invoice",
    )
    stripe.wait(DAY)
    assert stripe.latest_invoice(subscription)["status"] == "void"
    use_card(stripe, subscription["customer"], "pm_card_visa")
    stripe.post(f"/v1/invoices/{renewal['id']}/pay")
    assert status(stripe, subscription) == "active"


def test_writing_off_its_first_invoice_does_not_start_a_subscription(stripe: Account) -> None:
    subscription = stripe.subscribe("pm_card_chargeCustomerFail")
    stripe.post(f"/v1/invoices/{subscription['latest_invoice']}/mark_uncollectible")
    assert status(stripe, subscription) == "incomplete"


def test_a_first_debit_that_fails_later_makes_the_subscription_past_due(stripe: Account) -> None:
    session = stripe.session(allowed_payment_method_types=["card", "us_bank_account"])
    stripe.pay(session, "pm_usBankAccount_insufficientFunds")
    paid_for = stripe.get(f"/v1/checkout/sessions/{session['id']}")["subscription"]
    assert stripe.get(f"/v1/subscriptions/{paid_for}")["status"] == "active"
    stripe.wait(HOUR)
    assert stripe.get(f"/v1/subscriptions/{paid_for}")["status"] == "past_due"


def test_retries_of_an_older_invoice_do_not_end_what_is_paid_up(stripe: Account) -> None:
    subscription = past_due(stripe)
    renewal = stripe.latest_invoice(subscription)
    good = stripe.post("/v1/payment_methods/pm_card_visa/attach", customer=subscription["customer"])
    stripe.post(path(subscription), default_payment_method=good["id"])
    stripe.post(
        path(subscription),
        items=[{"id": subscription["items"]["data"][0]["id"], "price": stripe.price(4900)["id"]}],
        proration_behavior="always_invoice",
    )
    stripe.post(path(subscription), default_payment_method="")
    stripe.wait(20 * DAY)
    assert stripe.get(f"/v1/invoices/{renewal['id']}")["attempt_count"] == 8
    assert status(stripe, subscription) == "active"


def test_a_first_debit_that_is_on_its_way_makes_the_subscription_active() -> None:
    stripe = Account.with_settings(delayed_payment_seconds=4 * DAY)
    customer = stripe.customer(None)["id"]
    account = stripe.post("/v1/payment_methods/pm_usBankAccount_success/attach", customer=customer)
    subscription = stripe.post(
        "/v1/subscriptions",
        customer=customer,
        items=[{"price": stripe.price()["id"]}],
        payment_behavior="default_incomplete",
        expand=["latest_invoice.payments"],
    )
    (payment,) = subscription["latest_invoice"]["payments"]["data"]
    intent = f"/v1/payment_intents/{payment['payment']['payment_intent']}"
    stripe.post(f"{intent}/confirm", payment_method=account["id"])
    assert status(stripe, subscription) == "active"
    stripe.wait(4 * DAY)
    assert stripe.get(intent)["status"] == "succeeded"
    assert status(stripe, subscription) == "active"
