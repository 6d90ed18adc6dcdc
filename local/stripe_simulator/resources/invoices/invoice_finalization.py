"""How a draft becomes an invoice that is owed: numbered, settled with the balance, and final.

Numbers are gapless: only a finalized invoice takes one from its customer's sequence. What is
charged, what moves the customer's balance and what the invoice comes to always agree.
"""

from __future__ import annotations

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.money import minimum_charge
from local.stripe_simulator.resources.customers import balance_transactions
from local.stripe_simulator.resources.invoices import invoice_drafts, invoice_payments
from local.stripe_simulator.resources.invoices.invoice_amounts import Settlement, settle
from local.stripe_simulator.resources.invoices.invoice_collection import (
    collect,
    mark_paid,
    payment_method_of,
)
from local.stripe_simulator.resources.invoices.invoice_sending import send
from local.stripe_simulator.resources.payments import payment_intents
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

COLLECTION_SECONDS = 3600  # between an invoice's finalization by hand and its collection


def auto_finalize(world: World, invoice: Json, at: int | None = None) -> Json:
    """Let a draft be finalized and collected by itself, an hour from now (or then)."""
    fields = invoice_drafts.advancing(world, invoice["collection_method"], at)
    world.schedule(fields["automatically_finalizes_at"], "invoice.finalize", invoice["id"])
    return world.store.update(invoice, **fields)


def finalize(world: World, invoice: Json, intent: Json | None = None) -> Json:
    """Open a draft: number it, settle it, and make its payment.

    Where it has been paid for already, by `intent`, the customer's balance is left alone.
    """
    customer = world.store.get("customer", invoice["customer"])
    sequence = customer["next_invoice_sequence"]
    world.store.update(customer, next_invoice_sequence=sequence + 1)
    page_url = f"{world.settings.base_url}/i/{invoice['id']}"
    now = world.now()
    invoice = world.store.update(
        invoice,
        **_settled(world, invoice, charged=intent is not None),
        automatically_finalizes_at=None,
        effective_at=invoice["effective_at"] or now,
        hosted_invoice_url=page_url,
        invoice_pdf=f"{page_url}/pdf",
        last_finalization_error=None,
        next_payment_attempt=None,
        number=f"{customer['invoice_prefix']}-{sequence:04d}",
        status="open",
        status_transitions={**invoice["status_transitions"], "finalized_at": now},
        webhooks_delivered_at=now,
    )
    world.emit("invoice.finalized", invoice)
    if invoice["amount_due"] == 0:
        return mark_paid(world, invoice)
    intent = intent or payment_intents.new(
        world,
        {
            "amount": invoice["amount_due"],
            "capture_method": "automatic",
            "currency": invoice["currency"],
            "customer": invoice["customer"],
            "description": _describe(invoice),
            "setup_future_usage": "off_session",
        },
    )
    invoice_payments.new(world, invoice, intent)
    world.private[intent["id"]] = {"invoice": invoice["id"]}
    return invoice


def _settled(world: World, invoice: Json, *, charged: bool) -> Json:
    """The final amounts of a draft, after the customer's balance paid or took its part."""
    final = invoice_drafts.worked_out(world, invoice)
    balance = final["starting_balance"]
    if charged:
        settlement = Settlement(due=final["total"], applied=0, kept=0)
    else:
        settlement = settle(final["total"], balance, minimum_charge(invoice["currency"]))
    moved = {
        "applied_to_invoice": settlement.applied,
        "invoice_too_small": settlement.kept,
    }
    for kind, amount in moved.items():
        if amount:
            balance_transactions.record(
                world,
                invoice["customer"],
                amount,
                invoice["currency"],
                kind,
                invoice=invoice["id"],
            )
    return {
        **final,
        "amount_due": settlement.due,
        "amount_remaining": settlement.due,
        "ending_balance": balance + settlement.change,
    }


def _describe(invoice: Json) -> str:
    if invoice["billing_reason"] == "manual":
        return "Payment for Invoice"
    first = invoice["billing_reason"] == "subscription_create"
    return "Subscription creation" if first else "Subscription update"


def finalize_due(world: World, invoice_id: str) -> None:
    """Finalize a draft that advances by itself, then collect or send it."""
    invoice = world.store.find(invoice_id)
    if invoice is None or invoice.get("status") != "draft" or not invoice["auto_advance"]:
        return
    at = invoice["automatically_finalizes_at"]
    if at is not None and at <= world.now():
        advance(world, finalize(world, invoice))


def fail(world: World, invoice_id: str, code: str) -> Json:
    """Let a draft's finalization fail: it stays one until it is finalized by hand."""
    invoice = world.store.get("invoice", invoice_id)
    if invoice["status"] != "draft":
        raise invalid(f"Invoice {invoice_id} is {invoice['status']}: only a draft is finalized.")
    invoice = world.store.update(
        invoice,
        automatically_finalizes_at=None,
        last_finalization_error=invalid("The invoice can't be finalized.", code=code).error,
        next_payment_attempt=None,
    )
    world.emit("invoice.finalization_failed", invoice)
    return invoice


def advance(world: World, invoice: Json) -> Json:
    """Collect or send an invoice that was just finalized."""
    if invoice["status"] != "open":
        return invoice
    if invoice["collection_method"] == "send_invoice":
        return send(world, invoice)
    return collect(world, invoice, payment_method_of(world, invoice))


def collect_soon(world: World, invoice: Json) -> Json:
    """Have an open invoice that advances by itself charged within an hour."""
    charged = invoice["collection_method"] == "charge_automatically"
    if invoice["status"] != "open" or not invoice["auto_advance"] or not charged:
        return invoice
    at = world.now() + COLLECTION_SECONDS
    world.schedule(at, "invoice.retry", invoice["id"])
    return world.store.update(invoice, next_payment_attempt=at)


TIMERS = {"invoice.finalize": finalize_due}
