"""Decide what an event asks of the record: ignore it, apply what it says, or look at Stripe.

Stripe's events come late, twice, out of order and within the same second, so a subscription's
payload is applied only when it is provably newer than what is stored; when in doubt Stripe is
asked, and what is provably older is ignored. A stored subscription carries a stamp: the interval of
Stripe's time in which it was true; the customer has one of its own. Invoices need none: they merge
by rank, whatever order they come in. Purchases are always looked at.
"""

from billing.domain.events import (
    BillingEvent,
    CustomerEvent,
    InvoiceEvent,
    PurchaseEvent,
    SessionEvent,
    SubscriptionEvent,
)
from billing.domain.merge import is_forgotten, with_invoice
from billing.domain.record import PAID, TERMINAL, Record, Stamp, Subscription, Value

#: Seconds by which ``created`` may lag behind the change, and clocks may differ, both ways.
WINDOW = 5
#: An event older than this (seconds) isn't trusted to be the newest word.
MAX_AGE = 3600


class Ignore(Value):
    """The event says nothing new, and why."""

    reason: str


class Keep(Value):
    """No subscription changes; what else the event says is merged."""


class Apply(Value):
    """The event's payload is provably the newest."""

    subscription: Subscription
    stamp: Stamp


class FetchSubscription(Value):
    """In doubt: ask Stripe for this one subscription."""

    subscription_id: str


class ListSubscriptions(Value):
    """Ask Stripe for all of the customer's subscriptions and rank them.

    ``ended`` is a terminal payload in hand: no answer of Stripe's takes it back.
    """

    customer_id: str
    ended: Subscription | None = None


class FetchCustomer(Value):
    """Ask Stripe for the customer and its payment methods."""

    customer_id: str


class FetchPurchase(Value):
    """Ask Stripe for a one-time purchase, by whichever of its two ids is known."""

    payment_intent_id: str | None
    session_id: str | None


class CheckDebt(Value):
    """Ask Stripe for the subscription and its invoices: before access is taken away."""

    subscription_id: str


class SyncCustomer(Value):
    """Ask Stripe for everything that this customer has: nothing of it is known yet."""

    customer_id: str
    ended: Subscription | None = None


Decision = (
    Ignore
    | Keep
    | Apply
    | FetchSubscription
    | ListSubscriptions
    | FetchCustomer
    | FetchPurchase
    | CheckDebt
    | SyncCustomer
)


def decide(record: Record, event: BillingEvent, now: int) -> Decision:
    """Decide by record, event and the time (UTC seconds), and by nothing else."""
    if event.customer_id in record.former_customers:
        if not _is_ours(record, event):
            return Ignore(reason="of a former customer")
    elif record.synced_customer_id != event.customer_id:
        return SyncCustomer(customer_id=event.customer_id, ended=_ended(event))
    if isinstance(event, SubscriptionEvent):
        return _decide_subscription(record, event, now)
    return _decide_other(record, event)


def decide_on_debt(record: Record) -> Decision:
    """Decide at the end of grace: whoever still owes is looked at once more."""
    if record.subscription is None or record.dunning is None:
        return Ignore(reason="nothing is owed")
    return CheckDebt(subscription_id=record.subscription.subscription_id)


def at_subscription(record: Record) -> Decision:
    """Decide after an operation of ours on the record's subscription."""
    if record.subscription is None:
        return Ignore(reason="there is no subscription")
    return FetchSubscription(subscription_id=record.subscription.subscription_id)


def at_payments(record: Record) -> Decision:
    """Decide after an operation of ours on what the record's subscription owes."""
    if record.subscription is None:
        return Ignore(reason="there is no subscription")
    return CheckDebt(subscription_id=record.subscription.subscription_id)


def at_customer(record: Record) -> Decision:
    """Decide after an operation of ours on the customer or its payment methods."""
    if record.customer_id is None:
        return Ignore(reason="there is no customer")
    return FetchCustomer(customer_id=record.customer_id)


def _decide_other(
    record: Record, event: SessionEvent | InvoiceEvent | PurchaseEvent | CustomerEvent
) -> Decision:
    match event:
        case SessionEvent():
            return _decide_session(record, event)
        case InvoiceEvent():
            return _decide_invoice(record, event)
        case PurchaseEvent():
            return _decide_purchase(record, event)
        case CustomerEvent():
            return _decide_customer(record, event)


def _is_ours(record: Record, event: BillingEvent) -> bool:
    """Whether the event is of the stored subscription, whoever its customer was."""
    if not isinstance(event, SubscriptionEvent | SessionEvent) or record.subscription is None:
        return False
    return event.subscription_id == record.subscription.subscription_id


