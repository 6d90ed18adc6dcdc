"""Products: what is sold; prices say for how much."""

from __future__ import annotations

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.pagination import LIST, page
from local.stripe_simulator.params import (
    Params,
    Spec,
    boolean,
    list_of,
    merged,
    metadata,
    required,
    text,
    unsupported,
)
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

FIELDS: Spec = {
    "name": text(),
    "active": boolean,
    "description": text(40000),
    "metadata": metadata,
    "statement_descriptor": text(22),
    "tax_code": text(),
    "unit_label": text(12),
    "url": text(),
    "images": list_of(text(), maximum=8),
}
CREATE: Spec = {
    **FIELDS,
    "id": text(),
    "name": required(text()),
    "default_price_data": unsupported("default_price_data; create the price by itself"),
}
UPDATE: Spec = {**FIELDS, "default_price": text()}


def create(world: World, params: Params) -> Json:
    """Create a product, and say so."""
    product_id = params.get("id") or world.new_id("prod_", 14)
    if world.store.find(product_id):
        raise invalid("Product already exists.", "id", "resource_already_exists")
    product = world.store.insert(
        {
            "id": product_id,
            "object": "product",
            "active": params.get("active", True),
            "created": world.now(),
            "default_price": None,
            "description": params.get("description"),
            "images": params.get("images", []),
            "livemode": False,
            "marketing_features": [],
            "metadata": merged({}, params.get("metadata")),
            "name": params["name"],
            "package_dimensions": None,
            "shippable": None,
            "statement_descriptor": params.get("statement_descriptor"),
            "tax_code": params.get("tax_code"),
            "tax_details": None,
            "type": "service",
            "unit_label": params.get("unit_label"),
            "updated": world.now(),
            "url": params.get("url"),
        }
    )
    world.emit("product.created", product)
    return product


def retrieve(world: World, _params: Params, product_id: str) -> Json:
    return world.store.get("product", product_id)


def update(world: World, params: Params, product_id: str) -> Json:
    before = world.store.get("product", product_id)
    if params.get("default_price"):
        world.store.get("price", params["default_price"], "default_price")
    changes = dict(params)
    if "metadata" in params:
        changes["metadata"] = merged(before["metadata"], params["metadata"])
    product = world.store.update(before, **changes, updated=world.now())
    world.emit("product.updated", product, before)
    return product


def delete(world: World, _params: Params, product_id: str) -> Json:
    product = world.store.get("product", product_id)
    if any(world.store.newest_first("price", product=product_id)):
        raise invalid(
            "This product cannot be deleted because it has one or more user-created prices."
        )
    world.emit("product.deleted", product)
    return world.store.delete(product)


def listing(world: World, params: Params) -> Json:
    found = (
        product
        for product in world.store.newest_first("product")
        if params.get("active") in (None, product["active"])
        and ("ids" not in params or product["id"] in params["ids"])
    )
    return page(found, params, "/v1/products")


ROUTES = (
    Route("POST", "/v1/products", create, CREATE),
    Route("GET", "/v1/products", listing, {**LIST, "active": boolean, "ids": list_of(text())}),
    Route("GET", "/v1/products/{}", retrieve, {}),
    Route("POST", "/v1/products/{}", update, UPDATE),
    Route("DELETE", "/v1/products/{}", delete, {}),
)
