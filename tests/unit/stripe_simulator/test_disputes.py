"""Disputes: opened by a card, decided by evidence or by time."""

import pytest

from local.stripe_simulator.errors import StripeError
from local.stripe_simulator.resources.payments import disputes
from tests.unit.stripe_simulator.account import DAY, Account, Json


def pay(stripe: Account, card: str) -> Json:
    asked = {"amount": 4200, "currency": "usd", "confirm": "true"}
    return stripe.post("/v1/payment_intents", payment_method=f"pm_card_{card}", **asked)


def disputed(stripe: Account, card: str = "createDispute") -> Json:
    intent = pay(stripe, card)
    found: list[Json] = stripe.get("/v1/disputes", payment_intent=intent["id"])["data"]
    return found[0]


def respond(stripe: Account, dispute: Json, words: str) -> Json:
    """The dispute after the bank has read that evidence."""
    path = f"/v1/disputes/{dispute['id']}"
    under_review = stripe.post(path, evidence={"uncategorized_text": words})
    assert under_review["status"].endswith("under_review")
    assert under_review["evidence_details"]["submission_count"] == 1
    return stripe.get(path)


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        ("createDispute", "fraudulent"),
        ("createDisputeProductNotReceived", "product_not_received"),
    ],
)
def test_a_disputed_charge_loses_its_money_and_a_fee(
    stripe: Account, card: str, reason: str
) -> None:
    dispute = disputed(stripe, card)
    assert (dispute["status"], dispute["reason"]) == ("needs_response", reason)
    moved = dispute["balance_transactions"][0]
    assert (moved["amount"], moved["fee"], moved["net"]) == (-4200, 1500, -5700)
    assert stripe.get(f"/v1/charges/{dispute['charge']}")["disputed"] is True
    assert stripe.event_types()[-3:] == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.updated",
    ]


def test_winning_evidence_gives_the_money_back(stripe: Account) -> None:
    won = respond(stripe, disputed(stripe), "winning_evidence")
    assert won["status"] == "won"
    assert [moved["net"] for moved in won["balance_transactions"]] == [-5700, 5700]
    assert stripe.event_types()[-3:] == [
        "charge.dispute.updated",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    ]


def test_losing_evidence_does_not(stripe: Account) -> None:
    lost = respond(stripe, disputed(stripe), "losing_evidence")
    assert lost["status"] == "lost"
    assert len(lost["balance_transactions"]) == 1
    assert stripe.event_types()[-1] == "charge.dispute.closed"


def test_other_evidence_stays_under_review(stripe: Account) -> None:
    assert respond(stripe, disputed(stripe), "It was them.")["status"] == "under_review"


def test_evidence_can_be_kept_before_it_is_submitted(stripe: Account) -> None:
    dispute = disputed(stripe)
    path = f"/v1/disputes/{dispute['id']}"
    kept = stripe.post(path, evidence={"customer_name": "Test Customer"}, submit="false")
    assert kept["status"] == "needs_response"
    assert kept["evidence_details"]["has_evidence"] is True
    stripe.post(path, evidence={"uncategorized_text": "winning_evidence"}, submit="false")
    assert stripe.post(path, submit="true")["status"] == "under_review"
    won = stripe.get(path)
    assert (won["status"], won["evidence"]["customer_name"]) == ("won", "Test Customer")
    stripe.refused("POST", path, 400, evidence={"customer_name": "Another"})


def test_a_dispute_that_nobody_answers_is_lost(stripe: Account) -> None:
    dispute = disputed(stripe)
    stripe.wait(dispute["evidence_details"]["due_by"] - stripe.engine.world.now())
    lost = stripe.get(f"/v1/disputes/{dispute['id']}")
    assert (lost["status"], lost["evidence_details"]["past_due"]) == ("lost", True)


def test_a_dispute_can_be_accepted_once(stripe: Account) -> None:
    path = f"/v1/disputes/{disputed(stripe)['id']}/close"
    assert stripe.post(path)["status"] == "lost"
    stripe.refused("POST", path, 400)


def test_an_inquiry_takes_no_money_and_closes_by_itself(stripe: Account) -> None:
    inquiry = disputed(stripe, "createDisputeInquiry")
    assert (inquiry["status"], inquiry["balance_transactions"]) == ("warning_needs_response", [])
    assert "charge.dispute.funds_withdrawn" not in stripe.event_types()
    stripe.wait(120 * DAY)
    assert stripe.get(f"/v1/disputes/{inquiry['id']}")["status"] == "warning_closed"


def test_an_inquiry_may_become_a_chargeback(stripe: Account) -> None:
    inquiry = disputed(stripe, "createDisputeInquiry")
    escalated = respond(stripe, inquiry, "escalate_inquiry_evidence")
    assert escalated["status"] == "needs_response"
    assert escalated["payment_method_details"]["card"]["case_type"] == "chargeback"
    assert len(escalated["balance_transactions"]) == 1


def test_what_was_charged_back_is_not_refunded_too(stripe: Account) -> None:
    dispute = disputed(stripe)
    error = stripe.refused("POST", "/v1/refunds", 400, charge=dispute["charge"])
    assert error["code"] == "charge_disputed"
    inquiry = disputed(stripe, "createDisputeInquiry")
    assert stripe.post("/v1/refunds", charge=inquiry["charge"])["status"] == "succeeded"


def test_any_charge_can_be_disputed_on_demand_but_once(stripe: Account) -> None:
    charge = pay(stripe, "visa")["latest_charge"]
    world = stripe.engine.world
    made = disputes.open_on(world, charge, "subscription_canceled")
    assert stripe.get("/v1/disputes", charge=charge)["data"][0]["id"] == made["id"]
    with pytest.raises(StripeError, match="can't be disputed"):
        disputes.open_on(world, charge)
    with pytest.raises(StripeError, match="must be one of"):
        disputes.open_on(world, pay(stripe, "visa")["latest_charge"], "boredom")


def test_a_subscription_paid_with_such_a_card_is_active_and_disputed(stripe: Account) -> None:
    subscription = stripe.subscribe("pm_card_createDispute")
    assert subscription["status"] == "active"
    types = stripe.event_types()
    assert types.index("charge.dispute.created") > types.index("invoice.paid")
