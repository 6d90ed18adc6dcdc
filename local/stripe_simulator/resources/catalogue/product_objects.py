"""The product object, which both products and the prices that bring their product make."""

from __future__ import annotations

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.params import Params, merged
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World


def new(world: World, params: Params) -> Json:
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
            "marketing_features": params.get("marketing_features") or [],
            "metadata": merged({}, params.get("metadata")),
            "name": params["name"],
            "package_dimensions": None,
            "shippable": params.get("shippable"),
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
