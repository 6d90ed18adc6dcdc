"""How invoices are collected: authenticated, debited, retried, paid by other means."""

import pytest

from local.stripe_simulator.resources.invoices import invoice_collection
from local.stripe_simulator.resources.payments import authentication
from local.stripe_simulator.resources.payments.card_balances import set_card
from tests.unit.stripe_simulator.account import DAY, HOUR, START, Account, Json


def intent_of(stripe: Account, invoice: Json) -> Json:
    payments = stripe.get("/v1/invoice_payments", invoice=invoice["id"])["data"]
    return stripe.get(f"/v1/payment_intents/{payments[0]['payment']['payment_intent']}")


def answer(stripe: Account, invoice: Json, succeeded: bool) -> None:
    authentication.answer(stripe.engine.world, intent_of(stripe, invoice)["id"], succeeded)
    stripe.engine.world.publish_events()


def switch_card(stripe: Account, subscription: Json, card: str) -> Json:
    """Put another card on file, from which the subscription is collected from now on."""
    path = f"/v1/payment_methods/pm_card_{card}/attach"
    method = stripe.post(path, customer=subscription["customer"])
    path = f"/v1/subscriptions/{subscription['id']}"
    stripe.post(path, default_payment_method=method["id"])
    return method


def renewal_on(stripe: Account, card: str) -> tuple[Json, Json]:
    """A subscription that renewed on a card that it was switched to, and the invoice of that."""
    subscription = stripe.subscribe()
    switch_card(stripe, subscription, card)
    stripe.wait(31 * DAY + HOUR)
    return subscription, stripe.latest_invoice(subscription)


def status(stripe: Account, subscription: Json) -> str:
    return str(stripe.get(f"/v1/subscriptions/{subscription['id']}")["status"])


def test_a_first_payment_that_needs_3ds_leaves_the_subscription_incomplete(stripe: Account) -> None:
    subscription = stripe.subscribe("pm_card_threeDSecure2Required")
    assert subscription["status"] == "incomplete"
    invoice = stripe.latest_invoice(subscription)
    assert (invoice["status"], invoice["attempt_count"]) == ("open", 1)
    assert intent_of(stripe, invoice)["status"] == "requires_action"
    assert stripe.event_types()[-3:] == [
        "payment_intent.requires_action",
        "invoice.payment_action_required",
        "invoice.payment_failed",
    ]
    before = len(stripe.event_types())
    answer(stripe, invoice, succeeded=True)
    assert status(stripe, subscription) == "active"
    told = stripe.event_types(before)
    assert told.index("charge.succeeded") < told.index("invoice.paid")
    assert told.index("invoice.paid") < told.index("customer.subscription.updated")


def test_a_failed_authentication_leaves_the_invoice_open(stripe: Account) -> None:
    subscription = stripe.subscribe("pm_card_threeDSecure2Required")
    invoice = stripe.latest_invoice(subscription)
    answer(stripe, invoice, succeeded=False)
    assert status(stripe, subscription) == "incomplete"
    assert intent_of(stripe, invoice)["status"] == "requires_payment_method"
    path = f"/v1/invoices/{invoice['id']}/pay"
    assert stripe.post(path, payment_method="pm_card_visa")["status"] == "paid"


def test_a_renewal_that_needs_3ds_makes_the_subscription_past_due(stripe: Account) -> None:
    subscription, invoice = renewal_on(stripe, "authenticationRequired")
    assert status(stripe, subscription) == "past_due"
    assert intent_of(stripe, invoice)["status"] == "requires_action"
    assert "invoice.payment_action_required" in stripe.event_types()
    answer(stripe, invoice, succeeded=True)
    assert status(stripe, subscription) == "active"


def test_an_authentication_is_asked_for_once_however_often_it_is_due(stripe: Account) -> None:
    subscription, invoice = renewal_on(stripe, "authenticationRequired")
    stripe.wait(DAY)
    assert stripe.get(f"/v1/invoices/{invoice['id']}")["attempt_count"] == 2
    assert stripe.event_types().count("invoice.payment_action_required") == 1
    switch_card(stripe, subscription, "visa")
    stripe.wait(2 * DAY)
    assert stripe.get(f"/v1/invoices/{invoice['id']}")["status"] == "paid"


