"""The domain events ("facts") that a change of the record amounts to.

They follow from before and after alone, whichever machine ran, so a retry derives the same ones,
and each has a key under which it can be committed only once. Changes chain by record version.
"""

from typing import Any

from billing.domain.access import access_of
from billing.domain.record import LIVE, PAID, Record, Subscription, Value


class Fact(Value):
    """One domain event: ``key`` is unique for ever, ``before`` and ``after`` say what changed."""

    key: str
    type: str
    user_id: str
    customer_id: str | None
    version: int
    cause: str
    occurred_at: int
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def facts_between(before: Record, after: Record, cause: str, now: int) -> list[Fact]:
    """List the facts of this change, in the order in which they should be told.

    ``cause`` is the Stripe event (or our own operation) that led to it.
    """
    told = [
        *_subscription_changes(before, after),
        *_access_change(before, after, now),
        *_duplicates(before, after),
    ]
    return [
        Fact(
            key=":".join([type_, after.user_id, str(after.version), *distinction]),
            type=type_,
            user_id=after.user_id,
            customer_id=after.customer_id,
            version=after.version,
            cause=cause,
            occurred_at=now,
            before=old,
            after=new,
        )
        for type_, distinction, old, new in told
    ]


_Told = tuple[str, tuple[str, ...], dict[str, Any] | None, dict[str, Any] | None]


def _subscription_changes(before: Record, after: Record) -> list[_Told]:
    old, new = before.subscription, after.subscription
    if new is None or old == new:
        return []
    if old is not None and old.subscription_id == new.subscription_id:
        return [(type_, (), _summary(old), _summary(new)) for type_ in _changes(old, new)]
    told: list[_Told] = []
    if old is not None and old.status in LIVE and old.subscription_id not in _ids(after.other_live):
        told.append(("SubscriptionEnded", (), _summary(old), None))
    if new.status in PAID:
        told.append(("SubscriptionActivated", (), None, _summary(new)))
    return told


def _changes(old: Subscription, new: Subscription) -> list[str]:
    if old.status not in LIVE:
        return ["SubscriptionActivated"] if new.status in PAID else []
    if new.status not in LIVE:
        return ["SubscriptionEnded"]
    types = []
    if (old.price_id, old.quantity) != (new.price_id, new.quantity):
        types.append("SubscriptionChanged")
    if new.ending and not old.ending:
        types.append("CancellationScheduled")
    if old.ending and not new.ending:
        types.append("CancellationUndone")
    return types


def _access_change(before: Record, after: Record, now: int) -> list[_Told]:
    old, new = access_of(before, now), access_of(after, now)
    if old.level == new.level:
        return []
    return [("AccessChanged", (), old.model_dump(), new.model_dump())]


def _duplicates(before: Record, after: Record) -> list[_Told]:
    known = _ids(before.other_live)
    return [
        ("DuplicateSubscriptionFound", (s.subscription_id,), None, _summary(s))
        for s in after.other_live
        if s.subscription_id not in known
    ]


def _ids(subscriptions: tuple[Subscription, ...]) -> set[str]:
    return {s.subscription_id for s in subscriptions}


def _summary(subscription: Subscription | None) -> dict[str, Any] | None:
    return subscription.model_dump(exclude_none=True) if subscription else None
