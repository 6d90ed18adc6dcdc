"""Merge what was learnt into the record. Nothing here looks at a clock or at Stripe."""

from collections.abc import Iterable
from typing import Any

from billing.domain.record import LIVE, PAID, TERMINAL, Record, Stamp, Subscription


def with_customer(record: Record, customer_id: str) -> Record:
    """Set the customer; a former one is remembered, never forgotten, and never comes back.

    However the customer was found, the operation that may be under way to make one is settled: the
    next has a new number, and so a new idempotency key.
    """
    if customer_id == record.customer_id or customer_id in record.former_customers:
        return record
    former = dict.fromkeys((*record.former_customers, record.customer_id))
    return record.model_copy(
        update={
            "customer_id": customer_id,
            "former_customers": tuple(known for known in former if known is not None),
            "op_seq": record.op_seq + 1,
        }
    )


def with_subscription(record: Record, subscription: Subscription, stamp: Stamp) -> Record:
    """Store a newer state of the record's own subscription."""
    return record.model_copy(
        update={
            "subscription": subscription,
            "stamp": stamp.raised_to(record.stamp) if record.stamp else stamp,
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


def _rank(subscription: Subscription) -> tuple[int, int, str]:
    """Order by live and paid, live, open, ended.

    The oldest live one comes first (a later one is the duplicate), of the others the newest.
    """
    created = subscription.subscription_created
    if subscription.status in LIVE:
        return (0 if subscription.status in PAID else 1), created, subscription.subscription_id
    return (3 if subscription.status in TERMINAL else 2), -created, subscription.subscription_id
