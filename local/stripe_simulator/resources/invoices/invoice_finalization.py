"""How a draft becomes an invoice that is owed: numbered, final, and with its payment.

Numbers are gapless: only a finalized invoice takes one from its customer's sequence.
"""

from __future__ import annotations

from local.stripe_simulator.resources.invoices import invoice_payments
from local.stripe_simulator.resources.invoices.invoice_collection import (
    collect,
    mark_paid,
    payment_method_of,
)
from local.stripe_simulator.resources.payments import payment_intents
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

DRAFT_SECONDS = 3600  # how long a draft that advances by itself can still be edited


def auto_finalize(world: World, invoice: Json) -> Json:
    """Let a draft be finalized and collected by itself, an hour from now."""
    at = world.now() + DRAFT_SECONDS
    world.schedule(at, "invoice.finalize", invoice["id"])
    return world.store.update(invoice, automatically_finalizes_at=at)


def finalize(world: World, invoice: Json, intent: Json | None = None) -> Json:
    """Open a draft: number it and make its payment (with `intent`, where one exists already)."""
    customer = world.store.get("customer", invoice["customer"])
    sequence = customer["next_invoice_sequence"]
    world.store.update(customer, next_invoice_sequence=sequence + 1)
    page_url = f"{world.settings.base_url}/i/{invoice['id']}"
    now = world.now()
    invoice = world.store.update(
        invoice,
        automatically_finalizes_at=None,
        effective_at=now,
        ending_balance=0,
        hosted_invoice_url=page_url,
        invoice_pdf=f"{page_url}/pdf",
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
            "currency": invoice["currency"],
            "customer": invoice["customer"],
            "description": _describe(invoice),
            "setup_future_usage": "off_session",
        },
    )
    invoice_payments.new(world, invoice, intent)
    world.private[intent["id"]] = {"invoice": invoice["id"]}
    return invoice


def _describe(invoice: Json) -> str:
    first = invoice["billing_reason"] == "subscription_create"
    return "Subscription creation" if first else "Subscription update"


def finalize_due(world: World, invoice_id: str) -> None:
    invoice = world.store.get("invoice", invoice_id)
    if invoice["status"] != "draft" or not invoice["auto_advance"]:
        return
    invoice = finalize(world, invoice)
    if invoice["status"] == "open":
        collect(world, invoice, payment_method_of(world, invoice))


TIMERS = {"invoice.finalize": finalize_due}
