"""What time does."""

from __future__ import annotations

from tests.unit.stripe_simulator.account import DAY, HOUR, Account


def use(stripe: Account) -> None:
    """Periods pass, with a draft finalized by hand, a card that stops working, and a deletion."""
    subscription = stripe.subscribe()
    stripe.wait(31 * DAY)
    stripe.post(f"/v1/invoices/{stripe.latest_invoice(subscription)['id']}/finalize")
    method = stripe.post(
        "/v1/payment_methods/pm_card_chargeCustomerFail/attach", customer=subscription["customer"]
    )
    path = f"/v1/subscriptions/{subscription['id']}"
    stripe.post(path, default_payment_method=method["id"])
    stripe.wait(28 * DAY + HOUR)
    stripe.get("/v1/invoices")
    stripe.wait(14 * DAY)
    stripe.get("/v1/invoice_payments", expand=["data.invoice"])
    payment = stripe.get("/v1/invoice_payments")["data"][0]
    stripe.get(f"/v1/invoice_payments/{payment['id']}", expand=["payment.payment_intent"])
    stripe.delete(f"/v1/customers/{subscription['customer']}")
    stripe.get(f"/v1/customers/{subscription['customer']}")
