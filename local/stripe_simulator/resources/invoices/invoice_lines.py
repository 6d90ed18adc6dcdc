"""The lines of invoices, in the shape that Stripe gives them before anything is taken off."""

from __future__ import annotations

from dataclasses import dataclass, field

from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World


@dataclass(frozen=True)
class Line:
    """What one line of an invoice bills, in minor units, for a period.

    `discounts` are ids of discounts of the line's own; without `tax_rates` (whole objects) of
    its own the invoice's default ones apply.
    """

    amount: int
    description: str | None
    start: int
    end: int
    currency: str
    price: Json | None = None
    quantity: int = 1
    discountable: bool = True
    discounts: tuple[str, ...] = ()
    tax_rates: tuple[Json, ...] = ()
    proration: bool = False
    credited_items: Json | None = None
    subscription: str | None = None
    subscription_item: str | None = None
    invoice_item: str | None = None
    metadata: Json = field(default_factory=dict)
    pricing: Json | None = None  # where it is not simply the price's


def of_item(item: Json) -> Line:
    """The line that bills an invoice item."""
    details = item["parent"]["subscription_details"] if item["parent"] else {}
    proration = item.get("proration_details", {})
    credited = proration.get("credited_items") or {}
    return Line(
        amount=item["amount"],
        description=item["description"],
        start=item["period"]["start"],
        end=item["period"]["end"],
        currency=item["currency"],
        pricing=item["pricing"],
        quantity=item["quantity"],
        discountable=item["discountable"],
        discounts=tuple(item["discounts"]),
        tax_rates=tuple(item["tax_rates"]),
        proration=item["proration"],
        credited_items=credited.get("invoice_line_item_details"),
        subscription=details.get("subscription"),
        subscription_item=details.get("subscription_item"),
        invoice_item=item["id"],
        metadata=item["metadata"],
    )


def pricing(price: Json, unit_amount_decimal: str | None) -> Json:
    """The `pricing` of a line or an item; what has no price has none."""
    return {
        "price_details": {"price": price["id"], "product": price["product"]},
        "type": "price_details",
        "unit_amount_decimal": unit_amount_decimal,
    }


def _pricing(price: Json | None) -> Json | None:
    return price and pricing(price, price["unit_amount_decimal"])


def product_of(billed: Json) -> str | None:
    """The product of a line or an invoice item, if it is one's price."""
    return str(billed["pricing"]["price_details"]["product"]) if billed["pricing"] else None


def new(world: World, invoice_id: str, line: Line, line_id: str | None = None) -> Json:
    """A line item; its tax rates are kept beside it, for Stripe shows only the taxes."""
    line_id = line_id or world.new_id("il_1", 23)
    world.private[line_id] = {"tax_rates": list(line.tax_rates)}
    return {
        "id": line_id,
        "object": "line_item",
        "amount": line.amount,
        "currency": line.currency,
        "description": line.description,
        "discount_amounts": [],
        "discountable": line.discountable,
        "discounts": list(line.discounts),
        "invoice": invoice_id,
        "livemode": False,
        "metadata": line.metadata,
        "parent": _parent(line),
        "period": {"end": line.end, "start": line.start},
        "pretax_credit_amounts": [],
        "pricing": line.pricing or _pricing(line.price),
        "quantity": line.quantity,
        "quantity_decimal": str(line.quantity),
        "subscription": line.subscription,
        "subtotal": line.amount,
        "taxes": [],
    }


def item_of(line_item: Json) -> str | None:
    """The invoice item that a line item bills."""
    parent = line_item["parent"]
    details = parent["invoice_item_details"] or parent["subscription_item_details"]
    item: str | None = details["invoice_item"]
    return item


def _parent(line: Line) -> Json:
    """Where a line comes from: a subscription's item, an invoice item, or both (a proration)."""
    details: Json = {
        "invoice_item": line.invoice_item,
        "proration": line.proration,
        "proration_details": {"credited_items": line.credited_items},
        "subscription": line.subscription,
    }
    if line.subscription_item is None:
        return {
            "invoice_item_details": details,
            "subscription_item_details": None,
            "type": "invoice_item_details",
        }
    return {
        "invoice_item_details": None,
        "subscription_item_details": {**details, "subscription_item": line.subscription_item},
        "type": "subscription_item_details",
    }
