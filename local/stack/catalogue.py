"""The products and prices that the stack sells, made in Stripe (the simulator, or test mode).

A price is known by its lookup key; what exists already is used as it is, so seeding test mode twice
makes nothing twice.
"""

from typing import Literal

import stripe
from pydantic import BaseModel

from local.stack.errors import StackError


class Price(BaseModel):
    lookup_key: str
    amount: int
    """In US cents."""
    interval: Literal["month", "year"] | None = None


CATALOGUE = {
    "Standard": [
        Price(lookup_key="standard_monthly", amount=2900, interval="month"),
        Price(lookup_key="standard_yearly", amount=29000, interval="year"),
    ],
    "Agency": [
        Price(lookup_key="agency_monthly", amount=9900, interval="month"),
        Price(lookup_key="agency_yearly", amount=99000, interval="year"),
    ],
    "Self-hosted": [Price(lookup_key="self_hosted", amount=49900)],
}


def seed_prices(api_base: str, secret_key: str) -> dict[str, str]:
    """Make what is missing of the catalogue; return the id of each price by its lookup key.

    Raises:
        StackError: Stripe refused.
    """
    client = stripe.StripeClient(
        secret_key, base_addresses={"api": api_base}, max_network_retries=2
    )
    try:
        ids = _existing(client)
        for name, prices in CATALOGUE.items():
            missing = [price for price in prices if price.lookup_key not in ids]
            if missing:
                product = client.v1.products.create({"name": name})
                ids |= {price.lookup_key: _create(client, product.id, price) for price in missing}
    except stripe.StripeError as error:
        raise StackError(f"Stripe refused to make the prices: {error}") from error
    return ids


def _existing(client: stripe.StripeClient) -> dict[str, str]:
    keys = [price.lookup_key for prices in CATALOGUE.values() for price in prices]
    found = client.v1.prices.list({"lookup_keys": keys, "active": True, "limit": 100})
    return {price.lookup_key: price.id for price in found.data if price.lookup_key}


def _create(client: stripe.StripeClient, product: str, price: Price) -> str:
    parameters: stripe.params.PriceCreateParams = {
        "product": product,
        "currency": "usd",
        "unit_amount": price.amount,
        "lookup_key": price.lookup_key,
    }
    if price.interval:
        parameters["recurring"] = {"interval": price.interval}
    return client.v1.prices.create(parameters).id
