"""Invoices as drafts: what they bill, in the shape that Stripe gives them."""

from __future__ import annotations

from dataclasses import dataclass, field

from local.stripe_simulator.pagination import whole
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World


@dataclass(frozen=True)
class Line:
    """What one line of an invoice bills: an item of a subscription, for a period."""

    subscription_item: Json
    start: int
    end: int
    amount: int
    description: str
    metadata: Json = field(default_factory=dict)


def new(world: World, subscription: Json, reason: str, lines: list[Line], since: int) -> Json:
    """Draft an invoice of a subscription; `since` begins the period that it looks back on."""
    customer = world.store.get("customer", subscription["customer"])
    invoice_id = world.new_id("in_1", 23)
    total = sum(line.amount for line in lines)
    automatic = subscription["automatic_tax"]["enabled"]
    invoice = world.store.insert(
        {
            "id": invoice_id,
            "object": "invoice",
            "account_country": world.settings.country,
            "account_name": world.settings.account_name,
            "account_tax_ids": None,
            "amount_due": total,
            "amount_overpaid": 0,
            "amount_paid": 0,
            "amount_remaining": total,
            "amount_shipping": 0,
            "application": None,
            "attempt_count": 0,
            "attempted": False,
            "auto_advance": True,
            "automatic_tax": {
                "disabled_reason": None,
                "enabled": automatic,
                "liability": {"type": "self"} if automatic else None,
                "provider": "stripe" if automatic else None,
                "status": "complete" if automatic else None,
            },
            "automatically_finalizes_at": None,
            "billing_reason": reason,
            "collection_method": subscription["collection_method"],
            "created": world.now(),
            "currency": subscription["currency"],
            "custom_fields": None,
            "customer": customer["id"],
            "customer_account": None,
            "customer_address": customer["address"],
            "customer_email": customer["email"],
            "customer_name": customer["name"],
            "customer_phone": customer["phone"],
            "customer_shipping": customer["shipping"],
            "customer_tax_exempt": customer["tax_exempt"],
            "customer_tax_ids": [],
            "default_payment_method": None,
            "default_source": None,
            "default_tax_rates": [],
            "description": None,
            "discounts": [],
            "due_date": None,
            "effective_at": None,
            "ending_balance": None,
            "footer": None,
            "from_invoice": None,
            "hosted_invoice_url": None,
            "invoice_pdf": None,
            "issuer": {"type": "self"},
            "last_finalization_error": None,
            "latest_revision": None,
            "lines": whole(
                [_line_item(world, invoice_id, subscription, line) for line in lines],
                f"/v1/invoices/{invoice_id}/lines",
            ),
            "livemode": False,
            "metadata": {},
            "next_payment_attempt": None,
            "number": None,
            "on_behalf_of": None,
            "parent": {
                "quote_details": None,
                "subscription_details": {
                    "metadata": subscription["metadata"],
                    "subscription": subscription["id"],
                },
                "type": "subscription_details",
            },
            "payment_settings": {
                "default_mandate": None,
                "payment_method_options": None,
                "payment_method_types": None,
            },
            "period_end": world.now(),
            "period_start": since,
            "post_payment_credit_notes_amount": 0,
            "pre_payment_credit_notes_amount": 0,
            "receipt_number": None,
            "rendering": None,
            "shipping_cost": None,
            "shipping_details": None,
            "starting_balance": 0,
            "statement_descriptor": None,
            "status": "draft",
            "status_transitions": {
                "finalized_at": None,
                "marked_uncollectible_at": None,
                "paid_at": None,
                "voided_at": None,
            },
            "subtotal": total,
            "subtotal_excluding_tax": total,
            "test_clock": None,
            "total": total,
            "total_discount_amounts": [],
            "total_excluding_tax": total,
            "total_pretax_credit_amounts": [],
            "total_taxes": [],
            "webhooks_delivered_at": None,
        }
    )
    world.emit("invoice.created", invoice)
    return invoice


def _line_item(world: World, invoice_id: str, subscription: Json, line: Line) -> Json:
    item = line.subscription_item
    price = item["price"]
    return {
        "id": world.new_id("il_1", 23),
        "object": "line_item",
        "amount": line.amount,
        "currency": price["currency"],
        "description": line.description,
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": invoice_id,
        "livemode": False,
        "metadata": subscription["metadata"],
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": subscription["id"],
                "subscription_item": item["id"],
            },
            "type": "subscription_item_details",
        },
        "period": {"end": line.end, "start": line.start},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": item["quantity"],
        "quantity_decimal": str(item["quantity"]),
        "subscription": subscription["id"],
        "subtotal": line.amount,
        "taxes": [],
    }


def subscription_of(invoice: Json) -> str | None:
    """The subscription that an invoice bills; invoices of one's own have none."""
    parent = invoice["parent"]
    return str(parent["subscription_details"]["subscription"]) if parent else None
