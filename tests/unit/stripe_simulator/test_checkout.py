"""Checkout: sessions, paying them, and what is left when a payment fails."""

import pytest

from tests.unit.stripe_simulator.account import DAY, START, Account

SUBSCRIBED = [
    "charge.succeeded",
    "payment_method.attached",
    "customer.updated",
    "checkout.session.completed",
    "customer.subscription.created",
    "payment_intent.created",
    "payment_intent.succeeded",
    "invoice.created",
    "invoice.finalized",
    "invoice.paid",
    "invoice.payment_succeeded",
    "invoice_payment.paid",
]


def test_a_session_is_open_with_a_url_and_has_made_nothing_yet(stripe: Account) -> None:
    session = stripe.session(client_reference_id="user_1", metadata={"user": "1"})
    assert (session["status"], session["payment_status"]) == ("open", "unpaid")
    assert session["url"] == f"http://127.0.0.1:12111/c/pay/{session['id']}"
    assert session["amount_total"] == 1900
    assert session["subscription"] is session["customer"] is session["invoice"] is None
    assert session["expires_at"] == START + DAY
    assert stripe.event_types() == ["product.created", "price.created"]


def test_paying_makes_an_active_subscription_with_a_paid_invoice(stripe: Account) -> None:
    customer = stripe.customer(None)
    session = stripe.session(customer=customer["id"], subscription_data={"metadata": {"user": "1"}})
    paid = stripe.pay(session)
    assert (paid["status"], paid["payment_status"], paid["url"]) == ("complete", "paid", None)
    subscription = stripe.get(f"/v1/subscriptions/{paid['subscription']}")
    assert subscription["status"] == "active"
    assert subscription["metadata"] == {"user": "1"}
    assert subscription["customer"] == customer["id"]
    method = stripe.get("/v1/payment_methods", customer=customer["id"])["data"][0]
    assert subscription["default_payment_method"] == method["id"]
    invoice = stripe.get(f"/v1/invoices/{paid['invoice']}")
    assert (invoice["status"], invoice["amount_paid"]) == ("paid", 1900)
    assert invoice["billing_reason"] == "subscription_create"
    details = invoice["parent"]["subscription_details"]
    assert details == {"subscription": subscription["id"], "metadata": {"user": "1"}}


def test_the_periods_are_on_the_items_and_only_there(stripe: Account) -> None:
    subscription = stripe.get(f"/v1/subscriptions/{stripe.pay(stripe.session())['subscription']}")
    assert "current_period_end" not in subscription
    item = subscription["items"]["data"][0]
    assert item["current_period_start"] == START
    assert item["current_period_end"] == START + 31 * DAY
    assert stripe.get(f"/v1/subscription_items/{item['id']}") == item
    listed = stripe.get("/v1/subscription_items", subscription=subscription["id"])
    assert listed["data"] == [item]


def test_the_events_of_subscribing_come_in_stripes_order(stripe: Account) -> None:
    session = stripe.session(customer=stripe.customer(None)["id"])
    before = len(stripe.event_types())
    stripe.pay(session)
    assert stripe.event_types(before) == SUBSCRIBED


def test_the_session_event_names_everything_and_the_subscription_is_created_active(
    stripe: Account,
) -> None:
    paid = stripe.pay(stripe.session())
    completed = stripe.events(type="checkout.session.completed")[0]
    assert completed["data"]["object"] == paid
    created = stripe.events(type="customer.subscription.created")[0]
    assert created["data"]["object"]["status"] == "active"
    assert created["data"]["object"]["latest_invoice"] == paid["invoice"]


def test_without_a_customer_one_is_created_from_what_the_payer_gave(stripe: Account) -> None:
    card = {"token": "tok_visa"}
    method = stripe.post(
        "/v1/payment_methods",
        type="card",
        card=card,
        billing_details={"name": "Test Customer", "email": "customer@example.test"},
    )
    paid = stripe.pay(stripe.session(), method["id"])
    customer = stripe.get(f"/v1/customers/{paid['customer']}")
    assert (customer["email"], customer["name"]) == ("customer@example.test", "Test Customer")
    assert paid["customer_details"]["email"] == "customer@example.test"


