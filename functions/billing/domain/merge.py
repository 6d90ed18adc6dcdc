"""Merge what was learnt into the record. Nothing here looks at a clock or at Stripe.

Invoices merge by rank, in any order and any number of times: the result is the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from billing.domain.events import (
    BillingEvent,
    InvoiceEvent,
    PurchaseEvent,
    SessionEvent,
    SubscriptionEvent,
)
from billing.domain.record import (
    LIVE,
    PAID,
    TERMINAL,
    CustomerState,
    Invoice,
    InvoiceStatus,
    Purchase,
    Record,
    Stamp,
    Subscription,
)

#: How far an invoice has come; it never goes back (Stripe, "How invoicing works").
_RANK: Final[Mapping[InvoiceStatus, int]] = {
    "draft": 0,
    "open": 1,
    "uncollectible": 2,
    "paid": 3,
    "void": 3,
}
#: Closed invoices kept; the newest paid one of the subscription always is.
CLOSED_KEPT = 24
#: Purchases kept; of each thing that was bought the newest one that stands always is.
PURCHASES_KEPT = 100


def with_event(record: Record, event: BillingEvent) -> Record:
    """Merge what the event says besides: of an invoice, of a checkout, of a trial's end."""
    match event:
        case InvoiceEvent():
            return with_invoice(record, event.invoice)
        case SessionEvent() | PurchaseEvent():
            return without_checkout(record, event.session_id)
        case SubscriptionEvent(trial_notice=int(ends)):
            return _with_trial_notice(record, event.subscription_id, ends)
    return record


def with_customer(record: Record, customer_id: str) -> Record:
    """Set the customer; a former one is remembered, never forgotten, and never comes back.

    However the customer was found, the operation that may be under way to make one is settled: the
    next has a new number, and so a new idempotency key.
    """
    if customer_id == record.customer_id or customer_id in record.former_customers:
        return record
    current = record.customer_id
    remembered = with_former(record, current) if current is not None else record
    return remembered.model_copy(update={"customer_id": customer_id, "op_seq": record.op_seq + 1})


def with_former(record: Record, customer_id: str) -> Record:
    """Remember a customer whose place another has taken."""
    former = dict.fromkeys((*record.former_customers, customer_id))
    return record.model_copy(update={"former_customers": tuple(former)})


def with_subscription(record: Record, subscription: Subscription, stamp: Stamp) -> Record:
    """Store a newer state of the record's own subscription; another schedule plans otherwise."""
    planned = record.planned
    same = planned is not None and planned.schedule_id == subscription.schedule_id
    return record.model_copy(
        update={
            "subscription": subscription,
            "stamp": _raised(stamp, record.stamp),
            "planned": planned if same else None,
            "had_trial": record.had_trial or subscription.trial_end is not None,
        }
    )


def with_listed(
    record: Record,
    listed: Iterable[Subscription],
    stamp: Stamp,
    ended: Subscription | None = None,
) -> Record:
    """Choose the record's subscription among all of the customer's, and note other live ones."""
    by_id = {s.subscription_id: s for s in listed}
    for known in (record.subscription, ended):
        if known is not None and known.status in TERMINAL:
            by_id[known.subscription_id] = known
    if not by_id:
        return record
    best, *others = sorted(by_id.values(), key=_rank)
    trials = any(s.trial_end is not None for s in by_id.values())
    return with_subscription(record, best, stamp).model_copy(
        update={
            "other_live": tuple(s for s in others if s.status in LIVE),
            "had_trial": record.had_trial or trials,
        }
    )


def with_invoice(record: Record, invoice: Invoice) -> Record:
    """Merge an invoice: the farthest state, the most attempts; then the newest word."""
    stored = record.invoices.get(invoice.invoice_id)
    merged = _merged(stored, invoice) if stored else invoice
    if merged == stored:
        return record
    invoices = record.invoices | {invoice.invoice_id: merged}
    return record.model_copy(update={"invoices": _kept(invoices, invoice.invoice_id)})


def with_invoices(record: Record, invoices: Iterable[Invoice]) -> Record:
    """Merge several invoices."""
    for invoice in invoices:
        record = with_invoice(record, invoice)
    return record


def with_listed_invoices(
    record: Record, listed: Sequence[Invoice], subscription_id: str | None = None
) -> Record:
    """Merge a list of the newest invoices, of all or of one subscription.

    A draft that it should show and doesn't was deleted: Stripe deletes nothing else.
    """
    shown = {i.invoice_id for i in listed}
    since = min((i.invoice_created for i in listed), default=0)
    gone = {
        i.invoice_id
        for i in record.invoices.values()
        if i.status == "draft" and i.invoice_created >= since and i.invoice_id not in shown
        if subscription_id in (None, i.subscription_id)
    }
    left = {id_: i for id_, i in record.invoices.items() if id_ not in gone}
    return with_invoices(record.model_copy(update={"invoices": left}), listed)


