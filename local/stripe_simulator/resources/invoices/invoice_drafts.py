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
from local.stripe_simulator.resources.catalogue import discounts
from local.stripe_simulator.resources.invoices import invoice_items, invoice_lines
from local.stripe_simulator.resources.invoices.invoice_amounts import (
    LineAmounts,
    Share,
    line_amounts,
    settle,
    totals,
)
from local.stripe_simulator.resources.invoices.invoice_lines import Line
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

__all__ = [
    "Line",
    "advancing",
    "automatic_tax",
    "bill_anew",
    "draft",
    "drop",
    "empty",
    "new",
    "redraw",
    "settings_of",
    "subscription_of",
    "take",
    "with_lines",
    "worked_out",
]
DAY = 86400
WAITS_SECONDS = 3600  # how long a draft that advances by itself can still be edited
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
    currency = (subscription or {}).get("currency") or lines[0].currency
    if items is None:
        items = _pending(world, customer["id"], subscription, reason)
    fields = {
        **empty(world, customer, reason, currency),
        **(settings_of(world, subscription) if subscription else {}),
        "period_start": world.now() if since is None else since,
        **settings,
    }
    own = [replace(line, metadata=_metadata_of(line, subscription)) for line in lines]
    return draft(world, fields, own, items)


def draft(world: World, fields: Json, lines: Sequence[Line], items: Sequence[Json]) -> Json:
    """Store an invoice of items and lines; discounts that last `once` end with it.

    It is finalized by itself if its fields say when (`advancing`).
    """
    taken = [item for item in items if item["currency"] == fields["currency"]]
    billed = [*(invoice_lines.of_item(item) for item in taken), *lines]
    fields = {
        **fields,
        "lines": whole(
            [invoice_lines.new(world, fields["id"], line) for line in billed],
            f"/v1/invoices/{fields['id']}/lines",
        ),
    }
    invoice = world.store.insert({**fields, **worked_out(world, fields)})
    for item in taken:
        world.store.update(item, invoice=invoice["id"])
    discounts.spend(world, [each["discount"] for each in invoice["total_discount_amounts"]])
    if invoice["automatically_finalizes_at"] is not None:
        world.schedule(invoice["automatically_finalizes_at"], "invoice.finalize", invoice["id"])
    world.emit("invoice.created", invoice)
    return invoice


def advancing(world: World, collection_method: str, at: int | None = None) -> Json:
    """The fields of a draft that is finalized and collected by itself, in an hour (or then)."""
    at = world.now() + WAITS_SECONDS if at is None else at
    charged = collection_method == "charge_automatically"  # what is sent isn't
    return {
        "auto_advance": True,
        "automatically_finalizes_at": at,
        "next_payment_attempt": at if charged else None,
    }


def _metadata_of(line: Line, subscription: Json | None) -> Json:
    """A line of a subscription shows that one's metadata."""
    return line.metadata or (subscription or {}).get("metadata", {})


def _pending(world: World, customer_id: str, subscription: Json | None, reason: str) -> list[Json]:
    if subscription is None:
        return []
    return invoice_items.pending(
        world, customer_id, subscription["id"], and_free=reason in TAKING_ALL
    )


def settings_of(world: World, subscription: Json) -> Json:
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
    amounts = _amounts(world, draft, customer["tax_exempt"])
    total = totals(amounts)
    balance = balance_for(customer, draft["currency"])
    settled = settle(total["total"], balance, minimum_charge(draft["currency"]))
    shown = [{**line, **each.as_json()} for line, each in zip(lines, amounts, strict=True)]
    return {
        **total,
        "amount_due": settled.due,
        "amount_remaining": settled.due,
        **{f"customer_{field}": customer[field] for field in OF_CUSTOMER},
        "lines": {**draft["lines"], "data": shown},
        "starting_balance": balance,
    }


