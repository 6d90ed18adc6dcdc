"""Payment intents: what may be changed and confirmed, and with which payment methods."""

import pytest

from local.stripe_simulator.errors import StripeError
from local.stripe_simulator.resources.payments import payment_methods
from local.stripe_simulator.resources.payments.card_balances import set_card
from tests.unit.stripe_simulator.account import Account, Json

PAYMENT = {"amount": 5000, "currency": "usd", "confirm": "true"}
URL = "/v1/payment_intents"


def pay(stripe: Account, method: str, **params: object) -> Json:
    return stripe.post(URL, **PAYMENT, payment_method=method, **params)


def test_a_paid_intent_keeps_its_amount_but_not_its_metadata(stripe: Account) -> None:
    path = f"{URL}/{pay(stripe, 'pm_card_visa')['id']}"
    assert stripe.post(path, metadata={"order": "1"})["metadata"] == {"order": "1"}
    error = stripe.refused("POST", path, 400, amount=600)
    assert (error["code"], error["param"]) == ("payment_intent_unexpected_state", "amount")
    assert "amount could not be updated" in error["message"]


def test_an_amount_may_be_too_small_to_charge(stripe: Account) -> None:
    error = stripe.refused("POST", URL, 400, amount=49, currency="usd")
    assert error["code"] == "amount_too_small"
    intent = stripe.post(URL, amount=50, currency="usd")
    stripe.refused("POST", f"{URL}/{intent['id']}", 400, amount=1)


def test_a_method_that_is_on_no_file_pays_once(stripe: Account) -> None:
    method = stripe.post("/v1/payment_methods", type="card", card={"token": "tok_visa"})["id"]
    pay(stripe, method)
    error = stripe.refused("POST", URL, 400, **PAYMENT, payment_method=method)
    assert "may not be used again" in error["message"]
    customer = stripe.post("/v1/customers")["id"]
    stripe.refused("POST", f"/v1/payment_methods/{method}/attach", 400, customer=customer)


def test_a_card_on_file_pays_for_its_own_customer_only(stripe: Account) -> None:
    customer, other = stripe.customer(), stripe.post("/v1/customers")
    method = customer["invoice_settings"]["default_payment_method"]
    asked = {**PAYMENT, "payment_method": method}
    stripe.refused("POST", URL, 400, **asked)
    stripe.refused("POST", URL, 400, **asked, customer=other["id"])
    assert stripe.post(URL, **asked, customer=customer["id"])["status"] == "succeeded"
    listed = stripe.get(URL, customer=customer["id"])["data"]
    assert [each["payment_method"] for each in listed] == [method]


@pytest.mark.parametrize(
    ("card", "risk", "outcome"),
    [
        ("riskLevelElevated", "elevated", "authorized"),
        ("radarBlock", "highest", "blocked"),
        ("riskLevelHighest", "highest", "blocked"),
    ],
)
def test_what_is_too_risky_is_blocked(stripe: Account, card: str, risk: str, outcome: str) -> None:
    stripe.request("POST", URL, {**PAYMENT, "payment_method": f"pm_card_{card}"})
    charge = stripe.get("/v1/charges")["data"][0]
    assert (charge["outcome"]["risk_level"], charge["outcome"]["type"]) == (risk, outcome)
    intent = stripe.get(f"{URL}/{charge['payment_intent']}")
    blocked = outcome == "blocked"
    assert (intent["status"] == "requires_payment_method") is blocked
    assert (charge["failure_code"] is not None) is blocked


def test_a_decline_says_what_to_do_next(stripe: Account) -> None:
    asked = {**PAYMENT, "payment_method": "pm_card_visa_chargeDeclinedLostCard"}
    error = stripe.refused("POST", URL, 402, **asked)
    assert error["advice_code"] == "do_not_try_again"
    assert error["payment_intent"]["last_payment_error"]["decline_code"] == "lost_card"


def test_a_card_on_file_can_be_made_to_fail_and_to_succeed_again(stripe: Account) -> None:
    customer = stripe.customer()
    method = customer["invoice_settings"]["default_payment_method"]
    asked = {**PAYMENT, "customer": customer["id"], "payment_method": method}
    set_card(stripe.engine.world, method, declines="insufficient_funds")
    assert stripe.refused("POST", URL, 402, **asked)["decline_code"] == "insufficient_funds"
    set_card(stripe.engine.world, method)
    assert stripe.post(URL, **asked)["status"] == "succeeded"
    with pytest.raises(StripeError, match="Invalid decline code"):
        set_card(stripe.engine.world, method, declines="no_such_reason")
    with pytest.raises(StripeError, match="No such payment method"):
        set_card(stripe.engine.world, "pm_none")


