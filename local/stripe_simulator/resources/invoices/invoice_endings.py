"""How an invoice ends unpaid: voided as if it had never been, given up, or deleted as a draft."""

from __future__ import annotations

from local.stripe_simulator.resources.customers import balance_transactions
from local.stripe_simulator.resources.invoices import invoice_payments
from local.stripe_simulator.resources.invoices.invoice_collection import intent_of, stop_collecting
from local.stripe_simulator.resources.payments import payment_intents
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World


def void(world: World, invoice: Json) -> Json:
    """Void a finalized invoice: nothing is collected, and the customer's balance is as before."""
    invoice = _end(world, invoice, "void", "voided_at")
    payment = invoice_payments.of_invoice(world, invoice["id"])
    intent = intent_of(world, invoice)
    if payment is not None and intent is not None:
        invoice_payments.mark_canceled(world, payment)
        payment_intents.abandon(world, intent, "void_invoice")
    applied = invoice["ending_balance"] - invoice["starting_balance"]
    if applied:
        balance_transactions.record(
            world,
            invoice["customer"],
            -applied,
            invoice["currency"],
            "unapplied_from_invoice",
            invoice=invoice["id"],
        )
    world.emit("invoice.voided", invoice)
    return invoice


def give_up(world: World, invoice: Json) -> Json:
    """Mark an invoice as uncollectible: it is not tried any more, but can still be paid."""
    invoice = _end(world, invoice, "uncollectible", "marked_uncollectible_at")
    world.emit("invoice.marked_uncollectible", invoice)
    return invoice


def on_customer_deleted(world: World, customer: Json) -> None:
    """What a deleted customer still owes is not collected."""
    for invoice in list(world.store.newest_first("invoice", customer=customer["id"])):
        stop_collecting(world, invoice)


def _end(world: World, invoice: Json, status: str, moment: str) -> Json:
    return world.store.update(
        invoice,
        auto_advance=False,
        next_payment_attempt=None,
        status=status,
        status_transitions={**invoice["status_transitions"], moment: world.now()},
    )


def delete(world: World, invoice: Json) -> Json:
    """Delete a draft, for good; its invoice items wait for another invoice."""
    for item in list(world.store.oldest_first("invoiceitem", invoice=invoice["id"])):
        world.store.update(item, invoice=None)
    world.emit("invoice.deleted", invoice)
    return world.store.delete(invoice)


REACTIONS = {"customer.deleted": on_customer_deleted}
