"""Debits of bank accounts, which are processing before they succeed or fail."""

from __future__ import annotations

from tests.unit.stripe_simulator.account import Account

DEBITS = (
    ("usd", "pm_usBankAccount_success"),
    ("usd", "pm_usBankAccount_insufficientFunds"),
    ("eur", "pm_success_at"),
    ("eur", "pm_failed_de"),
)


def use(stripe: Account) -> None:
    for currency, method in DEBITS:
        stripe.post(
            "/v1/payment_intents",
            amount=5000,
            currency=currency,
            confirm="true",
            payment_method=method,
        )
    stripe.get("/v1/payment_intents", expand=["data.payment_method", "data.latest_charge"])
    stripe.wait(60)
    stripe.get("/v1/payment_intents", expand=["data.latest_charge.balance_transaction"])
    iban = {"iban": "DE89 3704 0044 0532 0130 00"}
    holder = {"email": "customer@example.test", "name": "Test Customer"}
    stripe.post("/v1/payment_methods", type="sepa_debit", sepa_debit=iban, billing_details=holder)
    stripe.post(
        "/v1/setup_intents",
        customer=stripe.post("/v1/customers")["id"],
        payment_method="pm_usBankAccount_success",
        confirm="true",
    )
