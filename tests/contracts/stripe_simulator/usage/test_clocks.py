"""Test clocks."""

from __future__ import annotations

from tests.unit.stripe_simulator.account import DAY, START, Account

CLOCKS = "/v1/test_helpers/test_clocks"


def use(stripe: Account) -> None:
    clock = stripe.post(CLOCKS, frozen_time=START, name="A month")
    customer = stripe.customer(test_clock=clock["id"])
    price = stripe.price()
    stripe.post("/v1/subscriptions", customer=customer["id"], items=[{"price": price["id"]}])
    path = f"{CLOCKS}/{clock['id']}"
    stripe.post(f"{path}/advance", frozen_time=START + 32 * DAY)
    stripe.get(path)
    stripe.get(CLOCKS)
    stripe.get("/v1/customers", test_clock=clock["id"])
    stripe.get("/v1/subscriptions", test_clock=clock["id"], expand=["data.test_clock"])
    stripe.delete(path)
