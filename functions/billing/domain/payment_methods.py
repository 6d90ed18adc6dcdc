"""What a payment method that has just become the default is charged with at once."""

from collections.abc import Iterable

from billing.domain.record import OWING, Invoice, InvoiceStatus, Subscription


def invoice_to_pay(subscription: Subscription, newest_first: Iterable[Invoice]) -> Invoice | None:
    """The invoice that brings an overdue subscription back: its newest, if it is unpaid.

    An unpaid subscription's newest may be left as a draft; a past due one's is collected within the
    hour, so there the one before it counts. One that a change of plan waits for is not owed
    (Stripe, "How subscriptions work" and "Pending updates").
    """
    if subscription.status not in OWING:
        return None
    passed_over: set[InvoiceStatus] = {"void"} if subscription.status == "unpaid" else _NOT_DUE
    owed = (
        invoice
        for invoice in newest_first
        if invoice.status not in passed_over and invoice.counts and not _waits(subscription, invoice)
    )
    newest = next(owed, None)
    return newest if newest is not None and newest.open else None


_NOT_DUE: set[InvoiceStatus] = {"void", "draft"}


def _waits(subscription: Subscription, invoice: Invoice) -> bool:
    """Whether a change of plan waits for it."""
    pending = subscription.pending_update_expires_at is not None
    return pending and invoice.invoice_id == subscription.latest_invoice_id
