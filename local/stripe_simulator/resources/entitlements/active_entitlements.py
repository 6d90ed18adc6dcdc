"""Active entitlements: the features that a customer has now.

Invariant: a customer has the features of the products of the subscriptions that run, each once
(Stripe's "Entitlements" guide). Whenever that changes the new whole is told in a summary.
"""

from __future__ import annotations

from local.stripe_simulator.pagination import PAGE, page, whole
from local.stripe_simulator.params import Params, required, text
from local.stripe_simulator.resources import plain
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

KIND = "entitlements.active_entitlement"
ENTITLING = ("active", "trialing", "past_due")


def features_of(world: World, product_id: str) -> dict[str, str]:
    """The features attached to a product: feature id -> product feature id."""
    return dict(world.private.get(f"{product_id}/features", {}))


def attach(world: World, product_id: str, product_feature: Json) -> None:
    feature = product_feature["entitlement_feature"]["id"]
    attached = {**features_of(world, product_id), feature: product_feature["id"]}
    world.private[f"{product_id}/features"] = attached
    _follow_product(world, product_id)


def detach(world: World, product_id: str, product_feature: Json) -> None:
    attached = features_of(world, product_id)
    del attached[product_feature["entitlement_feature"]["id"]]
    world.private[f"{product_id}/features"] = attached
    _follow_product(world, product_id)


def _follow_product(world: World, product_id: str) -> None:
    customers = {
        subscription["customer"]: None
        for subscription in world.store.oldest_first("subscription")
        if product_id in _products(subscription)
    }
    for customer_id in customers:
        _follow(world, customer_id)


def _products(subscription: Json) -> list[str]:
    return [item["price"]["product"] for item in subscription["items"]["data"]]


def on_subscription_changed(world: World, subscription: Json) -> None:
    _follow(world, subscription["customer"])


def _follow(world: World, customer_id: str) -> None:
    """Bring a customer's entitlements up to date; tell it if they changed."""
    key = f"{customer_id}/entitlements"
    former = world.private.get(key, {})
    features = _entitled(world, customer_id)
    if list(former) == features:
        return
    before = _summary(world, customer_id)
    for feature_id in former.keys() - set(features):
        world.store.delete(world.store.get(KIND, former[feature_id]))
    world.private[key] = {
        feature_id: former.get(feature_id) or _new(world, feature_id)["id"]
        for feature_id in features
    }
    summary = _summary(world, customer_id)
    world.emit("entitlements.active_entitlement_summary.updated", summary, before)


def _entitled(world: World, customer_id: str) -> list[str]:
    running = (
        subscription
        for subscription in world.store.oldest_first("subscription", customer=customer_id)
        if subscription["status"] in ENTITLING
    )
    products = [product for subscription in running for product in _products(subscription)]
    features = (feature for product in products for feature in features_of(world, product))
    return list(dict.fromkeys(features))


def _new(world: World, feature_id: str) -> Json:
    return world.store.insert(
        {
            "id": world.new_id("ent_test_", 30),
            "object": KIND,
            "feature": feature_id,
            "livemode": False,
            "lookup_key": world.store.get("entitlements.feature", feature_id)["lookup_key"],
        }
    )


def _of_customer(world: World, customer_id: str) -> list[Json]:
    ids = world.private.get(f"{customer_id}/entitlements", {}).values()
    return [world.store.get(KIND, entitlement_id) for entitlement_id in ids]


def _summary(world: World, customer_id: str) -> Json:
    url = f"/v1/customer/{customer_id}/entitlements"
    return {
        "object": "entitlements.active_entitlement_summary",
        "customer": customer_id,
        "entitlements": whole(_of_customer(world, customer_id), url),
        "livemode": False,
    }


def listing(world: World, params: Params) -> Json:
    customer = world.store.get("customer", params["customer"], "customer")
    newest_first = reversed(_of_customer(world, customer["id"]))
    return page(newest_first, params, "/v1/entitlements/active_entitlements")


ROUTES = (
    Route(
        "GET",
        "/v1/entitlements/active_entitlements",
        listing,
        {**PAGE, "customer": required(text())},
    ),
    plain.retrieve("/v1/entitlements/active_entitlements/{}", KIND),
)
REACTIONS = {
    f"customer.subscription.{change}": on_subscription_changed
    for change in ("created", "updated", "deleted", "paused", "resumed")
}
