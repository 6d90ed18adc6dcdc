"""Invoices as drafts: what they bill, in the shape that Stripe gives them.

A draft is always worked out anew from its lines (`worked_out`): whatever changes them, the
discounts, the tax rates or the customer's balance, it shows what finalizing it would bill.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from local.stripe_simulator.money import minimum_charge
from local.stripe_simulator.pagination import whole
from local.stripe_simulator.resources.invoices import (
    invoice_amounts,
    invoice_items,
    invoice_lines,
)
from local.stripe_simulator.resources.invoices.invoice_lines import Line
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

__all__ = ["Line", "new", "subscription_of", "worked_out"]
DAY = 86400
OF_CUSTOMER = ("address", "email", "name", "phone", "shipping", "tax_exempt")
TAKING_ALL = ("subscription_create", "subscription_cycle")  # also what no subscription waits for


def new(  # noqa: PLR0913 - an invoice has many sources
    world: World,
    customer: Json,
    reason: str,
    lines: Sequence[Line],
    *,
    subscription: Json | None = None,
    since: int | None = None,
    items: Sequence[Json] | None = None,
    **settings: Any,
) -> Json:
    """Draft an invoice of these lines and of pending invoice items.

    `reason` is its `billing_reason`; the settings of the subscription that it bills are its own,
    but for those given. `since` is when the period began that it looks back on. The `items` to
    take are by default the subscription's pending ones, and at its beginning and with each cycle
    the customer's that wait for no subscription.
    """
    invoice_id = world.new_id("in_1", 23)
    currency = settings.get("currency") or (subscription or {}).get("currency") or _only(lines)
    if items is None:
        items = _pending(world, customer["id"], subscription, reason)
    items = [item for item in items if item["currency"] == currency]
    own = [replace(line, metadata=_metadata_of(line, subscription)) for line in lines]
    billed = [*(invoice_lines.of_item(item) for item in items), *own]
    draft = {
        **_empty(world, invoice_id, customer, reason),
        **(_settings_of(world, subscription) if subscription else {}),
        **settings,
        "currency": currency,
        "lines": whole(
            [invoice_lines.new(world, invoice_id, line) for line in billed],
            f"/v1/invoices/{invoice_id}/lines",
        ),
        "period_start": world.now() if since is None else since,
    }
    invoice = world.store.insert({**draft, **worked_out(world, draft)})
    for item in items:
        world.store.update(item, invoice=invoice_id)
    world.emit("invoice.created", invoice)
    return invoice


def _metadata_of(line: Line, subscription: Json | None) -> Json:
    """A line of a subscription shows that one's metadata."""
    return line.metadata or (subscription or {}).get("metadata", {})


def _only(lines: Sequence[Line]) -> str:
    return lines[0].currency


def _pending(world: World, customer_id: str, subscription: Json | None, reason: str) -> list[Json]:
    if subscription is None:
        return []
    found = invoice_items.pending(world, customer_id, subscription["id"])
    if reason in TAKING_ALL:
        found += invoice_items.pending(world, customer_id, None)
    return found


def _settings_of(world: World, subscription: Json) -> Json:
    """What an invoice takes over from its subscription."""
    automatic = subscription["automatic_tax"]["enabled"]
    days = subscription["days_until_due"]
    return {
        "automatic_tax": automatic_tax(enabled=automatic),
        "collection_method": subscription["collection_method"],
        "default_tax_rates": subscription["default_tax_rates"],
        "discounts": subscription["discounts"],
        "due_date": None if days is None else world.now() + days * DAY,
        "parent": {
            "quote_details": None,
            "subscription_details": {
                "metadata": subscription["metadata"],
                "subscription": subscription["id"],
            },
            "type": "subscription_details",
        },
    }


def automatic_tax(*, enabled: bool) -> Json:
    """Automatic tax, which collects nothing here: no place is registered for it."""
    return {
        "disabled_reason": None,
        "enabled": enabled,
        "liability": {"type": "self"} if enabled else None,
        "provider": "stripe" if enabled else None,
        "status": "complete" if enabled else None,
    }


def worked_out(world: World, draft: Json) -> Json:
    """What a draft's lines come to: its fields that are computed from others."""
    customer = world.store.get("customer", draft["customer"])
    lines = draft["lines"]["data"]
    amounts = [_amounts_of(world, draft, line, customer["tax_exempt"]) for line in lines]
    totals = invoice_amounts.totals(amounts)
    balance = balance_for(customer, draft["currency"])
    settled = invoice_amounts.settle(totals["total"], balance, minimum_charge(draft["currency"]))
    shown = [{**line, **each.as_json()} for line, each in zip(lines, amounts, strict=True)]
    return {
        **totals,
        "amount_due": settled.due,
        "amount_remaining": settled.due,
        **{f"customer_{field}": customer[field] for field in OF_CUSTOMER},
        "lines": {**draft["lines"], "data": shown},
        "starting_balance": balance,
    }


def _amounts_of(
    world: World, draft: Json, line: Json, tax_exempt: str
) -> invoice_amounts.LineAmounts:
    rates = world.private[line["id"]]["tax_rates"] or draft["default_tax_rates"]
    return invoice_amounts.line_amounts(line["amount"], (), (), rates, tax_exempt)


def balance_for(customer: Json, currency: str) -> int:
    """The balance that applies to an invoice: it is in the customer's currency."""
    return int(customer["balance"]) if customer["currency"] in (None, currency) else 0


def _empty(world: World, invoice_id: str, customer: Json, reason: str) -> Json:
    return {
        "id": invoice_id,
        "object": "invoice",
        "account_country": world.settings.country,
        "account_name": world.settings.account_name,
        "account_tax_ids": None,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": automatic_tax(enabled=False),
        "automatically_finalizes_at": None,
        "billing_reason": reason,
        "collection_method": "charge_automatically",
        "created": world.now(),
        "custom_fields": None,
        "customer": customer["id"],
        "customer_account": None,
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
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": None,
        "on_behalf_of": None,
        "parent": None,
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": world.now(),
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "statement_descriptor": None,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "test_clock": customer["test_clock"],
        "webhooks_delivered_at": None,
    }


def subscription_of(invoice: Json) -> str | None:
    """The subscription that an invoice bills; invoices of one's own have none."""
    parent = invoice["parent"]
    return str(parent["subscription_details"]["subscription"]) if parent else None
