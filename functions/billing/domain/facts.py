"""The domain events ("facts") that a change of the record amounts to.

They follow from before and after, whichever machine ran, so that a retry derives the same ones,
and each has a key under which it can be committed only once. Changes chain by record version;
what happens once in the life of an invoice or a purchase is keyed by that.
"""

from collections.abc import Iterator
from typing import Any

from billing.domain.access import Access, access_of
from billing.domain.drift import Drift, drift_between
from billing.domain.policy import Policy
from billing.domain.record import (
    LIVE,
    PAID,
    Invoice,
    Purchase,
    Record,
    Subscription,
    Value,
)
from billing.timestamps import DAY

#: Of the purchases found at first contact the newest that are told: a transaction has 100 parts.
MOST_PURCHASES_TOLD = 20
#: What happened longer (seconds) before we got to know the customer is history, not news. Until
#: then its event may still come, or be replayed: Stripe keeps events for 30 days.
NEWS = 30 * DAY


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


class Told(Value):
    """What a fact says, and what makes it the only one of its type."""

    type: str
    key: tuple[str | int, ...]
    before: Subscription | Invoice | Purchase | Access | None = None
    after: Subscription | Invoice | Purchase | Access | Drift | None = None


def facts_between(
    before: Record, after: Record, cause: str, policy: Policy, now: int
) -> list[Fact]:
    """List the facts of this change, in the order in which they should be told.

    ``cause`` is the Stripe event (or our own operation) that led to it.
    """
    told = [
        *_subscription_changes(before, after),
        *_trial_notice(before, after),
        *_invoice_changes(before, after, now),
        *_recovery(before, after),
        *_purchase_changes(before, after, now),
        *_access_change(before, after, policy, now),
        *_duplicates(before, after),
    ]
    return [_fact(each, after, cause, now) for each in told]


def facts_of_healing(before: Record, after: Record, cause: str, now: int) -> list[Fact]:
    """List what reconciliation tells besides, where it mends a record that had drifted."""
    kinds = drift_between(before, after)
    key = (after.user_id, after.version)
    told = [Told(type="DriftHealed", key=key, after=Drift(kinds=kinds))] if kinds else []
    return [_fact(each, after, cause, now) for each in told]


def _fact(told: Told, after: Record, cause: str, now: int) -> Fact:
    return Fact(
        key=":".join(str(part) for part in (told.type, *told.key)),
        type=told.type,
        user_id=after.user_id,
        customer_id=after.customer_id,
        version=after.version,
        cause=cause,
        occurred_at=now,
        before=_summary(told.before),
        after=_summary(told.after),
    )


def _subscription_changes(before: Record, after: Record) -> Iterator[Told]:
    old, new = before.subscription, after.subscription
    chained = (after.user_id, after.version)
    if new is None or old == new:
        return
    if old is not None and old.subscription_id == new.subscription_id:
        for type_ in _changes(old, new):
            yield Told(type=type_, key=chained, before=old, after=new)
        return
    if old is not None and old.status in LIVE and old.subscription_id not in after.other_live_ids:
        yield Told(type="SubscriptionEnded", key=chained, before=old)
    if new.status in LIVE:
        yield Told(type="SubscriptionActivated", key=chained, after=new)


def _changes(old: Subscription, new: Subscription) -> Iterator[str]:
    if old.status not in LIVE:
        if new.status in LIVE:
            yield "SubscriptionActivated"
        return
    if new.status not in LIVE:
        yield "SubscriptionEnded"
        return
    if _plan(old) != _plan(new):
        yield "SubscriptionChanged"
    if new.ending and not old.ending:
        yield "CancellationScheduled"
    if old.ending and not new.ending:
        yield "CancellationUndone"


def _plan(subscription: Subscription) -> tuple[str, int | None, str | None]:
    """What the customer has: a pause is a change of it too."""
    return subscription.price_id, subscription.quantity, subscription.pause_collection


def _trial_notice(before: Record, after: Record) -> Iterator[Told]:
    subscription = after.subscription
    if subscription is not None and after.trial_notice not in (None, before.trial_notice):
        key = (subscription.subscription_id, str(after.trial_notice))
        yield Told(type="TrialEnding", key=key, after=subscription)


