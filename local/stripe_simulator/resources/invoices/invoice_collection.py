"""How an open invoice is collected: paid from the card on file, retried, or given up.

An invoice follows its payment intent, whoever confirms that: the schedule, the API or a client.
After a hard decline, or while an authentication is awaited, the schedule goes on and is counted,
but only another payment method is tried (Stripe's page "Automate payment retries").
"""

from __future__ import annotations

from local.stripe_simulator.cards import HARD_DECLINES
from local.stripe_simulator.errors import StripeError, invalid
from local.stripe_simulator.resources.invoices import invoice_payments
from local.stripe_simulator.resources.invoices.invoice_drafts import subscription_of
from local.stripe_simulator.resources.payments import payment_intents
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

DAY = 86400
ON_SESSION = ("subscription_create", "subscription_update")  # the customer is there to act


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


def collect(world: World, invoice: Json, method: Json | None, *, off_session: bool = False) -> Json:
    """Make the attempt that is due by the retry schedule: it comes back paid, or still open.

    Where the customer must authenticate, their intent requires action; with `off_session`, which
    says that they are away for sure, the attempt is declined instead. While a debit is processing
    nothing is tried.
    """
    if is_processing(world, invoice):
        return invoice
    intent = intent_of(world, invoice)
    if intent is None or method is None or _is_futile(intent, method):
        _mark_failed(world, invoice)
    else:
        _attempt(world, invoice, method, off_session=off_session)  # the reactions do the rest
    return world.store.get("invoice", invoice["id"])


def _is_futile(intent: Json, method: Json) -> bool:
    """Whether trying that method again is of no use before the customer does something."""
    if intent["status"] == "requires_action":
        return bool(intent["payment_method"] == method["id"])
    last = intent["last_payment_error"] or {}
    refused = last.get("payment_method", {}).get("id") == method["id"]
    return refused and (last.get("decline_code") or last.get("code")) in HARD_DECLINES


def _attempt(world: World, invoice: Json, method: Json, *, off_session: bool) -> None:
    intent = intent_of(world, invoice)
    assert intent is not None
    away = off_session or invoice["attempted"] or invoice["billing_reason"] not in ON_SESSION
    if not off_session and payment_intents.needs_authentication(world, method, off_session=away):
        payment_intents.require_action(world, intent, method)
    else:
        payment_intents.attempt(world, intent, method, off_session=away)


def charge_now(
    world: World, invoice: Json, method: Json | None, *, off_session: bool = True
) -> Json:
    """Pay an open invoice now, whatever its schedule; a debit leaves it open until it settles.

    Raises:
        StripeError: 402, if the card is declined or its customer must authenticate.
    """
    intent = intent_of(world, invoice)
    if method is None or intent is None:
        raise invalid(
            "There is no `default_payment_method` set on this Customer or Invoice. Please set a "
            "default payment method or pass one in."
        )
    if intent["status"] == "processing":
        raise invalid(
            "This invoice can't be paid because a payment of it is processing.",
            code="payment_intent_unexpected_state",
        )
    if payment_intents.needs_authentication(world, method, off_session=off_session):
        raise _action_required(payment_intents.require_action(world, intent, method))
    intent, decline = payment_intents.attempt(world, intent, method, off_session=off_session)
    if decline is not None:
        raise payment_intents.refusal(intent)
    return world.store.get("invoice", invoice["id"])


def _action_required(intent: Json) -> StripeError:
    return StripeError(
        402,
        "This payment requires additional user action before it can be completed successfully. "
        "Payment can be completed using the PaymentIntent associated with the invoice. For more "
        "details see: https://stripe.com/docs/billing/subscriptions/overview#requires-action",
        kind="card_error",
        code="invoice_payment_intent_requires_action",
        payment_intent=intent,
    )


def pay_out_of_band(world: World, invoice: Json) -> Json:
    """Take an invoice as paid by other means: nothing is charged for it any more."""
    payment = invoice_payments.of_invoice(world, invoice["id"])
    intent = intent_of(world, invoice)
    if payment is not None and intent is not None:
        invoice_payments.mark_canceled(world, payment)
        payment_intents.abandon(world, intent, "void_invoice")
    return mark_paid(world, invoice)


def on_intent_succeeded(world: World, intent: Json) -> None:
    """An open invoice is paid when its payment intent is, whoever confirmed that."""
    invoice = open_invoice_of(world, intent)
    if invoice is not None:
        mark_paid(world, invoice)