def test_the_network_renews_a_card(stripe: Account) -> None:
    method = stripe.customer()["invoice_settings"]["default_payment_method"]
    payment_methods.auto_update(stripe.engine.world, method, 8, 2035)
    stripe.engine.world.publish_events()
    assert stripe.get(f"/v1/payment_methods/{method}")["card"]["exp_year"] == 2035
    event = stripe.events(type="payment_method.automatically_updated")[0]
    assert "card" in event["data"]["previous_attributes"]


@pytest.mark.parametrize(
    ("expiry", "code"),
    [
        ({"exp_month": 12, "exp_year": 2026}, "invalid_expiry_year"),
        ({"exp_month": 1, "exp_year": 2020}, "invalid_expiry_year"),
    ],
)
def test_an_expired_card_is_no_payment_method(
    stripe: Account, expiry: dict[str, int], code: str
) -> None:
    card = {"number": "4242424242424242", **expiry}
    error = stripe.refused("POST", "/v1/payment_methods", 402, type="card", card=card)
    assert error["code"] == code


def test_an_intent_takes_only_the_types_that_it_allows(stripe: Account) -> None:
    asked = {"amount": 500, "currency": "usd", "payment_method": "pm_usBankAccount_success"}
    allowed = {"allowed_payment_method_types": ["card"]}
    error = stripe.refused("POST", URL, 400, **asked, **allowed)
    assert "us_bank_account" in error["message"]
    excluded = {"excluded_payment_method_types": ["us_bank_account"]}
    stripe.refused("POST", URL, 400, **asked, **excluded)
    assert stripe.post(URL, **asked)["status"] == "requires_confirmation"


@pytest.mark.parametrize(
    "params",
    [
        {"payment_method_data": {"type": "card"}},
        {"transfer_data": {"destination": "acct_1"}},
    ],
)
def test_what_is_not_simulated_is_refused(stripe: Account, params: Json) -> None:
    error = stripe.refused("POST", URL, 400, amount=500, currency="usd", **params)
    assert error["code"] == "not_simulated"


@pytest.mark.parametrize("kind", ["payment", "setup"])
def test_what_is_offered_is_chosen_by_stripe_unless_it_is_said(stripe: Account, kind: str) -> None:
    amount = {"amount": 500, "currency": "usd"} if kind == "payment" else {}
    url = f"/v1/{kind}_intents"
    chosen = {"allow_redirects": "always", "enabled": True}
    assert stripe.post(url, **amount)["automatic_payment_methods"] == chosen
    said = stripe.post(url, **amount, allowed_payment_method_types=["card"])
    assert said["automatic_payment_methods"] is None
    assert said["payment_method_types"] == ["card"]


def test_the_charge_says_where_it_is_shipped_to(stripe: Account) -> None:
    shipping = {"name": "Test Customer", "address": {"line1": "1 Way", "country": "CH"}}
    paid = {"amount": 500, "currency": "usd", "confirm": "true", "payment_method": "pm_card_visa"}
    intent = stripe.post(URL, **paid, shipping=shipping)
    charge = stripe.get(f"/v1/charges/{intent['latest_charge']}")
    assert charge["shipping"] == intent["shipping"]
    assert intent["shipping"]["address"]["city"] is None


def test_the_former_name_of_the_allowed_types_is_known_to_those_who_create_by_it(
    stripe: Account,
) -> None:
    intent = stripe.post(URL, amount=500, currency="usd", payment_method_types=["card"])
    assert intent["payment_method_types"] == intent["allowed_payment_method_types"] == ["card"]
    assert intent["automatic_payment_methods"] is None


def test_the_intent_of_an_invoice_is_canceled_by_voiding_the_invoice(stripe: Account) -> None:
    subscription = stripe.subscribe("pm_card_chargeCustomerFail")
    invoice = stripe.get(f"/v1/invoices/{subscription['latest_invoice']}", expand=["payments"])
    intent = invoice["payments"]["data"][0]["payment"]["payment_intent"]
    path = f"/v1/payment_intents/{intent}"
    refused = stripe.refused("POST", f"{path}/cancel", 400)
    assert refused["code"] == "payment_intent_unexpected_state"
    stripe.post(f"/v1/invoices/{invoice['id']}/void")
    assert stripe.get(path)["status"] == "canceled"
