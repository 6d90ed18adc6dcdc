"""Product features: which features a product has."""

from __future__ import annotations

from local.stripe_simulator.errors import invalid, no_such
from local.stripe_simulator.pagination import PAGE, page
from local.stripe_simulator.params import Params, required, text
from local.stripe_simulator.resources.entitlements import active_entitlements
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

KIND = "product_feature"


def create(world: World, params: Params, product_id: str) -> Json:
    product = world.store.get("product", product_id)
    feature = world.store.get(
        "entitlements.feature", params["entitlement_feature"], "entitlement_feature"
    )
    if not feature["active"]:
        raise invalid("An archived feature can't be attached.", "entitlement_feature")
    if feature["id"] in active_entitlements.features_of(world, product["id"]):
        message = f"The feature `{feature['id']}` is already attached to `{product['id']}`."
        raise invalid(message, "entitlement_feature", "resource_already_exists")
    attached = world.store.insert(
        {
            "id": world.new_id("prodft_test_", 30),
            "object": KIND,
            "entitlement_feature": feature,
            "livemode": False,
        }
    )
    active_entitlements.attach(world, product["id"], attached)
    return attached


def retrieve(world: World, _params: Params, product_id: str, attached_id: str) -> Json:
    world.store.get("product", product_id)
    if attached_id not in active_entitlements.features_of(world, product_id).values():
        raise no_such(KIND, attached_id)
    attached = world.store.get(KIND, attached_id)
    feature = world.store.get("entitlements.feature", attached["entitlement_feature"]["id"])
    return {**attached, "entitlement_feature": feature}


def delete(world: World, params: Params, product_id: str, attached_id: str) -> Json:
    attached = retrieve(world, params, product_id, attached_id)
    active_entitlements.detach(world, product_id, attached)
    return world.store.delete(attached)


def listing(world: World, params: Params, product_id: str) -> Json:
    product = world.store.get("product", product_id)
    ids = active_entitlements.features_of(world, product["id"]).values()
    newest_first = (retrieve(world, {}, product["id"], attached) for attached in reversed(ids))
    return page(newest_first, params, f"/v1/products/{product_id}/features")


ROUTES = (
    Route(
        "POST",
        "/v1/products/{}/features",
        create,
        {"entitlement_feature": required(text())},
    ),
    Route("GET", "/v1/products/{}/features", listing, PAGE),
    Route("GET", "/v1/products/{}/features/{}", retrieve, {}),
    Route("DELETE", "/v1/products/{}/features/{}", delete, {}),
)
