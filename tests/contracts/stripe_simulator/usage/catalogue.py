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
    tiers = [{"up_to": 10, "unit_amount": 500}, {"up_to": "inf", "flat_amount_decimal": "0.5"}]
    tiered = stripe.post(
        "/v1/prices",
        currency="usd",
        product_data={"name": "Seats"},
        billing_scheme="tiered",
        tiers_mode="graduated",
        tiers=tiers,
        currency_options={"eur": {"tiers": tiers}},
        recurring={"interval": "month"},
    )
    stripe.get(f"/v1/prices/{tiered['id']}", expand=["tiers", "currency_options"])
    stripe.price(50, transform_quantity={"divide_by": 10, "round": "up"})
    default = {"currency": "eur", "unit_amount_decimal": "0.5"}
    marketed = [{"name": "Fast"}]
    stripe.post(
        "/v1/products", name="Fast", default_price_data=default, marketing_features=marketed
    )
