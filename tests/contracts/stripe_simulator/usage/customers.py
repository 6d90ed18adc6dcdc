"""Customers and their cards."""

from __future__ import annotations

from tests.unit.stripe_simulator.account import Account


def use(stripe: Account) -> None:
    address = {"line1": "1 Way", "city": "Bern", "country": "CH", "postal_code": "3000"}
    customer = stripe.customer(
        name="Test Customer",
        address=address,
        shipping={"name": "Test Customer", "address": address},
    )
    path = f"/v1/customers/{customer['id']}"
    stripe.get(path, expand=["subscriptions", "invoice_settings.default_payment_method"])
    stripe.get("/v1/customers")
    method = customer["invoice_settings"]["default_payment_method"]
    stripe.get(f"/v1/payment_methods/{method}", expand=["customer"])
    stripe.post(f"/v1/payment_methods/{method}", billing_details={"address": address})
    stripe.get(f"{path}/payment_methods")
    stripe.get(f"{path}/payment_methods/{method}")
    stripe.get("/v1/payment_methods", customer=customer["id"])
    card = {"token": "tok_mastercard", "exp_month": 1, "exp_year": 2030}
    second = stripe.post("/v1/payment_methods", type="card", card=card)
    stripe.post(f"/v1/payment_methods/{second['id']}/attach", customer=customer["id"])
    stripe.post(f"/v1/payment_methods/{second['id']}/detach")
