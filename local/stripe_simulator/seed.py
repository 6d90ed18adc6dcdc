"""A catalogue and customers to start with; planting twice adds nothing.

Everything goes through the engine's own API, so that seeding is recorded like any other use.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from local.stripe_simulator.engine import Engine


class SeedPrice(BaseModel):
    lookup_key: str
    unit_amount: int
    currency: str = "usd"
    interval: str | None = None  # one-time without


class SeedProduct(BaseModel):
    id: str
    name: str
    prices: list[SeedPrice]


class SeedCustomer(BaseModel):
    email: str
    name: str | None = None
    metadata: dict[str, str] = {}


CATALOGUE = [
    SeedProduct(
        id="prod_standard",
        name="Standard",
        prices=[
            SeedPrice(lookup_key="standard_monthly", unit_amount=1900, interval="month"),
            SeedPrice(lookup_key="standard_yearly", unit_amount=19000, interval="year"),
        ],
    ),
    SeedProduct(
        id="prod_agency",
        name="Agency",
        prices=[
            SeedPrice(lookup_key="agency_monthly", unit_amount=9900, interval="month"),
            SeedPrice(lookup_key="agency_yearly", unit_amount=99000, interval="year"),
        ],
    ),
    SeedProduct(
        id="prod_self_hosted",
        name="Self-hosted",
        prices=[SeedPrice(lookup_key="self_hosted", unit_amount=49900)],
    ),
]


class Seed(BaseModel):
    products: list[SeedProduct] = CATALOGUE
    customers: list[SeedCustomer] = []


class SeedRefused(Exception):
    """The API refused a part of the seed, in its own words."""


def plant(engine: Engine, seed: Seed) -> dict[str, dict[str, str]]:
    """Create what isn't there yet: price ids by lookup key, customer ids by email."""
    prices: dict[str, str] = {}
    for product in seed.products:
        if engine.world.store.find(product.id) is None:
            _post(engine, "/v1/products", {"id": product.id, "name": product.name})
        for price in product.prices:
            prices[price.lookup_key] = _price(engine, product.id, price)
    customers = {customer.email: _customer(engine, customer) for customer in seed.customers}
    return {"prices": prices, "customers": customers}


def _price(engine: Engine, product_id: str, price: SeedPrice) -> str:
    existing = next(engine.world.store.newest_first("price", lookup_key=price.lookup_key), None)
    if existing is not None:
        return str(existing["id"])
    params = price.model_dump(exclude={"interval"})
    if price.interval:
        params["recurring"] = {"interval": price.interval}
    return _post(engine, "/v1/prices", {**params, "product": product_id})


def _customer(engine: Engine, customer: SeedCustomer) -> str:
    for existing in engine.world.store.newest_first("customer"):
        if existing["email"] == customer.email:
            return str(existing["id"])
    return _post(engine, "/v1/customers", customer.model_dump(exclude_none=True))


def _post(engine: Engine, path: str, params: dict[str, Any]) -> str:
    answer = engine.request("POST", path, params, engine.own_headers())
    body = answer.json()
    if answer.status != 200:
        raise SeedRefused(f"{path}: {body['error']['message']}")
    return str(body["id"])
