"""Refunds: whole and in parts, now and later, and which are refused."""

import pytest

from local.stripe_simulator.resources.payments.card_balances import set_card
from tests.unit.stripe_simulator.account import DAY, Account, Json


def pay(stripe: Account, card: str = "visa", **params: object) -> Json:
    asked = {"amount": 5000, "currency": "usd", "confirm": "true", **params}
    return stripe.post("/v1/payment_intents", payment_method=f"pm_card_{card}", **asked)


def charge_of(stripe: Account, intent: Json) -> Json:
    return stripe.get(f"/v1/charges/{intent['latest_charge']}", expand=["refunds"])


def test_a_charge_is_refunded_in_parts_until_nothing_is_left(stripe: Account) -> None:
    intent = pay(stripe)
    first = stripe.post("/v1/refunds", charge=intent["latest_charge"], amount=1500)
    assert (first["status"], first["payment_intent"]) == ("succeeded", intent["id"])
    charge = charge_of(stripe, intent)
    assert (charge["amount_refunded"], charge["refunded"]) == (1500, False)
    second = stripe.post("/v1/refunds", payment_intent=intent["id"])
    assert (second["amount"], second["charge"]) == (3500, charge["id"])
    charge = charge_of(stripe, intent)
    assert (charge["amount_refunded"], charge["refunded"]) == (5000, True)
    assert [each["id"] for each in charge["refunds"]["data"]] == [second["id"], first["id"]]
    error = stripe.refused("POST", "/v1/refunds", 400, charge=charge["id"], amount=1)
    assert error["code"] == "charge_already_refunded"
    assert stripe.event_types()[-4:] == ["refund.created", "charge.refunded"] * 2
    former = [each["data"]["previous_attributes"] for each in stripe.events(type="charge.refunded")]
    assert former == [{"amount_refunded": 0}, {"amount_refunded": 1500, "refunded": False}]


def test_no_more_is_refunded_than_is_left(stripe: Account) -> None:
    intent = pay(stripe)
    stripe.post("/v1/refunds", payment_intent=intent["id"], amount=2000)
    asked = {"payment_intent": intent["id"], "amount": 4000}
    error = stripe.refused("POST", "/v1/refunds", 400, **asked)
    assert error["param"] == "amount"
    assert error["message"] == (
        "Refund amount ($40.00) is greater than unrefunded amount on charge ($30.00)"
    )


def test_a_refund_names_what_it_refunds(stripe: Account) -> None:
    error = stripe.refused("POST", "/v1/refunds", 400, amount=100)
    assert error["message"].endswith("payment_intent or charge.")
    missing = stripe.refused("POST", "/v1/refunds", 404, charge="ch_missing")
    assert missing["code"] == "resource_missing"


def test_only_what_was_paid_can_be_refunded(stripe: Account) -> None:
    unpaid = stripe.post("/v1/payment_intents", amount=500, currency="usd")
    error = stripe.refused("POST", "/v1/refunds", 400, payment_intent=unpaid["id"])
    assert "does not have a successful charge" in error["message"]
    held = pay(stripe, capture_method="manual")
    error = stripe.refused("POST", "/v1/refunds", 400, charge=held["latest_charge"])
    assert "You must cancel the PaymentIntent" in error["message"]


def test_a_refund_moves_what_is_on_the_balance(stripe: Account) -> None:
    refund = stripe.post("/v1/refunds", payment_intent=pay(stripe)["id"], amount=700)
    moved = stripe.get(f"/v1/balance_transactions/{refund['balance_transaction']}")
    assert (moved["amount"], moved["type"], moved["source"]) == (-700, "refund", refund["id"])
    listed = stripe.get("/v1/balance_transactions", type="refund")["data"]
    assert [each["id"] for each in listed] == [moved["id"]]


def test_a_refund_may_be_pending_at_first(stripe: Account) -> None:
    intent = pay(stripe, "pendingRefund")
    refund = stripe.post("/v1/refunds", payment_intent=intent["id"], amount=4000)
    assert refund["status"] == "pending"
    assert charge_of(stripe, intent)["amount_refunded"] == 0
    stripe.refused("POST", "/v1/refunds", 400, payment_intent=intent["id"], amount=2000)
    stripe.wait(60)
    assert stripe.get(f"/v1/refunds/{refund['id']}")["status"] == "succeeded"
    assert charge_of(stripe, intent)["amount_refunded"] == 4000
    types = [kind for kind in stripe.event_types() if "refund" in kind]
    assert types == ["refund.created", "refund.updated", "charge.refunded"]


def test_only_a_pending_refund_can_be_canceled(stripe: Account) -> None:
    intent = pay(stripe, "pendingRefund")
    refund = stripe.post("/v1/refunds", payment_intent=intent["id"])
    path = f"/v1/refunds/{refund['id']}/cancel"
    assert stripe.post(path)["status"] == "canceled"
    assert stripe.refused("POST", path, 400)["message"] == "Canceling this refund is unsupported."
    stripe.wait(60)
    assert stripe.get(f"/v1/refunds/{refund['id']}")["status"] == "canceled"
    assert stripe.post("/v1/refunds", payment_intent=intent["id"])["amount"] == 5000


def test_a_refund_may_fail_after_it_seemed_to_succeed(stripe: Account) -> None:
    intent = pay(stripe, "refundFail")
    refund = stripe.post("/v1/refunds", payment_intent=intent["id"])
    assert refund["status"] == "succeeded"
    assert charge_of(stripe, intent)["refunded"] is True
    stripe.wait(60)
    failed = stripe.get(f"/v1/refunds/{refund['id']}", expand=["failure_balance_transaction"])
    assert (failed["status"], failed["failure_reason"]) == ("failed", "unknown")
    assert failed["failure_balance_transaction"]["amount"] == 5000
    charge = charge_of(stripe, intent)
    assert (charge["amount_refunded"], charge["refunded"]) == (0, False)
    assert stripe.event_types()[-3:] == ["refund.updated", "refund.failed", "charge.updated"]


@pytest.mark.parametrize("lapsed", [True, False])
def test_a_hold_that_is_let_go_counts_as_refunded(stripe: Account, lapsed: bool) -> None:
    intent = pay(stripe, capture_method="manual")
    if lapsed:
        stripe.wait(7 * DAY)
    else:
        stripe.post(f"/v1/payment_intents/{intent['id']}/cancel")
    charge = charge_of(stripe, intent)
    assert (charge["refunded"], charge["captured"]) == (True, False)
    refund = charge["refunds"]["data"][0]
    assert refund["reason"] == ("expired_uncaptured_charge" if lapsed else None)
    assert refund["balance_transaction"] is None


def test_a_card_can_spend_what_it_has_and_what_it_got_back(stripe: Account) -> None:
    customer = stripe.customer()
    method = customer["invoice_settings"]["default_payment_method"]
    set_card(stripe.engine.world, method, balance=6000)
    asked = {
        "amount": 5000,
        "currency": "usd",
        "confirm": "true",
        "customer": customer["id"],
        "payment_method": method,
    }
    first = stripe.post("/v1/payment_intents", **asked)
    error = stripe.refused("POST", "/v1/payment_intents", 402, **asked)
    assert error["decline_code"] == "insufficient_funds"
    stripe.post("/v1/refunds", payment_intent=first["id"])
    assert stripe.post("/v1/payment_intents", **asked)["status"] == "succeeded"
