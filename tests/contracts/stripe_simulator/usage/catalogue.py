"""Products and prices."""

from __future__ import annotations

from tests.unit.stripe_simulator.account import Account


def use(stripe: Account) -> None:
    product = stripe.post("/v1/products", name="Plus", images=["https://x.example/a.png"])
    path = f"/v1/products/{product['id']}"
    stripe.post(path, description="More of everything", metadata={"tier": "2"})
    stripe.get(path)
    stripe.get("/v1/products")
    stripe.delete(path)
    price = stripe.price(lookup_key="standard", metadata={"plan": "standard"})
    stripe.post(f"/v1/prices/{price['id']}", nickname="Standard, monthly")
    stripe.get(f"/v1/prices/{price['id']}", expand=["product"])
    stripe.get("/v1/prices", expand=["data.product"])
    stripe.get("/v1/account")