def test_a_decline_leaves_the_session_open_and_no_subscription(stripe: Account) -> None:
    customer = stripe.customer(None)
    session = stripe.session(customer=customer["id"])
    confirm = f"/v1/payment_pages/{session['id']}/confirm"
    error = stripe.refused(
        "POST", confirm, 402, payment_method="pm_card_chargeDeclinedInsufficientFunds"
    )
    assert error["type"] == "card_error"
    assert (error["code"], error["decline_code"]) == ("card_declined", "insufficient_funds")
    assert error["message"] == "Your card has insufficient funds."
    assert stripe.get(f"/v1/checkout/sessions/{session['id']}") == session
    assert stripe.get("/v1/subscriptions", status="all")["data"] == []
    assert stripe.get("/v1/invoices")["data"] == []
    assert stripe.get("/v1/payment_methods", customer=customer["id"])["data"] == []
    assert stripe.event_types()[-3:] == [
        "charge.failed",
        "payment_intent.created",
        "payment_intent.payment_failed",
    ]


def test_a_decline_without_a_customer_leaves_no_customer(stripe: Account) -> None:
    path = f"/v1/payment_pages/{stripe.session()['id']}/confirm"
    stripe.refused("POST", path, 402, payment_method="pm_card_chargeDeclined")
    assert stripe.get("/v1/customers")["data"] == []


def test_after_a_decline_another_card_pays_the_same_intent(stripe: Account) -> None:
    session = stripe.session()
    path = f"/v1/payment_pages/{session['id']}/confirm"
    stripe.refused("POST", path, 402, payment_method="pm_card_chargeDeclined")
    paid = stripe.pay(session)
    intents = stripe.get("/v1/payment_intents")["data"]
    assert [intent["status"] for intent in intents] == ["succeeded"]
    payments = stripe.get("/v1/invoice_payments", invoice=paid["invoice"])["data"]
    assert payments[0]["payment"]["payment_intent"] == intents[0]["id"]


@pytest.mark.parametrize("how", ["paid", "expired"])
def test_a_session_that_is_over_can_not_be_paid(stripe: Account, how: str) -> None:
    session = stripe.session()
    path = f"/v1/checkout/sessions/{session['id']}"
    stripe.pay(session) if how == "paid" else stripe.post(f"{path}/expire")
    confirm = f"/v1/payment_pages/{session['id']}/confirm"
    stripe.refused("POST", confirm, 400, payment_method="pm_card_visa")
    stripe.refused("POST", f"{path}/expire", 400)


def test_a_session_expires_by_itself(stripe: Account) -> None:
    session = stripe.session(expires_at=START + 1800)
    stripe.wait(1799)
    path = f"/v1/checkout/sessions/{session['id']}"
    assert stripe.get(path)["status"] == "open"
    stripe.wait(1)
    expired = stripe.get(path)
    assert (expired["status"], expired["url"]) == ("expired", None)
    event = stripe.events(type="checkout.session.expired")[0]
    assert event["created"] == START + 1800
    assert event["request"] == {"id": None, "idempotency_key": None}


def test_a_paid_session_does_not_expire(stripe: Account) -> None:
    paid = stripe.pay(stripe.session())
    stripe.wait(2 * DAY)
    assert stripe.get(f"/v1/checkout/sessions/{paid['id']}")["status"] == "complete"


@pytest.mark.parametrize("seconds", [1799, DAY + 1])
def test_a_session_lives_from_30_minutes_to_24_hours(stripe: Account, seconds: int) -> None:
    price = stripe.price()
    error = stripe.refused("POST", "/v1/checkout/sessions", 400, mode="subscription",
                           success_url="https://x.example", expires_at=START + seconds,
                           line_items=[{"price": price["id"], "quantity": 1}])  # fmt: skip
    assert error["param"] == "expires_at"


