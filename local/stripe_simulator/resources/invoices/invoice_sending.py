"""Invoices that are sent rather than charged: the customer pays them until they are due.

The events before and after the due date come as many days off it as the account's automations
say; the simulator's are fixed here (docs.stripe.com/billing/revenue-recovery/automations).
"""

from __future__ import annotations

from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

DAY = 86400
WARNING_SECONDS = 3 * DAY  # before an invoice is due


def send(world: World, invoice: Json) -> Json:
    """Send an invoice to its customer: nothing is mailed, but all is told as if it were."""
    world.emit("invoice.sent", invoice)
    return invoice


def set_timers(world: World, invoice: Json) -> None:
    """Watch over the due date of an open invoice."""
    due = invoice["due_date"]
    if due is None:
        return
    if due - WARNING_SECONDS > world.now():
        world.schedule(due - WARNING_SECONDS, "invoice.warn", invoice["id"])
    world.schedule(due, "invoice.overdue", invoice["id"])


def warn(world: World, invoice_id: str) -> None:
    invoice = world.store.get("invoice", invoice_id)
    if invoice["status"] == "open" and invoice["due_date"] - WARNING_SECONDS <= world.now():
        world.emit("invoice.will_be_due", invoice)


def fall_due(world: World, invoice_id: str) -> None:
    invoice = world.store.get("invoice", invoice_id)
    if invoice["status"] == "open" and invoice["due_date"] <= world.now():
        world.emit("invoice.overdue", invoice)


TIMERS = {"invoice.warn": warn, "invoice.overdue": fall_due}
REACTIONS = {"invoice.finalized": set_timers}