def is_forgotten(record: Record, invoice: Invoice) -> bool:
    """Whether an invoice isn't kept and is older than those that are: it may be long closed."""
    if invoice.invoice_id in record.invoices:
        return False
    closed = _closed(record.invoices.values())[:CLOSED_KEPT]
    return len(closed) == CLOSED_KEPT and invoice.invoice_created < closed[-1].invoice_created


def with_purchases(record: Record, purchases: Iterable[Purchase]) -> Record:
    """Store the newest state of one-time purchases; what was bought is as it was first known."""
    known = record.purchases
    newest = {
        purchase.purchase_id: _as_first_known(known.get(purchase.purchase_id), purchase)
        for purchase in purchases
    }
    return record.model_copy(update={"purchases": _kept_purchases(known | newest)})


def with_customer_state(record: Record, customer: CustomerState, stamp: Stamp) -> Record:
    """Store a newer state of the customer."""
    return record.model_copy(
        update={"customer": customer, "customer_stamp": _raised(stamp, record.customer_stamp)}
    )


def without_checkout(record: Record, session_id: str | None) -> Record:
    """Free the checkout slot if this session holds it."""
    slot = record.checkout
    if slot is None or session_id is None or slot.session_id != session_id:
        return record
    return record.model_copy(update={"checkout": None})


def changes_between(before: Record, after: Record) -> dict[str, dict[str, Any]]:
    """List the subscription's changed fields with their values before and after."""
    old = before.subscription.model_dump() if before.subscription else {}
    new = after.subscription.model_dump() if after.subscription else {}
    return {
        name: {"before": old.get(name), "after": new.get(name)}
        for name in new
        if old.get(name) != new.get(name)
    }


def _as_first_known(known: Purchase | None, newest: Purchase) -> Purchase:
    """A lookup key may pass on to another price: what was bought with it stays bought."""
    if known is None or known.lookup_key is None:
        return newest
    return newest.model_copy(update={"lookup_key": known.lookup_key})


def _kept_purchases(purchases: Mapping[str, Purchase]) -> dict[str, Purchase]:
    """Keep the newest: an item of DynamoDB has 400 KB."""
    newest = sorted(purchases.values(), key=lambda p: (p.purchase_created, p.purchase_id))[::-1]
    standing = {p.lookup_key: p for p in reversed(newest) if p.stands}
    kept = {p.purchase_id for p in (*newest[:PURCHASES_KEPT], *standing.values())}
    return {id_: p for id_, p in purchases.items() if id_ in kept}


def _with_trial_notice(record: Record, subscription_id: str | None, ends: int) -> Record:
    """Note the announced end of a trial that still runs to then."""
    trial = record.subscription
    if trial is None or trial.subscription_id != subscription_id or trial.status != "trialing":
        return record
    return record.model_copy(update={"trial_notice": ends}) if trial.trial_end == ends else record


def _merged(stored: Invoice, told: Invoice) -> Invoice:
    """Join two words on one invoice. The order doesn't matter, nor does hearing one twice."""
    return max(stored, told, key=_progress).model_copy(
        update={
            "failed_attempts": max(stored.failed_attempts, told.failed_attempts),
            "action_required_attempt": max(
                stored.action_required_attempt, told.action_required_attempt
            ),
        }
    )


def _progress(invoice: Invoice) -> tuple[int | str, ...]:
    """How far an invoice has come; within a second, what was paid and what is planned decide."""
    return (
        _RANK[invoice.status],
        invoice.attempts,
        invoice.as_of,
        invoice.amount_paid,
        invoice.next_attempt_at or 0,
        invoice.amount_due,
        invoice.due_at or 0,
        invoice.error or "",
    )


def _kept(invoices: Mapping[str, Invoice], latest: str) -> dict[str, Invoice]:
    """Keep what is open, the last closed ones, and of each subscription the newest paid one.

    What was heard of last is kept until the next: else nobody would tell what became of it.
    """
    closed = _closed(invoices.values())
    paid = {i.subscription_id: i for i in reversed(closed) if i.status == "paid" and i.counts}
    kept = {latest, *(i.invoice_id for i in (*closed[:CLOSED_KEPT], *paid.values()))}
    return {id_: i for id_, i in invoices.items() if i.open or id_ in kept}


def _closed(invoices: Iterable[Invoice]) -> list[Invoice]:
    """Those that can't be paid any more, the newest first."""
    closed = (i for i in invoices if not i.open)
    return sorted(closed, key=lambda i: (i.invoice_created, i.invoice_id), reverse=True)


def _raised(stamp: Stamp, known: Stamp | None) -> Stamp:
    return stamp.raised_to(known) if known else stamp


def _rank(subscription: Subscription) -> tuple[int, int, str]:
    """Order by live and paid, live, open, ended.

    The oldest live one comes first (a later one is the duplicate), of the others the newest.
    """
    created = subscription.subscription_created
    if subscription.status in LIVE:
        return (0 if subscription.status in PAID else 1), created, subscription.subscription_id
    return (3 if subscription.status in TERMINAL else 2), -created, subscription.subscription_id
