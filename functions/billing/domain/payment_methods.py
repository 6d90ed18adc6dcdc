"""What a payment method that has just become the default is charged with at once."""

from collections.abc import Iterable

from billing.domain.record import Invoice, Subscription


def invoice_to_pay(subscription: Subscription, newest_first: Iterable[Invoice]) -> Invoice | None:
    """The invoice that brings a subscription that is overdue back: its newest, unless that is paid.

    An older one stays as it is (Stripe, "How subscriptions work").
    """
    newest = next((i for i in newest_first if i.counts and _is_due(subscription, i)), None)
    return newest if newest is not None and newest.open else None


def _is_due(subscription: Subscription, invoice: Invoice) -> bool:
    """Whether the subscription's standing may hang on it.

    Stripe finalizes a draft within the hour, but leaves those of an unpaid subscription. What a
    change of plan waits for isn't owed: unpaid, the change doesn't happen.
    """
    if invoice.status == "draft":
        return subscription.status == "unpaid"
    pending = subscription.pending_update_expires_at is not None
    waits = pending and invoice.invoice_id == subscription.latest_invoice_id
    return invoice.status != "void" and not waits
