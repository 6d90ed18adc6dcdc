"""Products: what is sold; prices say for how much."""

from __future__ import annotations

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.pagination import LIST, page
from local.stripe_simulator.params import (
    Params,
    Spec,
    boolean,
    changes_of,
    clearable,
    hash_of,
    list_of,
    metadata,
    one_of,
    required,
    text,
    unsupported,
    url,
)
from local.stripe_simulator.resources import plain
from local.stripe_simulator.resources.catalogue import price_params, prices, product_objects
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

FIELDS: Spec = {
    "name": text(),
    "active": boolean,
    "description": text(40000),
    "images": clearable(list_of(text(), maximum=8)),
    "marketing_features": clearable(list_of(hash_of({"name": required(text(80))}), maximum=15)),
    "metadata": metadata,
    "shippable": boolean,
    "statement_descriptor": text(22),
    "tax_code": text(),
    "unit_label": text(12),
    "url": url,
    "package_dimensions": unsupported("package dimensions"),
    "tax_details": unsupported("tax details of a product"),
}
DEFAULT_PRICE = hash_of(
    {
        **price_params.AMOUNT,
        "currency_options": price_params.WHOLE["currency_options"],
    }
)
CREATE: Spec = {
    **FIELDS,
    "id": text(),
    "name": required(text()),
    "default_price_data": DEFAULT_PRICE,
    "type": one_of("service"),
}
UPDATE: Spec = {**FIELDS, "default_price": text()}
FILTERS: Spec = {
    **LIST,
    "active": boolean,
    "ids": list_of(text()),
    "shippable": boolean,
    "type": one_of("good", "service"),
    "url": text(),
}


def create(world: World, params: Params) -> Json:
    """Create a product, with its default price where that is described along with it."""
    product = product_objects.new(world, params)
    if "default_price_data" not in params:
        return product
    price = prices.create(world, {**params["default_price_data"], "product": product["id"]})
    priced = world.store.update(product, default_price=price["id"])
    world.emit("product.updated", priced, product)
    return priced


def update(world: World, params: Params, product_id: str) -> Json:
    before = world.store.get("product", product_id)
    if params.get("default_price"):
        price = world.store.get("price", params["default_price"], "default_price")
        if price["product"] != product_id or not price["active"]:
            raise invalid(
                f"The price `{price['id']}` is not an active price of this product.",
                "default_price",
            )
    changes = changes_of(before, params)
    for name in ("images", "marketing_features"):
        if name in params:
            changes[name] = params[name] or []
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
        if ("ids" not in params or product["id"] in params["ids"])
        and all(
            params[name] == product[name]
            for name in ("active", "shippable", "type", "url")
            if name in params
        )
    )
    return page(found, params, "/v1/products")


ROUTES = (
    Route("POST", "/v1/products", create, CREATE),
    Route("GET", "/v1/products", listing, FILTERS),
    plain.retrieve("/v1/products/{}", "product"),
    Route("POST", "/v1/products/{}", update, UPDATE),
    Route("DELETE", "/v1/products/{}", delete, {}),
)
