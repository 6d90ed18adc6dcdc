"""Debt: the unpaid invoice that access hangs on, and until when grace lasts.

Derived from the record's invoices, so that a second unpaid invoice doesn't renew grace and a lost
``invoice.payment_failed`` doesn't lose it.
"""

from billing.domain.policy import Policy
from billing.domain.record import LIVE, PAID, Dunning, Invoice, Record
from billing.timestamps import DAY


def debt_of(record: Record) -> Invoice | None:
    """The earliest unpaid invoice of the subscription that is newer than the newest paid one.

    One given up as uncollectible still counts while Stripe holds it against the subscription.
    """
    paid_until = _newest_paid(record)
    unpaid = [
        invoice
        for invoice in record.invoices_of_subscription()
        if invoice.unpaid and invoice.invoice_created > paid_until
    ]
    return min(unpaid, key=lambda i: (i.payable_since, i.invoice_id), default=None)


def grace_until(record: Record, debt: Invoice, policy: Policy) -> int:
    """When grace for a debt ends (UTC seconds): at once where nothing was ever paid."""
    days = policy.grace_days if has_ever_paid(record) else 0
    return debt.payable_since + days * DAY


def dunning_of(record: Record, policy: Policy) -> Dunning | None:
    """The dunning that the record calls for; nobody waits for its end yet."""
    subscription, debt = record.subscription, debt_of(record)
    if subscription is None or subscription.status not in LIVE or debt is None:
        return None
    if subscription.status in PAID and not _collected(debt):
        return None
    return Dunning(
        invoice_id=debt.invoice_id,
        since=debt.payable_since,
        until=grace_until(record, debt, policy),
    )


def has_ever_paid(record: Record) -> bool:
    """Whether an invoice of the subscription was ever paid: grace is for those alone."""
    return bool(_newest_paid(record))


def _newest_paid(record: Record) -> int:
    """When the newest paid invoice was made; 0 where nothing was ever paid."""
    paid = (i for i in record.invoices_of_subscription() if i.status == "paid")
    return max((i.invoice_created for i in paid), default=0)


def _collected(debt: Invoice) -> bool:
    """Whether Stripe goes on trying to collect an invoice of a subscription in good standing.

    A change that isn't paid for is taken back instead (``pending_if_incomplete``).
    """
    failed = debt.status == "open" and debt.failed_attempts > 0
    return failed and debt.billing_reason != "subscription_update"
