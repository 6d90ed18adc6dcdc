"""Entitlements: features, on products, of customers."""

from __future__ import annotations

from tests.unit.stripe_simulator.account import Account


def use(stripe: Account) -> None:
    url = "/v1/entitlements/features"
    feature = stripe.post(url, lookup_key="api", name="API access", metadata={"size": "all"})
    stripe.post(f"{url}/{feature['id']}", name="The API")
    stripe.get(f"{url}/{feature['id']}")
    stripe.get(url)
    subscription = stripe.subscribe()
    product = subscription["items"]["data"][0]["price"]["product"]
    path = f"/v1/products/{product}/features"
    attached = stripe.post(path, entitlement_feature=feature["id"])
    stripe.get(f"{path}/{attached['id']}")
    stripe.get(path)
    active = "/v1/entitlements/active_entitlements"
    found = stripe.get(active, customer=subscription["customer"], expand=["data.feature"])
    stripe.get(f"{active}/{found['data'][0]['id']}")
    stripe.delete(f"{path}/{attached['id']}")
