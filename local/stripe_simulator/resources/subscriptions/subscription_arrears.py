"""Subscriptions whose invoices are sent: past due when one isn't paid by its due date.

Paying the invoice makes the subscription active again, as for one that is charged
(docs.stripe.com/api/subscriptions/object, `status`).
"""

from __future__ import annotations

from local.stripe_simulator.resources.invoices import invoice_drafts
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World


def on_invoice_overdue(world: World, invoice: Json) -> None:
    before = world.store.find(invoice_drafts.subscription_of(invoice) or "")
    if before is not None and before["status"] in ("active", "trialing"):
        subscription = world.store.update(before, status="past_due")
        world.emit("customer.subscription.updated", subscription, before)


REACTIONS = {"invoice.overdue": on_invoice_overdue}
