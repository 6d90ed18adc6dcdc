"""Coupons and promotion codes."""

from __future__ import annotations

from tests.unit.stripe_simulator.account import Account


def use(stripe: Account) -> None:
    price = stripe.price()
    coupon = stripe.post(
        "/v1/coupons",
        amount_off=500,
        currency="usd",
        currency_options={"eur": {"amount_off": 450}},
        duration="repeating",
        duration_in_months=3,
        applies_to={"products": [price["product"]]},
        expand=["applies_to", "currency_options"],
    )
    path = f"/v1/coupons/{coupon['id']}"
    stripe.post(path, name="Spring", metadata={"why": "test"})
    stripe.get(path)
    stripe.get("/v1/coupons")
    code = stripe.post(
        "/v1/promotion_codes",
        promotion={"type": "coupon", "coupon": coupon["id"]},
        restrictions={"minimum_amount": 1000, "minimum_amount_currency": "usd"},
    )
    stripe.post(f"/v1/promotion_codes/{code['id']}", metadata={"why": "test"})
    stripe.get(f"/v1/promotion_codes/{code['id']}", expand=["promotion.coupon"])
    stripe.get("/v1/promotion_codes")
    subscription = stripe.post(
        "/v1/subscriptions",
        customer=stripe.customer()["id"],
        items=[{"price": price["id"]}],
        discounts=[{"coupon": coupon["id"]}],
    )
    stripe.get(f"/v1/subscriptions/{subscription['id']}", expand=["discounts.source.coupon"])
    stripe.delete(path)
