"""Subscriptions and their invoices, changed and paid."""

from __future__ import annotations

from tests.unit.stripe_simulator.account import Account


def use(stripe: Account) -> None:
    running = stripe.subscribe(trial_period_days=2, metadata={"user": "1"})
    path = f"/v1/subscriptions/{running['id']}"
    item = running["items"]["data"][0]
    items = [{"id": item["id"], "quantity": 2}]
    stripe.post(path, items=items, proration_behavior="none", cancel_at_period_end="true")
    stripe.post(path, cancel_at_period_end="false", cancellation_details={"comment": "no"})
    stripe.get(path, expand=["customer", "default_payment_method", "latest_invoice.payments"])
    stripe.get("/v1/subscriptions", status="all", expand=["data.latest_invoice"])
    stripe.get(f"/v1/subscription_items/{item['id']}")
    stripe.get("/v1/subscription_items", subscription=running["id"])
    stripe.delete(f"/v1/subscriptions/{stripe.subscribe()['id']}")
    for card in ("pm_card_visa", "pm_card_chargeCustomerFail"):
        subscription = stripe.subscribe(card)
        invoice = stripe.latest_invoice(subscription)
        invoice_path = f"/v1/invoices/{invoice['id']}"
        stripe.get(invoice_path, expand=["payments", "confirmation_secret", "customer"])
        stripe.get(f"{invoice_path}/lines")
        stripe.post(invoice_path, metadata={"seen": "yes"})
    stripe.refused("POST", f"{invoice_path}/pay", 402)
    stripe.post(f"{invoice_path}/mark_uncollectible")
    stripe.post(f"{invoice_path}/pay", payment_method="pm_card_visa")
    unpaid = stripe.subscribe("pm_card_chargeCustomerFail")
    stripe.post(f"/v1/invoices/{unpaid['latest_invoice']}/void")