def _amounts(world: World, draft: Json, tax_exempt: str) -> list[LineAmounts]:
    """Each line's amounts: first its own discounts, then the invoice's on what these left."""
    lines = draft["lines"]["data"]
    currency = draft["currency"]
    own = [_own_discounts(world, line, currency) for line in lines]
    reductions = discounts.reductions(world, draft["discounts"], currency)
    left = [
        _as_priced(line, line["amount"] - sum(share.amount for share in shares))
        for line, shares in zip(lines, own, strict=True)
    ]
    shared = [_shares(reductions, taken) for taken in discounts.apply(left, reductions)]
    return [
        line_amounts(
            line["amount"],
            of_line,
            of_invoice,
            world.private[line["id"]]["tax_rates"] or draft["default_tax_rates"],
            tax_exempt,
        )
        for line, of_line, of_invoice in zip(lines, own, shared, strict=True)
    ]


def _own_discounts(world: World, line: Json, currency: str) -> list[Share]:
    reductions = discounts.reductions(world, line["discounts"], currency)
    [taken] = discounts.apply([_as_priced(line, line["amount"])], reductions)
    return _shares(reductions, taken)


def _as_priced(line: Json, amount: int) -> discounts.Priced:
    """A line as discounts see it; of one that isn't discountable there is nothing to take."""
    taken_from = amount if line["discountable"] else 0
    return discounts.Priced(taken_from, invoice_lines.product_of(line))


def _shares(reductions: Sequence[discounts.Reduction], taken: Sequence[int]) -> list[Share]:
    pairs = zip(reductions, taken, strict=True)
    return [Share(reduction.discount, amount) for reduction, amount in pairs if amount]


def redraw(world: World, draft: Json, **changes: Any) -> Json:
    """A draft with other fields, worked out anew."""
    before = world.store.get("invoice", draft["id"])
    invoice = world.store.update(before, **changes)
    invoice = world.store.update(invoice, **worked_out(world, invoice))
    world.emit("invoice.updated", invoice, before)
    return invoice


def take(world: World, draft: Json, items: Sequence[Json]) -> Json:
    """Bill more items; they come after what is there."""
    for item in items:
        world.store.update(item, invoice=draft["id"])
    added = [invoice_lines.new(world, draft["id"], invoice_lines.of_item(item)) for item in items]
    return with_lines(world, draft, [*draft["lines"]["data"], *added])


def bill_anew(world: World, draft: Json, item: Json) -> Json:
    """Show on its line what an item has become."""
    line = invoice_lines.of_item(item)
    shown = [
        invoice_lines.new(world, draft["id"], line, each["id"])
        if invoice_lines.item_of(each) == item["id"]
        else each
        for each in draft["lines"]["data"]
    ]
    return with_lines(world, draft, shown)


def drop(world: World, draft: Json, item_id: str) -> Json:
    """Bill an item no longer."""
    left = [line for line in draft["lines"]["data"] if invoice_lines.item_of(line) != item_id]
    return with_lines(world, draft, left)


def with_lines(world: World, draft: Json, lines: list[Json]) -> Json:
    return redraw(world, draft, lines={**draft["lines"], "data": lines})


def on_customer_updated(world: World, customer: Json) -> None:
    """Drafts show the customer's details, tax exemption and balance as they are now."""
    for draft in list(world.store.newest_first("invoice", customer=customer["id"], status="draft")):
        world.store.update(draft, **worked_out(world, draft))


def balance_for(customer: Json, currency: str) -> int:
    """The balance that applies to an invoice: it is in the customer's currency."""
    return int(customer["balance"]) if customer["currency"] in (None, currency) else 0


def empty(world: World, customer: Json, reason: str, currency: str) -> Json:
    """A draft of nothing."""
    return {
        "id": world.new_id("in_1", 23),
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
        "currency": currency,
        "custom_fields": customer["invoice_settings"]["custom_fields"],
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
        "footer": customer["invoice_settings"]["footer"],
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
        "period_start": world.now(),
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


REACTIONS = {"customer.updated": on_customer_updated}
