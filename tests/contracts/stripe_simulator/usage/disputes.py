"""Disputes: won, lost, accepted, inquired and escalated."""

from __future__ import annotations

from tests.unit.stripe_simulator.account import Account

CARDS = ("createDispute", "createDisputeProductNotReceived", "createDisputeInquiry")


def use(stripe: Account) -> None:
    for card in CARDS:
        for evidence in ("winning_evidence", "losing_evidence", "escalate_inquiry_evidence"):
            path = _dispute(stripe, f"pm_card_{card}")
            stripe.post(
                path, metadata={"case": "1"}, evidence={"customer_name": "Test"}, submit="false"
            )
            stripe.post(path, evidence={"uncategorized_text": evidence})
            stripe.get(path, expand=["charge", "payment_intent"])
    stripe.post(f"{_dispute(stripe, 'pm_card_createDispute')}/close")
    _dispute(stripe, "pm_disputed_at")
    stripe.get("/v1/disputes", expand=["data.charge"])


def _dispute(stripe: Account, method: str) -> str:
    currency = "eur" if method.endswith("_at") else "usd"
    asked = {"amount": 1000, "currency": currency, "confirm": "true", "payment_method": method}
    stripe.post("/v1/payment_intents", **asked)
    stripe.wait(60)
    return f"/v1/disputes/{stripe.get('/v1/disputes')['data'][0]['id']}"
