"""Debits: processing at first, then paid or not."""

import pytest

from tests.unit.stripe_simulator.account import DAY, Account, Json


def debit(stripe: Account, method: str, currency: str = "usd") -> Json:
    intent = stripe.post(
        "/v1/payment_intents",
        amount=5000,
        currency=currency,
        confirm="true",
        payment_method=method,
    )
    assert intent["status"] == "processing"
    return intent


def test_a_debit_is_processing_and_then_succeeds(stripe: Account) -> None:
    intent = debit(stripe, "pm_usBankAccount_success")
    charge = stripe.get(f"/v1/charges/{intent['latest_charge']}")
    assert (charge["status"], charge["paid"], charge["id"][:3]) == ("pending", False, "py_")
    stripe.wait(60)
    paid = stripe.get(f"/v1/payment_intents/{intent['id']}")
    assert (paid["status"], paid["amount_received"]) == ("succeeded", 5000)
    assert stripe.event_types() == [
        "payment_intent.created",
        "charge.pending",
        "payment_intent.processing",
        "charge.succeeded",
        "payment_intent.succeeded",
    ]


@pytest.mark.parametrize(
    ("method", "currency", "code"),
    [
        ("pm_usBankAccount_insufficientFunds", "usd", "insufficient_funds"),
        ("pm_usBankAccount_accountClosed", "usd", "account_closed"),
        ("pm_failed_at", "eur", "debit_not_authorized"),
    ],
)
def test_a_debit_may_fail_later(stripe: Account, method: str, currency: str, code: str) -> None:
    intent = debit(stripe, method, currency)
    stripe.wait(60)
    failed = stripe.get(f"/v1/payment_intents/{intent['id']}")
    assert failed["status"] == "requires_payment_method"
    assert failed["last_payment_error"]["code"] == code
    assert stripe.event_types()[-2:] == ["charge.failed", "payment_intent.payment_failed"]


def test_the_account_says_how_long_a_debit_takes() -> None:
    stripe = Account.with_settings(delayed_payment_seconds=4 * DAY)
    intent = debit(stripe, "pm_success_de", "eur")
    stripe.wait(4 * DAY - 1)
    assert stripe.get(f"/v1/payment_intents/{intent['id']}")["status"] == "processing"
    stripe.wait(1)
    assert stripe.get(f"/v1/payment_intents/{intent['id']}")["status"] == "succeeded"


def test_a_delayed_test_account_takes_three_minutes_more(stripe: Account) -> None:
    intent = debit(stripe, "pm_successDelayed_fr", "eur")
    stripe.wait(239)
    assert stripe.get(f"/v1/payment_intents/{intent['id']}")["status"] == "processing"
    stripe.wait(1)
    assert stripe.get(f"/v1/payment_intents/{intent['id']}")["status"] == "succeeded"


def test_one_that_never_settles_can_be_canceled(stripe: Account) -> None:
    intent = debit(stripe, "pm_usBankAccount_processing")
    stripe.wait(60 * DAY)
    canceled = stripe.post(f"/v1/payment_intents/{intent['id']}/cancel")
    assert canceled["status"] == "canceled"


def test_what_was_canceled_does_not_settle(stripe: Account) -> None:
    intent = debit(stripe, "pm_usBankAccount_success")
    stripe.post(f"/v1/payment_intents/{intent['id']}/cancel")
    stripe.wait(60)
    assert stripe.get(f"/v1/payment_intents/{intent['id']}")["status"] == "canceled"


def test_a_test_iban_makes_a_payment_method_and_is_kept_nowhere(stripe: Account) -> None:
    iban = "DE89370400440532013000"
    method = stripe.post("/v1/payment_methods", type="sepa_debit", sepa_debit={"iban": iban})
    assert (method["sepa_debit"]["country"], method["sepa_debit"]["last4"]) == ("DE", "3000")
    assert iban not in str(stripe.get("/v1/events"))
    other = {"iban": "DE89370400440532013009"}
    path = "/v1/payment_methods"
    error = stripe.refused("POST", path, 400, type="sepa_debit", sepa_debit=other)
    assert error["code"] == "invalid_bank_account_iban"


def test_a_debit_pays_in_its_own_currency_only(stripe: Account) -> None:
    asked = {"amount": 500, "currency": "eur", "payment_method": "pm_usBankAccount_success"}
    stripe.refused("POST", "/v1/payment_intents", 400, **asked)
    intent = stripe.post("/v1/payment_intents", amount=500, currency="eur")
    assert intent["payment_method_types"] == ["card", "sepa_debit"]


def test_methods_are_listed_by_type(stripe: Account) -> None:
    customer = stripe.customer()["id"]
    path = "/v1/payment_methods/pm_usBankAccount_success/attach"
    account = stripe.post(path, customer=customer)
    listed = stripe.get("/v1/payment_methods", customer=customer, type="us_bank_account")["data"]
    assert [each["id"] for each in listed] == [account["id"]]
    assert len(stripe.get(f"/v1/customers/{customer}/payment_methods")["data"]) == 2
