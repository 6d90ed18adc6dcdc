"""How an open invoice is collected: paid from the card on file, retried, or given up.

An invoice follows its payment intent, whoever confirms that: the schedule, the API or a client.
"""

from __future__ import annotations

from local.stripe_simulator.resources.invoices import invoice_payments
from local.stripe_simulator.resources.invoices.invoice_drafts import subscription_of
from local.stripe_simulator.resources.payments import payment_intents
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

DAY = 86400


def payment_method_of(world: World, invoice: Json) -> Json | None:
    """What the invoice is collected from: the subscription's card wins over the customer's."""
    subscription = subscription_of(invoice)
    of_subscription = (
        world.store.get("subscription", subscription)["default_payment_method"]
        if subscription
        else None
    )
    customer = world.store.get("customer", invoice["customer"])
    method_id = (
        invoice["default_payment_method"]
        or of_subscription
        or customer["invoice_settings"]["default_payment_method"]
    )
    return world.store.find(method_id) if method_id else None


def intent_of(world: World, invoice: Json) -> Json | None:
    payment = invoice_payments.of_invoice(world, invoice["id"])
    return payment and world.store.find(payment["payment"]["payment_intent"])


def collect(world: World, invoice: Json, method: Json | None) -> Json:
    """Make the attempt that is due by the retry schedule: it comes back paid, or still open."""
    invoice = world.store.update(invoice, attempt_count=invoice["attempt_count"] + 1)
    intent = intent_of(world, invoice)
    if intent is not None and method is not None:
        payment_intents.attempt(world, intent, method)  # the reactions below do the rest
    else:
        _mark_failed(world, invoice)
    return world.store.get("invoice", invoice["id"])


def on_intent_succeeded(world: World, intent: Json) -> None:
    """An open invoice is paid when its payment intent is, whoever confirmed that."""
    invoice = _open_invoice_of(world, intent)
    if invoice is not None:
        mark_paid(world, invoice)


def on_intent_failed(world: World, intent: Json) -> None:
    invoice = _open_invoice_of(world, intent)
    if invoice is not None:
        _mark_failed(world, invoice)


def _open_invoice_of(world: World, intent: Json) -> Json | None:
    invoice = world.store.find(world.private.get(intent["id"], {}).get("invoice", ""))
    return invoice if invoice is not None and invoice["status"] != "paid" else None


def mark_paid(world: World, invoice: Json) -> Json:
    invoice = world.store.update(
        invoice,
        amount_paid=invoice["amount_due"],
        amount_remaining=0,
        attempt_count=_attempts(invoice) if invoice["amount_due"] else 0,
        attempted=True,
        auto_advance=False,
        next_payment_attempt=None,
        status="paid",
        status_transitions={**invoice["status_transitions"], "paid_at": world.now()},
    )
    world.emit("invoice.paid", invoice)
    world.emit("invoice.payment_succeeded", invoice)
    payment = invoice_payments.of_invoice(world, invoice["id"])
    if payment is not None:
        invoice_payments.mark_paid(world, payment)
    return invoice


def _mark_failed(world: World, before: Json) -> None:
    scheduled = before["next_payment_attempt"]
    if scheduled is None or scheduled <= world.now():
        scheduled = _next_attempt(world, before)
    invoice = world.store.update(
        before,
        attempt_count=_attempts(before),
        attempted=True,
        next_payment_attempt=scheduled,
    )
    if scheduled is not None:
        world.schedule(scheduled, "invoice.retry", invoice["id"])
    world.emit("invoice.payment_failed", invoice)
    world.emit("invoice.updated", invoice, before)


def _attempts(invoice: Json) -> int:
    """The first attempt counts whoever makes it; after that only the schedule's do."""
    return max(int(invoice["attempt_count"]), 1)


def _next_attempt(world: World, invoice: Json) -> int | None:
    """When to try again; a subscription's first invoice is the customer's to pay."""
    retries, count = world.settings.payment_retry_days, _attempts(invoice)
    if invoice["billing_reason"] == "subscription_create" or count > len(retries):
        return None
    return world.now() + retries[count - 1] * DAY


def stop_collecting(world: World, invoice: Json) -> None:
    """Leave an invoice as it is: its subscription has ended."""
    if invoice["status"] in ("draft", "open") and invoice["auto_advance"]:
        world.store.update(invoice, auto_advance=False, next_payment_attempt=None)


def retry_due(world: World, invoice_id: str) -> None:
    invoice = world.store.get("invoice", invoice_id)
    due_at = invoice["next_payment_attempt"]
    if invoice["status"] == "open" and due_at is not None and due_at <= world.now():
        collect(world, invoice, payment_method_of(world, invoice))


REACTIONS = {
    "payment_intent.succeeded": on_intent_succeeded,
    "payment_intent.payment_failed": on_intent_failed,
}
TIMERS = {"invoice.retry": retry_due}