def test_a_trial_takes_the_card_but_no_money(stripe: Account) -> None:
    session = stripe.session(subscription_data={"trial_period_days": 14})
    assert session["amount_total"] == 0
    before = len(stripe.event_types())
    paid = stripe.pay(session)
    assert paid["payment_status"] == "no_payment_required"
    subscription = stripe.get(f"/v1/subscriptions/{paid['subscription']}")
    assert (subscription["status"], subscription["trial_end"]) == ("trialing", START + 14 * DAY)
    assert subscription["items"]["data"][0]["current_period_end"] == START + 14 * DAY
    invoice = stripe.get(f"/v1/invoices/{paid['invoice']}")
    assert (invoice["status"], invoice["total"]) == ("paid", 0)
    assert stripe.get("/v1/charges")["data"] == []
    assert stripe.event_types(before) == [
        "setup_intent.created",
        "payment_method.attached",
        "customer.created",
        "customer.updated",
        "checkout.session.completed",
        "setup_intent.succeeded",
        "customer.subscription.created",
        "invoice.created",
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_succeeded",
    ]


def test_a_trial_with_a_declining_card_does_not_begin(stripe: Account) -> None:
    session = stripe.session(subscription_data={"trial_period_days": 14})
    path = f"/v1/payment_pages/{session['id']}/confirm"
    stripe.refused("POST", path, 402, payment_method="pm_card_chargeDeclined")
    assert stripe.get("/v1/subscriptions", status="all")["data"] == []


def test_a_one_time_purchase_is_paid_by_an_intent_without_invoice(stripe: Account) -> None:
    session = stripe.session(
        stripe.price(49900, None), payment_intent_data={"metadata": {"user": "1"}}
    )
    before = len(stripe.event_types())
    paid = stripe.pay(session)
    assert paid["subscription"] is paid["invoice"] is None
    intent = stripe.get(f"/v1/payment_intents/{paid['payment_intent']}")
    assert (intent["status"], intent["amount"]) == ("succeeded", 49900)
    assert intent["metadata"] == {"user": "1"}
    assert stripe.event_types(before) == [
        "charge.succeeded",
        "payment_intent.succeeded",
        "payment_intent.created",
        "checkout.session.completed",
    ]


def test_the_mode_must_fit_the_price(stripe: Account) -> None:
    for price, mode in ((stripe.price(), "payment"), (stripe.price(500, None), "subscription")):
        stripe.refused("POST", "/v1/checkout/sessions", 400, mode=mode,
                       success_url="https://x.example",
                       line_items=[{"price": price["id"], "quantity": 1}])  # fmt: skip


def test_addresses_to_return_to_must_be_web_addresses(stripe: Account) -> None:
    error = stripe.refused("POST", "/v1/checkout/sessions", 400, mode="subscription",
                           success_url="javascript:alert(1)", line_items=[])  # fmt: skip
    assert error["code"] == "url_invalid"


def test_a_customer_pays_in_one_currency(stripe: Account) -> None:
    customer = stripe.customer(None)
    stripe.pay(stripe.session(customer=customer["id"]))
    session = stripe.session(stripe.price(currency="eur"), customer=customer["id"])
    path = f"/v1/payment_pages/{session['id']}/confirm"
    error = stripe.refused("POST", path, 400, payment_method="pm_card_visa")
    assert error["message"].startswith("You cannot combine currencies")
    assert len(stripe.get("/v1/charges")["data"]) == 1


def test_sessions_are_found_by_what_came_of_them(stripe: Account) -> None:
    customer = stripe.customer(None)
    paid = stripe.pay(stripe.session(customer=customer["id"]))
    stripe.session()
    for filters in (
        {"customer": customer["id"]},
        {"subscription": paid["subscription"]},
        {"status": "complete"},
        {"customer_details": {"email": "customer@example.test"}},
    ):
        found = stripe.get("/v1/checkout/sessions", **filters)["data"]
        assert [session["id"] for session in found] == [paid["id"]]
