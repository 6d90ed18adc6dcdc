"""Invoice items: what a customer is to pay or get back with some invoice, now or later.

An item that no invoice has yet is pending. It is billed once: its `invoice` is set when a line
is made of it, and never changed to another.
"""

from __future__ import annotations

from decimal import Decimal

from local.stripe_simulator.resources.invoices.invoice_lines import pricing
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

TWELVE_PLACES = Decimal("1.000000000000")


def new(  # noqa: PLR0913 - an item has as many fields
    world: World,
    customer_id: str,
    *,
    amount: int,
    currency: str,
    description: str | None,
    start: int,
    end: int,
    subscription: str | None = None,
    subscription_item: str | None = None,
    price: Json | None = None,
    quantity: int = 1,
    proration: bool = False,
    credited_items: Json | None = None,
    discountable: bool | None = None,
    discounts: list[str] | None = None,
    tax_rates: list[Json] | None = None,
    metadata: Json | None = None,
) -> Json:
    """Add a pending item, and say so.

    A negative `amount` is a credit. Only an invoice of its `subscription` bills an item that has
    one. `price` and `tax_rates` are whole objects, `discounts` ids; `credited_items` is the
    `{"invoice", "invoice_line_items"}` that a credit proration gives back. Discounts apply to
    what is neither a proration nor a credit, unless `discountable` says otherwise.
    """
    if discountable is None:
        discountable = not proration and amount >= 0
    item = world.store.insert(
        {
            "id": world.new_id("ii_1", 23),
            "object": "invoiceitem",
            "amount": amount,
            "currency": currency,
            "customer": customer_id,
            "customer_account": None,
            "date": world.now(),
            "description": description,
            "discountable": discountable,
            "discounts": discounts or [],
            "frozen_fields": [],
            "invoice": None,
            "invoicing_rules": [],
            "livemode": False,
            "metadata": metadata or {},
            "parent": _parent(subscription, subscription_item),
            "period": {"end": end, "start": start},
            "pricing": pricing_of(amount, quantity, price, proration=proration),
            "proration": proration,
            "quantity": quantity,
            "quantity_decimal": str(quantity),
            "tax_rates": tax_rates or [],
            "test_clock": world.store.get("customer", customer_id)["test_clock"],
            **({} if discountable else {"net_amount": amount}),
            **({"proration_details": _proration_details(credited_items)} if proration else {}),
        }
    )
    world.emit("invoiceitem.created", item)
    return item


def pending(
    world: World, customer_id: str, subscription_id: str | None, *, and_free: bool = False
) -> list[Json]:
    """A customer's items that wait for an invoice of that subscription (of none), newest first.

    With `and_free` those that wait for any invoice are among them.
    """
    waiting_for = (subscription_id, None) if and_free else (subscription_id,)
    return [
        item
        for item in world.store.newest_first("invoiceitem", customer=customer_id)
        if item["invoice"] is None and subscription_of(item) in waiting_for
    ]


def subscription_of(item: Json) -> str | None:
    parent = item["parent"]
    return str(parent["subscription_details"]["subscription"]) if parent else None


def pricing_of(
    amount: int, quantity: int, price: Json | None, *, proration: bool = False
) -> Json | None:
    """A price's `pricing`; that of a part of it is what each unit comes to."""
    if price is None or not proration:
        return price and pricing(price, price["unit_amount_decimal"])
    each = Decimal(amount) / (quantity or 1)
    return pricing(price, f"{each.quantize(TWELVE_PLACES).normalize():f}")


def _parent(subscription: str | None, item: str | None) -> Json | None:
    if subscription is None:
        return None
    details = {"subscription": subscription}
    if item is not None:
        details["subscription_item"] = item
    return {"subscription_details": details, "type": "subscription_details"}


def _proration_details(credited_items: Json | None) -> Json:
    credited = credited_items and {
        "invoice_line_item_details": credited_items,
        "type": "invoice_line_items",
    }
    return {"credited_items": credited, "discount_amounts": []}