def test_a_customer_who_is_away_is_declined_rather_than_asked(stripe: Account) -> None:
    subscription = stripe.subscribe("pm_card_authenticationRequired", off_session="true")
    intent = intent_of(stripe, stripe.latest_invoice(subscription))
    assert intent["last_payment_error"]["code"] == "authentication_required"
    assert (subscription["status"], intent["status"]) == ("incomplete", "requires_payment_method")


def test_a_card_set_up_by_the_first_payment_renews_without_the_customer(stripe: Account) -> None:
    subscription = stripe.subscribe("pm_card_authenticationRequiredOnSetup")
    answer(stripe, stripe.latest_invoice(subscription), succeeded=True)
    stripe.wait(31 * DAY + HOUR)
    assert stripe.latest_invoice(subscription)["status"] == "paid"


def test_paying_an_invoice_that_needs_3ds_says_so(stripe: Account) -> None:
    _subscription, invoice = renewal_on(stripe, "chargeCustomerFail")
    path = "/v1/payment_methods/pm_card_threeDSecure2Required/attach"
    method = stripe.post(path, customer=invoice["customer"])["id"]
    pay = f"/v1/invoices/{invoice['id']}/pay"
    error = stripe.refused("POST", pay, 402, payment_method=method)
    assert error["code"] == "invoice_payment_intent_requires_action"
    assert error["payment_intent"]["status"] == "requires_action"
    answer(stripe, invoice, succeeded=True)
    assert stripe.get(f"/v1/invoices/{invoice['id']}")["status"] == "paid"


def test_without_a_payment_method_an_invoice_can_not_be_paid(stripe: Account) -> None:
    subscription = stripe.subscribe(None, payment_behavior="default_incomplete")
    path = f"/v1/invoices/{subscription['latest_invoice']}/pay"
    assert "default_payment_method" in stripe.refused("POST", path, 400)["message"]


def test_retries_are_eight_within_two_weeks_and_the_last_ends_it(stripe: Account) -> None:
    subscription, invoice = renewal_on(stripe, "chargeCustomerFail")
    failed_at = stripe.engine.world.now()
    attempts = [(invoice["attempt_count"], invoice["next_payment_attempt"])]
    while attempts[-1][1] is not None:
        stripe.wait(attempts[-1][1] - stripe.engine.world.now())
        invoice = stripe.get(f"/v1/invoices/{invoice['id']}")
        attempts.append((invoice["attempt_count"], invoice["next_payment_attempt"]))
    assert [count for count, _ in attempts] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert stripe.engine.world.now() - failed_at <= 14 * DAY
    assert status(stripe, subscription) == "canceled"
    charges = stripe.get("/v1/charges", customer=subscription["customer"])["data"]
    assert [charge["status"] for charge in charges].count("failed") == 8


@pytest.mark.parametrize("declines", ["lost_card", "stolen_card", "authentication_required"])
def test_after_a_hard_decline_only_another_card_is_tried(stripe: Account, declines: str) -> None:
    subscription = stripe.subscribe()
    method = stripe.get("/v1/payment_methods", customer=subscription["customer"])["data"][0]
    set_card(stripe.engine.world, method["id"], declines=declines)
    stripe.wait(31 * DAY + HOUR)
    invoice = stripe.latest_invoice(subscription)
    stripe.wait(DAY)
    invoice = stripe.get(f"/v1/invoices/{invoice['id']}")
    assert (invoice["attempt_count"], invoice["status"]) == (2, "open")
    intent = intent_of(stripe, invoice)
    assert len(stripe.get("/v1/charges", payment_intent=intent["id"])["data"]) == 1
    switch_card(stripe, subscription, "visa")
    assert stripe.get(f"/v1/invoices/{invoice['id']}")["status"] == "open"
    stripe.wait(2 * DAY)
    assert stripe.get(f"/v1/invoices/{invoice['id']}")["status"] == "paid"


