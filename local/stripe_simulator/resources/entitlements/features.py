"""Features: what a product lets its customers do. An archived one is never taken up again."""

from __future__ import annotations

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.pagination import PAGE, page
from local.stripe_simulator.params import (
    Params,
    Spec,
    boolean,
    changes_of,
    merged,
    metadata,
    required,
    text,
)
from local.stripe_simulator.resources import plain
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

KIND = "entitlements.feature"
CREATE: Spec = {
    "lookup_key": required(text(80)),
    "name": required(text(80)),
    "metadata": metadata,
}
UPDATE: Spec = {"active": boolean, "name": text(80), "metadata": metadata}


def create(world: World, params: Params) -> Json:
    key = params["lookup_key"]
    holder = next((one for one in _active(world) if one["lookup_key"] == key), None)
    if holder is not None:
        raise invalid(
            f"A feature (`{holder['id']}`) already uses that lookup key.",
            "lookup_key",
            "resource_already_exists",
        )
    return world.store.insert(
        {
            "id": world.new_id("feat_test_", 30),
            "object": KIND,
            "active": True,
            "livemode": False,
            "lookup_key": key,
            "metadata": merged({}, params.get("metadata")),
            "name": params["name"],
        }
    )


def _active(world: World) -> list[Json]:
    return [feature for feature in world.store.newest_first(KIND) if feature["active"]]


def update(world: World, params: Params, feature_id: str) -> Json:
    feature = world.store.get(KIND, feature_id)
    if not feature["active"]:
        raise invalid("An archived feature can't be updated.")
    return world.store.update(feature, **changes_of(feature, params))


def listing(world: World, params: Params) -> Json:
    archived = params.get("archived", False)
    found = (
        feature
        for feature in world.store.newest_first(KIND)
        if feature["active"] is not archived
        and params.get("lookup_key") in (None, feature["lookup_key"])
    )
    return page(found, params, "/v1/entitlements/features")


ROUTES = (
    Route("POST", "/v1/entitlements/features", create, CREATE),
    Route(
        "GET",
        "/v1/entitlements/features",
        listing,
        {**PAGE, "archived": boolean, "lookup_key": text()},
    ),
    plain.retrieve("/v1/entitlements/features/{}", KIND),
    Route("POST", "/v1/entitlements/features/{}", update, UPDATE),
)
