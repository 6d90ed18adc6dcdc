"""How Checkout sessions are paid: authenticated cards, debits that take time, and only saving."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.stripe_simulator.account import DAY, START, Account, Json

DEBITS: dict[str, Any] = {"allowed_payment_method_types": ["card", "us_bank_account"]}
AUTHENTICATED = "pm_card_threeDSecure2Required"


def setup(stripe: Account, **params: Any) -> Json:
    usual = {"mode": "setup", "currency": "usd", "success_url": "https://app.example.com/done"}
    return stripe.post("/v1/checkout/sessions", **{**usual, **params})


def intent_of(stripe: Account, kind: str = "payment") -> Json:
    intent: Json = stripe.get(f"/v1/{kind}_intents")["data"][0]
    return intent


def authenticate(stripe: Account, intent: Json, outcome: str = "completed") -> Json:
    return stripe.post(f"/v1/3ds2/{intent['id']}/authenticate", outcome=outcome)


def now(stripe: Account, session: Json) -> Json:
    return stripe.get(f"/v1/checkout/sessions/{session['id']}")


def test_a_card_that_must_be_authenticated_leaves_the_session_open(stripe: Account) -> None:
    session = stripe.pay(stripe.session(), AUTHENTICATED)
    assert (session["status"], session["subscription"]) == ("open", None)
    assert intent_of(stripe)["status"] == "requires_action"
    assert stripe.get("/v1/charges")["data"] == []


def test_once_authenticated_the_session_is_paid_in_the_usual_order(stripe: Account) -> None:
    session = stripe.session(customer=stripe.customer(None)["id"])
    stripe.pay(session, AUTHENTICATED)
    before = len(stripe.event_types())
    authenticate(stripe, intent_of(stripe))
    paid = now(stripe, session)
    assert (paid["status"], paid["payment_status"]) == ("complete", "paid")
    assert stripe.get(f"/v1/subscriptions/{paid['subscription']}")["status"] == "active"
    assert stripe.get(f"/v1/invoices/{paid['invoice']}")["status"] == "paid"
    assert stripe.event_types(before) == [
        "charge.succeeded",
        "payment_method.attached",
        "customer.updated",
        "checkout.session.completed",
        "customer.subscription.created",
        "payment_intent.succeeded",
        "invoice.created",
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
    ]


def test_not_authenticated_nothing_is_sold_and_another_card_may_pay(stripe: Account) -> None:
    session = stripe.session()
    stripe.pay(session, AUTHENTICATED)
    failed = authenticate(stripe, intent_of(stripe), "failed")
    assert failed["status"] == "requires_payment_method"
    assert now(stripe, session)["status"] == "open"
    assert stripe.get("/v1/subscriptions", status="all")["data"] == []
    assert stripe.pay(session)["payment_status"] == "paid"
    assert len(stripe.get("/v1/payment_intents")["data"]) == 1
    assert len(stripe.get("/v1/customers")["data"]) == 1


def test_an_expired_session_is_authenticated_in_vain(stripe: Account) -> None:
    session = stripe.session(expires_at=START + 1800)
    stripe.pay(session, AUTHENTICATED)
    stripe.wait(1800)
    assert now(stripe, session)["status"] == "expired"
    intent = intent_of(stripe)
    assert (intent["status"], intent["cancellation_reason"]) == ("canceled", "abandoned")
    path = f"/v1/3ds2/{intent['id']}/authenticate"
    stripe.refused("POST", path, 400, outcome="completed")


def test_a_debit_completes_the_session_unpaid_and_pays_it_later(stripe: Account) -> None:
    session = stripe.session(stripe.price(500, None), **DEBITS)
    assert session["payment_method_types"] == ["card", "us_bank_account"]
    complete = stripe.pay(session, "pm_usBankAccount_success")
    assert (complete["status"], complete["payment_status"]) == ("complete", "unpaid")
    assert "checkout.session.async_payment_succeeded" not in stripe.event_types()
    stripe.wait(60)
    assert now(stripe, session)["payment_status"] == "paid"
    assert stripe.event_types()[-1] == "checkout.session.async_payment_succeeded"
    [told] = stripe.events(type="checkout.session.async_payment_succeeded")
    assert told["data"]["object"]["payment_status"] == "paid"


def test_a_debit_that_fails_tells_so_and_leaves_the_session_unpaid(stripe: Account) -> None:
    session = stripe.session(stripe.price(500, None), **DEBITS)
    stripe.pay(session, "pm_usBankAccount_insufficientFunds")
    stripe.wait(60)
    assert now(stripe, session)["payment_status"] == "unpaid"
    assert len(stripe.events(type="checkout.session.async_payment_failed")) == 1
    assert stripe.events(type="checkout.session.async_payment_succeeded") == []


def test_a_subscription_by_debit_begins_before_the_money_is_there(stripe: Account) -> None:
    complete = stripe.pay(stripe.session(**DEBITS), "pm_usBankAccount_success")
    assert complete["payment_status"] == "unpaid"
    assert stripe.get(f"/v1/subscriptions/{complete['subscription']}")["status"] == "active"
    path = f"/v1/invoices/{complete['invoice']}"
    assert stripe.get(path)["status"] == "open"
    stripe.wait(60)
    assert stripe.get(path)["status"] == "paid"
    assert now(stripe, complete)["payment_status"] == "paid"


def test_only_what_the_session_allows_can_pay(stripe: Account) -> None:
    path = f"/v1/payment_pages/{stripe.session()['id']}/confirm"
    error = stripe.refused("POST", path, 400, payment_method="pm_usBankAccount_success")
    assert error["param"] == "payment_method"
    euros = stripe.session(
        stripe.price(currency="eur"),
        allowed_payment_method_types=["card", "us_bank_account", "sepa_debit"],
    )
    assert euros["payment_method_types"] == ["card", "sepa_debit"]


def test_a_setup_saves_the_card_and_charges_nothing(stripe: Account) -> None:
    customer = stripe.customer(None)
    session = setup(stripe, customer=customer["id"], setup_intent_data={"metadata": {"a": "b"}})
    assert session["amount_total"] is session["setup_intent"] is None
    assert session["payment_status"] == "no_payment_required"
    before = len(stripe.event_types())
    saved = stripe.pay(session)
    assert saved["status"] == "complete"
    intent = stripe.get(f"/v1/setup_intents/{saved['setup_intent']}")
    assert (intent["status"], intent["metadata"]) == ("succeeded", {"a": "b"})
    method = stripe.get(f"/v1/payment_methods/{intent['payment_method']}")
    assert method["customer"] == customer["id"]
    assert stripe.event_types(before) == [
        "setup_intent.created",
        "payment_method.attached",
        "setup_intent.succeeded",
        "checkout.session.completed",
    ]


def test_a_setup_may_be_authenticated_and_declined(stripe: Account) -> None:
    session = setup(stripe)
    path = f"/v1/payment_pages/{session['id']}/confirm"
    stripe.refused("POST", path, 402, payment_method="pm_card_chargeDeclined")
    stripe.pay(session, AUTHENTICATED)
    assert now(stripe, session)["status"] == "open"
    authenticate(stripe, intent_of(stripe, "setup"))
    assert now(stripe, session)["status"] == "complete"


def test_a_trials_card_is_authenticated_before_the_trial_begins(stripe: Account) -> None:
    session = stripe.session(subscription_data={"trial_period_days": 7})
    stripe.pay(session, AUTHENTICATED)
    assert stripe.get("/v1/subscriptions", status="all")["data"] == []
    authenticate(stripe, intent_of(stripe, "setup"))
    subscription = now(stripe, session)["subscription"]
    assert stripe.get(f"/v1/subscriptions/{subscription}")["status"] == "trialing"


def test_money_that_is_only_held_leaves_the_session_unpaid_until_captured(stripe: Account) -> None:
    data = {"capture_method": "manual"}
    session = stripe.pay(stripe.session(stripe.price(500, None), payment_intent_data=data))
    assert (session["status"], session["payment_status"]) == ("complete", "unpaid")
    stripe.post(f"/v1/payment_intents/{session['payment_intent']}/capture")
    assert now(stripe, session)["payment_status"] == "paid"
    assert stripe.events(type="checkout.session.async_payment_succeeded") == []


def test_a_card_is_saved_for_later_if_the_intent_says_so(stripe: Account) -> None:
    data = {"setup_future_usage": "off_session"}
    session = stripe.pay(stripe.session(stripe.price(500, None), payment_intent_data=data))
    methods = stripe.get("/v1/payment_methods", customer=session["customer"])["data"]
    assert len(methods) == 1


def test_the_intent_carries_what_the_session_says_of_it(stripe: Account) -> None:
    address = {"line1": "1 Way", "city": "Bern", "country": "CH", "postal_code": "3000"}
    data = {"description": "A shirt", "shipping": {"name": "Test Customer", "address": address},
            "statement_descriptor": "SHIRTS"}  # fmt: skip
    session = stripe.pay(stripe.session(stripe.price(500, None), payment_intent_data=data))
    intent = stripe.get(f"/v1/payment_intents/{session['payment_intent']}")
    assert intent["description"] == "A shirt"
    assert intent["shipping"]["address"]["city"] == "Bern"
    assert intent["statement_descriptor"] == "SHIRTS"


def test_what_the_customer_fills_in_is_kept(stripe: Account) -> None:
    session = stripe.session(
        consent_collection={"terms_of_service": "required", "promotions": "auto"},
        custom_fields=[{"key": "team", "type": "text",
                        "label": {"type": "custom", "custom": "Team"}}],
        phone_number_collection={"enabled": "true"},
    )  # fmt: skip
    paid = stripe.post(
        f"/v1/payment_pages/{session['id']}/confirm",
        payment_method="pm_card_visa",
        consent={"terms_of_service": "accepted", "promotions": "opt_in"},
        custom_fields=[{"key": "team", "value": "Red"}],
        phone="+15555550100",
    )
    assert paid["consent"] == {"terms_of_service": "accepted", "promotions": "opt_in"}
    assert paid["custom_fields"][0]["text"]["value"] == "Red"
    assert paid["customer_details"]["phone"] == "+15555550100"
    assert stripe.get(f"/v1/customers/{paid['customer']}")["phone"] == "+15555550100"


@pytest.mark.parametrize(("wanted", "name"), [("auto", "New Name"), ("never", "Old Name")])
def test_a_customer_is_renamed_only_if_the_session_says_so(
    stripe: Account, wanted: str, name: str
) -> None:
    customer = stripe.customer(None, name="Old Name")
    session = stripe.session(customer=customer["id"], customer_update={"name": wanted})
    method = stripe.post("/v1/payment_methods", type="card", card={"token": "tok_visa"},
                         billing_details={"name": "New Name"})  # fmt: skip
    stripe.pay(session, method["id"])
    assert stripe.get(f"/v1/customers/{customer['id']}")["name"] == name


def test_an_expired_session_can_be_recovered_for_a_month(stripe: Account) -> None:
    recovery = {"enabled": "true", "allow_promotion_codes": "true"}
    session = stripe.session(after_expiration={"recovery": recovery}, metadata={"user": "1"})
    assert session["after_expiration"]["recovery"]["url"] is None
    expired = stripe.post(f"/v1/checkout/sessions/{session['id']}/expire")
    assert expired["after_expiration"]["recovery"]["expires_at"] == START + 30 * DAY
    path = f"/v1/payment_pages/{session['id']}/recover"
    copy = stripe.post(path)
    assert (copy["status"], copy["recovered_from"]) == ("open", session["id"])
    assert (copy["metadata"], copy["allow_promotion_codes"]) == ({"user": "1"}, True)
    stripe.wait(30 * DAY)
    stripe.refused("POST", path, 400)


def test_a_recovered_session_sells_the_same_at_the_same_price(stripe: Account) -> None:
    product = stripe.post("/v1/products", name="Shirt")["id"]
    price = {"currency": "usd", "product": product, "unit_amount_decimal": "500"}
    session = stripe.session(
        stripe.price(1, None),
        line_items=[{"price_data": price, "quantity": 3}],
        after_expiration={"recovery": {"enabled": "true"}},
    )
    stripe.post(f"/v1/checkout/sessions/{session['id']}/expire")
    stripe.engine.restore(stripe.engine.snapshot())  # all that is kept can be written down
    prices = len(stripe.get("/v1/prices")["data"])
    copy = stripe.post(f"/v1/payment_pages/{session['id']}/recover")
    assert copy["amount_total"] == 1500
    assert len(stripe.get("/v1/prices")["data"]) == prices


def test_an_amount_that_was_not_expected_is_not_charged(stripe: Account) -> None:
    path = f"/v1/payment_pages/{stripe.session()['id']}/confirm"
    card = {"payment_method": "pm_card_visa"}
    error = stripe.refused("POST", path, 400, **card, expected_amount=1899)
    assert error["param"] == "expected_amount"
    assert stripe.post(path, **card, expected_amount=1900)["status"] == "complete"


def test_a_code_that_runs_out_while_a_card_is_authenticated_still_counts(stripe: Account) -> None:
    coupon = stripe.post("/v1/coupons", percent_off=25, redeem_by=START + 60)
    session = stripe.session(discounts=[{"coupon": coupon["id"]}])
    stripe.pay(session, AUTHENTICATED)
    stripe.wait(60)
    authenticate(stripe, intent_of(stripe))
    invoice = stripe.get(f"/v1/invoices/{now(stripe, session)['invoice']}")
    assert invoice["amount_paid"] == 1425
