"""What a user may use, derived from the record whenever it is asked for and never stored."""

from typing import Literal

from billing.domain.dunning import debt_of, grace_until, has_ever_paid
from billing.domain.policy import Policy
from billing.domain.record import LIVE, PAID, Level, Record, Status, Subscription, Value

#: A subscription's status, in Stripe's words, or what goes before it.
Reason = Literal["no_subscription", "pause_collection", Status]


class Access(Value):
    """A level, the second it lasts until (None: open-ended) and the reason in Stripe's words."""

    level: Level
    until: int | None = None
    reason: Reason


def access_of(record: Record, policy: Policy, now: int) -> Access:
    """Derive the access that ``record`` gives at ``now`` (UTC seconds).

    The subscription's status decides. A paid one gives access until it is
    to end; one past due, for the days of grace.
    """
    subscription = record.subscription
    if subscription is None:
        return Access(level="none", reason="no_subscription")
    if subscription.status in PAID:
        return _paid_access(subscription, policy, now)
    if subscription.status == "past_due":
        return _past_due_access(record, subscription, policy, now)
    if subscription.status in LIVE:
        return Access(level="restricted", reason=subscription.status)
    return Access(level="none", reason=subscription.status)


def _paid_access(subscription: Subscription, policy: Policy, now: int) -> Access:
    end = subscription.ends_at
    if end is not None and end <= now:
        return Access(level="none", reason="canceled")
    if subscription.pause_collection and policy.paused_collection == "restricted":
        return Access(level="restricted", until=end, reason="pause_collection")
    return Access(level="full", until=end, reason=subscription.status)


def _past_due_access(
    record: Record, subscription: Subscription, policy: Policy, now: int
) -> Access:
    debt = debt_of(record)
    # On a test clock that is ahead of us, what was due at once is due in our future.
    until = grace_until(record, debt, policy) if debt and has_ever_paid(record) else 0
    if subscription.ends_at is not None:
        until = min(until, subscription.ends_at)
    if now < until:
        return Access(level="grace", until=until, reason="past_due")
    return Access(level="restricted", reason="past_due")


def has_bought(record: Record, lookup_key: str, policy: Policy) -> bool:
    """Whether a one-time purchase of a price with this lookup key stands."""
    standing = (p for p in record.purchases.values() if p.lookup_key == lookup_key and p.stands)
    return any(policy.partial_refund == "keep" or not p.amount_refunded for p in standing)
