"""The products and prices that the stack sells, made in Stripe (the simulator, or test mode).

A price is known by its lookup key; what exists already is used as it is, so seeding test mode twice
makes nothing twice.
"""

from typing import cast

import stripe

from local.stack.errors import StackError
from local.stripe_simulator.seed import CATALOGUE, SeedPrice

# The SDK would keep an id of this machine in the developer's home.
stripe.enable_telemetry = False


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
        for product in CATALOGUE:
            missing = [price for price in product.prices if price.lookup_key not in ids]
            if missing:
                made = client.v1.products.create({"name": product.name})
                ids |= {price.lookup_key: _create(client, made.id, price) for price in missing}
    except stripe.StripeError as error:
        raise StackError(f"Stripe refused to make the prices: {error}") from error
    return ids


def _existing(client: stripe.StripeClient) -> dict[str, str]:
    keys = [price.lookup_key for product in CATALOGUE for price in product.prices]
    found = client.v1.prices.list({"lookup_keys": keys, "active": True, "limit": 100})
    return {price.lookup_key: price.id for price in found.data if price.lookup_key}


def _create(client: stripe.StripeClient, product: str, price: SeedPrice) -> str:
    parameters = price.model_dump(exclude={"interval"}) | {"product": product}
    if price.interval:
        parameters["recurring"] = {"interval": price.interval}
    return client.v1.prices.create(cast("stripe.params.PriceCreateParams", parameters)).id
