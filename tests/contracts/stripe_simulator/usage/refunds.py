"""Refunds: at once, later, failing, canceled."""

from __future__ import annotations

from tests.unit.stripe_simulator.account import Account, Json


def use(stripe: Account) -> None:
    charge = _charge(stripe, "pm_card_visa")
    reason = {"reason": "requested_by_customer", "metadata": {"ticket": "1"}}
    refund = stripe.post("/v1/refunds", charge=charge, amount=400, **reason)
    path = f"/v1/refunds/{refund['id']}"
    stripe.post(path, metadata={"ticket": "2"})
    stripe.get(path, expand=["charge", "balance_transaction"])
    stripe.get("/v1/refunds", charge=charge)
    stripe.get(f"/v1/charges/{charge}", expand=["refunds"])
    stripe.get(f"/v1/charges/{charge}/refunds")
    stripe.get(f"/v1/charges/{charge}/refunds/{refund['id']}")
    for card in ("pm_card_pendingRefund", "pm_card_refundFail"):
        stripe.post("/v1/refunds", charge=_charge(stripe, card))
    canceled = stripe.post("/v1/refunds", charge=_charge(stripe, "pm_card_pendingRefund"))
    stripe.post(f"/v1/refunds/{canceled['id']}/cancel")
    debits = [_charge(stripe, account) for account in ("pm_usBankAccount_success", "pm_success_at")]
    stripe.wait(60)
    for debit in debits:
        stripe.post("/v1/refunds", charge=debit)
    stripe.wait(60)
    stripe.get("/v1/refunds", expand=["data.charge"])


def _charge(stripe: Account, method: str) -> str:
    currency = "eur" if method.endswith("_at") else "usd"
    intent: Json = stripe.post(
        "/v1/payment_intents",
        amount=1000,
        currency=currency,
        confirm="true",
        payment_method=method,
    )
    return str(intent["latest_charge"])
