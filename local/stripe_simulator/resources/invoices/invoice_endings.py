"""How an invoice ends unpaid: voided, as if it had never been."""

from __future__ import annotations

from local.stripe_simulator.resources.invoices import invoice_payments
from local.stripe_simulator.resources.invoices.invoice_collection import intent_of
from local.stripe_simulator.resources.payments import payment_intents
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World


def void(world: World, invoice: Json) -> Json:
    transitions = {**invoice["status_transitions"], "voided_at": world.now()}
    invoice = world.store.update(
        invoice,
        auto_advance=False,
        next_payment_attempt=None,
        status="void",
        status_transitions=transitions,
    )
    payment = invoice_payments.of_invoice(world, invoice["id"])
    intent = intent_of(world, invoice)
    if payment is not None and intent is not None:
        invoice_payments.mark_canceled(world, payment)
        payment_intents.abandon(world, intent, "void_invoice")
    world.emit("invoice.voided", invoice)
    return invoice