def on_intent_failed(world: World, intent: Json) -> None:
    invoice = open_invoice_of(world, intent)
    if invoice is not None:
        _mark_failed(world, invoice)


def on_intent_requires_action(world: World, intent: Json) -> None:
    """The customer is to authenticate: until then the attempt counts as failed."""
    before = open_invoice_of(world, intent)
    if before is not None:
        invoice = _attempted(world, before)
        world.emit("invoice.payment_action_required", invoice)
        _tell_failed(world, invoice, before)


def on_intent_processing(world: World, intent: Json) -> None:
    """A debit is on its way: the invoice stays open, and nothing else is tried meanwhile."""
    before = open_invoice_of(world, intent)
    if before is not None:
        invoice = world.store.update(
            before,
            attempt_count=_attempts(world, before),
            attempted=True,
            next_payment_attempt=None,
        )
        world.emit("invoice.updated", invoice, before)


def is_processing(world: World, invoice: Json) -> bool:
    """Whether a debit that pays the invoice is on its way."""
    intent = intent_of(world, invoice)
    return intent is not None and intent["status"] == "processing"


def open_invoice_of(world: World, intent: Json) -> Json | None:
    """The invoice that an intent is to pay, unless it is paid."""
    invoice = world.store.find(world.private.get(intent["id"], {}).get("invoice", ""))
    return invoice if invoice is not None and invoice["status"] != "paid" else None


def mark_paid(world: World, invoice: Json) -> Json:
    invoice = world.store.update(
        invoice,
        amount_paid=invoice["amount_due"],
        amount_remaining=0,
        attempt_count=_attempts(world, invoice) if invoice["amount_due"] else 0,
        attempted=True,
        auto_advance=False,
        next_payment_attempt=None,
        status="paid",
        status_transitions={**invoice["status_transitions"], "paid_at": world.now()},
    )
    world.emit("invoice.paid", invoice)
    world.emit("invoice.payment_succeeded", invoice)
    payment = invoice_payments.of_invoice(world, invoice["id"])
    if payment is not None and payment["status"] == "open":
        invoice_payments.mark_paid(world, payment)
    return invoice


def _mark_failed(world: World, before: Json) -> None:
    _tell_failed(world, _attempted(world, before), before)


def _attempted(world: World, before: Json) -> Json:
    """The invoice after an attempt in vain: counted, with the time of the next one."""
    count, next_at = _attempts(world, before), before["next_payment_attempt"]
    if next_at is None or _is_due(world, before):
        next_at = _next_attempt(world, before, count)
    if next_at is not None:
        world.schedule(next_at, "invoice.retry", before["id"])
    return world.store.update(
        before, attempt_count=count, attempted=True, next_payment_attempt=next_at
    )


def _tell_failed(world: World, invoice: Json, before: Json) -> None:
    world.emit("invoice.payment_failed", invoice)
    # What follows from the failure may have changed the invoice again.
    world.emit("invoice.updated", world.store.get("invoice", invoice["id"]), before)


def _is_due(world: World, invoice: Json) -> bool:
    """Whether the attempt that is made now is the schedule's."""
    due_at = invoice["next_payment_attempt"]
    return due_at is not None and bool(due_at <= world.now())


def _attempts(world: World, invoice: Json) -> int:
    """The first attempt counts whoever makes it; after that only the schedule's do."""
    return max(int(invoice["attempt_count"]) + _is_due(world, invoice), 1)


def _next_attempt(world: World, invoice: Json, count: int) -> int | None:
    """When to try again; a subscription's first invoice is the customer's to pay."""
    if invoice["billing_reason"] == "subscription_create" or not invoice["auto_advance"]:
        return None
    retries = world.settings.payment_retry_days
    if invoice["collection_method"] == "send_invoice" or count > len(retries):
        return None
    return world.now() + retries[count - 1] * DAY


def is_exhausted(world: World, invoice: Json) -> bool:
    """Whether all the tries of the retry schedule were made in vain."""
    return bool(invoice["attempt_count"] > len(world.settings.payment_retry_days))


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
    "payment_intent.processing": on_intent_processing,
    "payment_intent.requires_action": on_intent_requires_action,
}
TIMERS = {"invoice.retry": retry_due}
