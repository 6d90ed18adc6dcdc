"""Tax rates: a percentage in or on a price. What it takes never changes; it can be archived.

Whoever has a rate keeps it whole, as Stripe shows it (docs.stripe.com/billing/taxes/tax-rates).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.pagination import LIST
from local.stripe_simulator.params import (
    Params,
    Spec,
    boolean,
    clearable,
    decimal,
    list_of,
    merged,
    metadata,
    one_of,
    required,
    text,
)
from local.stripe_simulator.resources import plain
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

TAX_RATES = clearable(list_of(text(), maximum=5))
TAX_TYPES = (
    "admissions_tax", "amusement_tax", "attendance_tax", "communications_tax",
    "digital_excise_tax", "entertainment_tax", "get_fund", "gross_receipts_tax", "gst",
    "hospitality_tax", "hst", "igst", "jct", "lease_tax", "luxury_tax",
    "mass_transit_parking_tax", "nhil", "parking_tax", "pst", "qst", "resort_tax",
    "retail_delivery_fee", "rst", "sales_tax", "service_tax", "tourism_tax",
    "utility_users_tax", "vat",
)  # fmt: skip
UPDATE: Spec = {
    "active": boolean,
    "country": text(2),
    "description": text(),
    "display_name": text(50),
    "jurisdiction": text(50),
    "metadata": metadata,
    "state": text(5),
    "tax_type": one_of(*TAX_TYPES),
}
CREATE: Spec = {
    **UPDATE,
    "display_name": required(text(50)),
    "inclusive": required(boolean),
    "percentage": required(decimal),
}


def create(world: World, params: Params) -> Json:
    rate = world.store.insert(
        {
            "id": world.new_id("txr_1", 23),
            "object": "tax_rate",
            "active": params.get("active", True),
            "country": params.get("country"),
            "created": world.now(),
            "description": params.get("description"),
            "display_name": params["display_name"],
            "effective_percentage": None,
            "flat_amount": None,
            "inclusive": params["inclusive"],
            "jurisdiction": params.get("jurisdiction"),
            "jurisdiction_level": None,
            "livemode": False,
            "metadata": merged({}, params.get("metadata")),
            "percentage": _percentage(params["percentage"]),
            "rate_type": None,
            "state": params.get("state"),
            "tax_type": params.get("tax_type"),
        }
    )
    world.emit("tax_rate.created", rate)
    return rate


def _percentage(given: Decimal) -> float:
    if not 0 <= given <= 100 or given != round(given, 4):
        message = "Tax rates are from 0 to 100 percent, with at most 4 decimal places."
        raise invalid(message, "percentage")
    return float(given)


def named(world: World, rate_ids: Sequence[str] | None, param: str = "tax_rates") -> list[Json]:
    """The rates that a parameter (`TAX_RATES`) names; archived ones can't be used anew."""
    rates = [
        world.store.get("tax_rate", rate_id, f"{param}[{index}]")
        for index, rate_id in enumerate(rate_ids or ())
    ]
    for rate in rates:
        if not rate["active"]:
            raise invalid(f"The tax rate {rate['id']} is archived and can't be used.", param)
    return rates


ROUTES = (
    Route("POST", "/v1/tax_rates", create, CREATE),
    plain.listing("/v1/tax_rates", "tax_rate", {**LIST, "active": boolean, "inclusive": boolean}),
    plain.retrieve("/v1/tax_rates/{}", "tax_rate"),
    plain.update("/v1/tax_rates/{}", "tax_rate", UPDATE),
)