def _decide_session(record: Record, event: SessionEvent) -> Decision:
    """A session tells no state: it names a subscription that may have to be looked at."""
    stored = record.subscription
    if event.subscription_id is None or event.subscription_id in record.other_live_ids:
        return Keep()
    if stored is None or event.subscription_id != stored.subscription_id:
        return ListSubscriptions(customer_id=event.customer_id)
    settled = stored.status in TERMINAL or (stored.status in PAID and not event.delayed)
    return Keep() if settled else FetchSubscription(subscription_id=stored.subscription_id)


def _decide_subscription(record: Record, event: SubscriptionEvent, now: int) -> Decision:
    stored, payload = record.subscription, event.payload
    if event.subscription_id is None:
        return Ignore(reason="a schedule without a subscription")
    if stored is None or stored.subscription_id != event.subscription_id:
        return ListSubscriptions(customer_id=event.customer_id, ended=_ended(event))
    if stored.status in TERMINAL:
        return Ignore(reason="subscription has ended")
    if payload is not None and payload.status in TERMINAL:
        return ListSubscriptions(customer_id=record.customer_id or event.customer_id, ended=payload)
    return _decide_by_time(record, stored, event, now)


def _decide_by_time(
    record: Record, stored: Subscription, event: SubscriptionEvent, now: int
) -> Decision:
    """Compare within one subscription: before the stamp, after it, or within its doubt."""
    payload = event.payload
    if is_stale(record.stamp, event.created):
        return Keep() if _announces(event, stored) else Ignore(reason="older than the record")
    if payload is None or not _is_newest(record.stamp, event.created, payload, now):
        return FetchSubscription(subscription_id=stored.subscription_id)
    if yields_to_another(record, payload):
        return ListSubscriptions(customer_id=record.customer_id or event.customer_id)
    return Apply(subscription=payload, stamp=Stamp(lo=event.created, hi=event.created))


def _decide_invoice(record: Record, event: InvoiceEvent) -> Decision:
    """Merge an invoice; look at the subscription where it may have changed its standing."""
    stored, invoice = record.subscription, event.invoice
    if is_forgotten(record, invoice):
        return Ignore(reason="older than the invoices that are kept")
    nothing_new = with_invoice(record, invoice) == record
    if stored is not None and invoice.subscription_id == stored.subscription_id:
        in_doubt = stored.status not in PAID | TERMINAL and not invoice.open
        if in_doubt and not is_stale(record.stamp, event.created):
            return FetchSubscription(subscription_id=stored.subscription_id)
    elif not nothing_new and invoice.subscription_id not in (None, *record.other_live_ids):
        return ListSubscriptions(customer_id=event.customer_id)
    return Ignore(reason="says nothing new of the invoice") if nothing_new else Keep()


def _decide_purchase(record: Record, event: PurchaseEvent) -> Decision:
    """Look at what was bought; where nothing was, at most a checkout is over."""
    if not event.expired:
        return FetchPurchase(payment_intent_id=event.payment_intent_id, session_id=event.session_id)
    slot = record.checkout
    holds_slot = slot is not None and slot.session_id == event.session_id
    return Keep() if holds_slot else Ignore(reason="nothing was bought")


def _decide_customer(record: Record, event: CustomerEvent) -> Decision:
    """Look at the customer. Deleted, it has ended its subscriptions too, and for good."""
    if record.customer is not None and record.customer.deleted:
        return Ignore(reason="the customer was deleted")
    if event.deleted:
        return SyncCustomer(customer_id=event.customer_id)
    if is_stale(record.customer_stamp, event.created):
        return Ignore(reason="older than the record")
    return FetchCustomer(customer_id=event.customer_id)


def yields_to_another(record: Record, subscription: Subscription) -> bool:
    """Whether one of the others may be the better one now: ours isn't in good standing."""
    return bool(record.other_live) and subscription.status not in PAID


def is_stale(stamp: Stamp | None, created: int) -> bool:
    """Whether what happened then was known when the stamp was made."""
    return stamp is not None and created < stamp.lo - WINDOW


def _announces(event: SubscriptionEvent, stored: Subscription) -> bool:
    """Whether the event tells of a trial's end that is still ahead, and hasn't moved since."""
    return stored.status == "trialing" and event.trial_notice == stored.trial_end


def _is_newest(stamp: Stamp | None, created: int, payload: Subscription, now: int) -> bool:
    """Whether the payload provably speaks for Stripe: after the stamp, in real time, and recent."""
    after = stamp is not None and created > stamp.hi + WINDOW
    return after and payload.test_clock_id is None and now - created <= MAX_AGE


def _ended(event: BillingEvent) -> Subscription | None:
    """The terminal state that the event carries, if it does."""
    payload = event.payload if isinstance(event, SubscriptionEvent) else None
    return payload if payload is not None and payload.status in TERMINAL else None