def test_without_a_card_tries_are_counted_but_not_made(stripe: Account) -> None:
    subscription = stripe.subscribe()
    method = stripe.get("/v1/payment_methods", customer=subscription["customer"])["data"][0]
    stripe.post(f"/v1/payment_methods/{method['id']}/detach")
    stripe.wait(31 * DAY + HOUR)
    stripe.wait(DAY)
    invoice = stripe.latest_invoice(subscription)
    assert (invoice["attempt_count"], invoice["status"]) == (2, "open")
    assert stripe.get("/v1/charges", payment_intent=intent_of(stripe, invoice)["id"])["data"] == []


def test_an_invoice_that_does_not_advance_is_not_retried(stripe: Account) -> None:
    subscription, invoice = renewal_on(stripe, "chargeCustomerFail")
    path = f"/v1/invoices/{invoice['id']}"
    stripe.post(path, auto_advance="false")
    stripe.wait(DAY)
    unchanged = stripe.get(path)
    assert unchanged["attempt_count"] == 1
    assert status(stripe, subscription) == "past_due"


def test_an_invoice_stays_open_while_a_debit_is_processing(stripe: Account) -> None:
    price = stripe.price()
    customer = stripe.post("/v1/customers")["id"]
    path = "/v1/payment_methods/pm_usBankAccount_success/attach"
    account = stripe.post(path, customer=customer)["id"]
    subscription = stripe.post(
        "/v1/subscriptions",
        customer=customer,
        items=[{"price": price["id"]}],
        default_payment_method=account,
    )
    invoice = stripe.latest_invoice(subscription)
    assert (invoice["status"], invoice["attempted"]) == ("open", True)
    assert intent_of(stripe, invoice)["status"] == "processing"
    again = stripe.refused("POST", f"/v1/invoices/{invoice['id']}/pay", 400)
    assert "processing" in again["message"]
    method = stripe.get(f"/v1/payment_methods/{account}")
    invoice_collection.collect(stripe.engine.world, invoice, method)
    assert len(stripe.get("/v1/charges", customer=customer)["data"]) == 1
    stripe.wait(60)
    assert stripe.latest_invoice(subscription)["status"] == "paid"
    assert status(stripe, subscription) == "active"


def test_an_invoice_paid_by_other_means_is_charged_no_more(stripe: Account) -> None:
    subscription, invoice = renewal_on(stripe, "chargeCustomerFail")
    path = f"/v1/invoices/{invoice['id']}/pay"
    assert stripe.post(path, paid_out_of_band="true")["status"] == "paid"
    assert intent_of(stripe, invoice)["status"] == "canceled"
    payment = stripe.get("/v1/invoice_payments", invoice=invoice["id"])["data"][0]
    assert payment["status"] == "canceled"
    assert status(stripe, subscription) == "active"


def test_voiding_an_invoice_cancels_its_payment(stripe: Account) -> None:
    _subscription, invoice = renewal_on(stripe, "authenticationRequired")
    stripe.post(f"/v1/invoices/{invoice['id']}/void")
    intent = intent_of(stripe, invoice)
    assert (intent["status"], intent["cancellation_reason"]) == ("canceled", "void_invoice")


def test_a_failed_attempt_tells_how_many_there_were_before(stripe: Account) -> None:
    _, invoice = renewal_on(stripe, "chargeCustomerFail")
    stripe.wait(DAY)
    first, second = stripe.events(type="invoice.updated")
    before = {"attempt_count": 0, "attempted": False, "next_payment_attempt": None}
    assert first["data"]["previous_attributes"] == before
    before = {"attempt_count": 1, "next_payment_attempt": invoice["next_payment_attempt"]}
    assert second["data"]["previous_attributes"] == before


def test_a_draft_says_when_it_will_be_charged(stripe: Account) -> None:
    subscription = stripe.subscribe()
    stripe.wait(31 * DAY)
    (announced,) = stripe.events(type="invoice.upcoming")
    invoice = stripe.latest_invoice(subscription)
    assert (invoice["status"], invoice["next_payment_attempt"]) == (
        "draft",
        START + 31 * DAY + HOUR,
    )
    assert announced["data"]["object"]["next_payment_attempt"] == invoice["next_payment_attempt"]
    stripe.wait(HOUR)
    assert stripe.latest_invoice(subscription)["next_payment_attempt"] is None
