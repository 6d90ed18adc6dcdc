"""Checkout sessions, open, refused, paid and expired."""

from __future__ import annotations

from typing import Any

from tests.unit.stripe_simulator.account import Account


def use(stripe: Account) -> None:
    price = stripe.price()
    everything: dict[str, Any] = {
        "automatic_tax": {"enabled": "true"},
        "billing_address_collection": "auto",
        "client_reference_id": "user_1",
        "cancel_url": "https://app.example.com/back",
        "metadata": {"user": "1"},
        "expand": ["line_items"],
    }
    session = stripe.session(price, **everything, customer_email="customer@example.test")
    path = f"/v1/checkout/sessions/{session['id']}"
    stripe.post(path, metadata={"user": "2"})
    stripe.get(f"/v1/payment_pages/{session['id']}")
    confirm = f"/v1/payment_pages/{session['id']}/confirm"
    stripe.refused("POST", confirm, 402, payment_method="pm_card_chargeDeclined")
    stripe.pay(session)
    stripe.get(path, expand=["subscription.latest_invoice", "customer", "invoice.payments"])
    stripe.get(f"{path}/line_items")
    stripe.get("/v1/checkout/sessions")
    trial = stripe.session(price, subscription_data={"trial_period_days": 3})
    stripe.pay(trial)
    stripe.pay(stripe.session(stripe.price(500, None), customer_creation="always"))
    stripe.post(f"/v1/checkout/sessions/{stripe.session(price)['id']}/expire")
