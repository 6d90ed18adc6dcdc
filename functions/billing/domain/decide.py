"""Decide what an event asks of the record: ignore it, apply its payload, or look at Stripe.

Stripe's events come late, twice, out of order and within the same second, so a payload is applied
only when it is provably newer than what is stored; when in doubt Stripe is asked, and what is
provably older is ignored. A stored subscription carries a stamp: the interval of Stripe's time in
which it was true. Sessions carry none: they only close the checkout slot and name a subscription.
"""

from billing.domain.events import BillingEvent, SessionEvent, SubscriptionEvent
from billing.domain.record import PAID, TERMINAL, Record, Stamp, Subscription, Value

#: Seconds by which ``created`` may lag behind the change, and clocks may differ, both ways.
WINDOW = 5
#: An event older than this (seconds) isn't trusted to be the newest word.
MAX_AGE = 3600


class Ignore(Value):
    """The event is provably stale, or about a subscription that has ended for good."""

    reason: str


class Keep(Value):
    """The stored subscription stands; the event may still close a checkout."""


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


Decision = Ignore | Keep | Apply | FetchSubscription | ListSubscriptions


def decide(record: Record, event: BillingEvent, now: int) -> Decision:
    """Decide by record, event and the time (UTC seconds), and by nothing else."""
    stored = record.subscription
    is_ours = stored is not None and stored.subscription_id == event.subscription_id
    if event.customer_id in record.former_customers and not is_ours:
        return Ignore(reason="of a former customer")
    if isinstance(event, SessionEvent):
        return _decide_session(record, event)
    return _decide_subscription(record, event, now)


def _decide_session(record: Record, event: SessionEvent) -> Decision:
    """A session tells no state: it names a subscription that may have to be looked at."""
    stored = record.subscription
    others = {subscription.subscription_id for subscription in record.other_live}
    if stored is None:
        return ListSubscriptions(customer_id=event.customer_id)
    if event.subscription_id == stored.subscription_id:
        settled = stored.status in TERMINAL or (stored.status in PAID and not event.delayed)
        return Keep() if settled else FetchSubscription(subscription_id=stored.subscription_id)
    if event.subscription_id is None or event.subscription_id in others:
        return Keep()
    return ListSubscriptions(customer_id=event.customer_id)


def _decide_subscription(record: Record, event: SubscriptionEvent, now: int) -> Decision:
    stored, payload = record.subscription, event.payload
    if stored is None or stored.subscription_id != event.subscription_id:
        return ListSubscriptions(customer_id=event.customer_id, ended=_if_terminal(payload))
    if stored.status in TERMINAL:
        return Ignore(reason="subscription has ended")
    if payload is not None and payload.status in TERMINAL:
        return ListSubscriptions(customer_id=event.customer_id, ended=payload)
    return _decide_by_time(record.stamp, event, now)


def _decide_by_time(stamp: Stamp | None, event: SubscriptionEvent, now: int) -> Decision:
    """Compare within one subscription: before the stamp, after it, or within its doubt."""
    if stamp is not None and event.created < stamp.lo - WINDOW:
        return Ignore(reason="older than the record")
    newer = stamp is not None and event.created > stamp.hi + WINDOW
    if newer and event.payload is not None and _trusted(event.payload, now - event.created):
        return Apply(subscription=event.payload, stamp=Stamp(lo=event.created, hi=event.created))
    return FetchSubscription(subscription_id=event.subscription_id)


def _trusted(payload: Subscription, age: int) -> bool:
    """Whether the payload may speak for Stripe: in real time, and recent."""
    return payload.test_clock_id is None and age <= MAX_AGE


def _if_terminal(payload: Subscription | None) -> Subscription | None:
    return payload if payload is not None and payload.status in TERMINAL else None
