"""Payment intents, setup intents and the charges that they make."""

from __future__ import annotations

from tests.unit.stripe_simulator.account import Account


def use(stripe: Account) -> None:
    customer = stripe.customer()
    automatic = {"enabled": "true", "allow_redirects": "never"}
    for kind, extra in (("payment", {"amount": 500, "currency": "usd"}), ("setup", {})):
        url = f"/v1/{kind}_intents"
        intent = stripe.post(
            url, customer=customer["id"], automatic_payment_methods=automatic, **extra
        )
        path = f"{url}/{intent['id']}"
        stripe.post(path, metadata={"why": "test"})
        stripe.refused("POST", f"{path}/confirm", 402, payment_method="pm_card_chargeDeclined")
        stripe.get(path)
        stripe.post(f"{path}/confirm", payment_method="pm_card_visa")
        other = stripe.post(url, **extra)
        stripe.post(f"{url}/{other['id']}/cancel", cancellation_reason="abandoned")
        stripe.get(url)
    charge = stripe.get("/v1/charges", expand=["data.payment_intent"])["data"][0]
    stripe.get(f"/v1/charges/{charge['id']}")
    stripe.post(f"/v1/charges/{charge['id']}", description="A charge")