def _invoice_changes(before: Record, after: Record, now: int) -> Iterator[Told]:
    for invoice_id, new in after.invoices.items():
        old = before.invoices.get(invoice_id)
        if old == new or (old is None and _is_history(before, after, new.invoice_created, now)):
            continue
        for type_, key in _invoice_facts(old, new):
            yield Told(type=type_, key=(invoice_id, *key), before=old, after=new)


def _invoice_facts(old: Invoice | None, new: Invoice) -> Iterator[tuple[str, tuple[int, ...]]]:
    failed = old.failed_attempts if old else 0
    for attempt in range(failed + 1, new.failed_attempts + 1):
        yield "PaymentFailed", (attempt,)
    if new.action_required_attempt > (old.action_required_attempt if old else 0):
        yield "PaymentActionRequired", (new.action_required_attempt,)
    was_paid = old is not None and old.status == "paid"
    if new.status == "paid" and new.amount_paid > 0 and not was_paid:
        yield "PaymentSucceeded", ()


def _recovery(before: Record, after: Record) -> Iterator[Told]:
    """Dunning ended well: the debt was paid or forgiven, and the subscription stands again."""
    old, subscription = before.dunning, after.subscription
    invoice = after.invoices.get(old.invoice_id) if old is not None else None
    if invoice is None or invoice.open or after.dunning is not None or subscription is None:
        return
    same = invoice.subscription_id == subscription.subscription_id
    if same and subscription.status in PAID:
        owed = before.invoices.get(invoice.invoice_id)
        key = (invoice.invoice_id,)
        yield Told(type="PaymentRecovered", key=key, before=owed, after=invoice)


def _purchase_changes(before: Record, after: Record, now: int) -> Iterator[Told]:
    for purchase_id, new in _purchases_to_tell(before, after).items():
        old = before.purchases.get(purchase_id)
        if old == new or (old is None and _is_history(before, after, new.purchase_created, now)):
            continue
        was_paid = old is not None and old.status == "paid"
        if new.status == "paid" and not was_paid:
            yield Told(type="PurchaseCompleted", key=(purchase_id,), before=old, after=new)
        for key in _reversals(old, new):
            yield Told(type="PurchaseReversed", key=key, before=old, after=new)


def _reversals(old: Purchase | None, new: Purchase) -> Iterator[tuple[str, str | int]]:
    charge = new.charge_id or new.purchase_id
    if new.amount_refunded > (old.amount_refunded if old else 0):
        yield charge, new.amount_refunded
    if new.dispute_lost and not (old is not None and old.dispute_lost):
        yield charge, "dispute_lost"


def _purchases_to_tell(before: Record, after: Record) -> dict[str, Purchase]:
    if not _is_first_sync(before, after):
        return after.purchases
    newest = sorted(after.purchases.items(), key=lambda bought: bought[1].purchase_created)
    return dict(newest[-MOST_PURCHASES_TOLD:])


def _is_history(before: Record, after: Record, happened: int, now: int) -> bool:
    """Whether it is of a time before the customer became known to us."""
    return _is_first_sync(before, after) and happened < now - NEWS


def _is_first_sync(before: Record, after: Record) -> bool:
    return before.synced_customer_id != after.synced_customer_id


def _access_change(before: Record, after: Record, policy: Policy, now: int) -> Iterator[Told]:
    """The level that was last announced, whatever time alone has made of it, and the new one."""
    if before.access_level != after.access_level:
        old = access_of(before, policy, now).model_copy(update={"level": before.access_level})
        new = access_of(after, policy, now)
        key = (after.user_id, after.version)
        yield Told(type="AccessChanged", key=key, before=old, after=new)


def _duplicates(before: Record, after: Record) -> Iterator[Told]:
    for found in after.other_live:
        if found.subscription_id not in before.other_live_ids:
            key = (after.user_id, after.version, found.subscription_id)
            yield Told(type="DuplicateSubscriptionFound", key=key, after=found)


def _summary(
    value: Subscription | Invoice | Purchase | Access | Drift | None,
) -> dict[str, Any] | None:
    return value.model_dump(exclude_none=True) if value is not None else None
