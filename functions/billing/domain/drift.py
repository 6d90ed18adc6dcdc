"""Drift: how what we hold differs from what Stripe holds, and of which kind the difference is."""

from collections.abc import Iterable
from typing import Any, Literal

from billing.domain.access import access_of
from billing.domain.merge import with_listed
from billing.domain.policy import Policy
from billing.domain.record import Record, Stamp, Stored, Subscription

#: What a record itself may be wrong in. ``missing`` is a subscription that it should hold,
#: ``differs`` one that it holds otherwise, ``access`` a level that should have been announced.
RecordKind = Literal["missing", "differs", "invoices", "purchases", "customer", "access"]
#: Besides: a subscription of nobody's customer, a customer of a user of ours whom no event linked,
#: a record's subscription that Stripe doesn't have, an object that we can't read, and events that
#: never came, wait for a customer who is linked by now, were begun and never finished, or failed.
Kind = (
    RecordKind
    | Literal[
        "unknown_customer",
        "unlinked_customer",
        "orphaned",
        "unreadable",
        "lost_event",
        "unattributed_event",
        "unfinished_event",
        "failed_event",
    ]
)


class Drift(Stored):
    """What was wrong with a record."""

    kinds: tuple[RecordKind, ...]


def drift_of(record: Record, listed: Iterable[Subscription]) -> tuple[RecordKind, ...]:
    """Say what the record lacks of subscriptions that Stripe lists: some, or all, of its customer.

    It lacks what it would hold if it had seen them. So an old one that ended is no drift.
    """
    held = {s.subscription_id: s for s in _subscriptions(record)}
    seen = {s.subscription_id: s for s in listed}
    stamp = record.stamp or Stamp(lo=0, hi=0)
    return drift_between(record, with_listed(record, (held | seen).values(), stamp))


def access_drift(record: Record, policy: Policy, now: int) -> tuple[RecordKind, ...]:
    """Say whether another level was last announced than the user has by now."""
    due = access_of(record, policy, now).level
    return () if record.access_level == due else ("access",)


def drift_between(held: Record, true: Record) -> tuple[RecordKind, ...]:
    """Name the differences between a record and what it should be."""
    old = {s.subscription_id: s for s in _subscriptions(held)}
    new = {s.subscription_id: s for s in _subscriptions(true)}
    differences: dict[RecordKind, bool] = {
        "missing": bool(new.keys() - old.keys()),
        "differs": _shows_another(held, true)
        or any(new.get(id_) != known for id_, known in old.items()),
        "invoices": _said_of_invoices(held) != _said_of_invoices(true),
        "purchases": held.purchases != true.purchases,
        "customer": held.customer != true.customer,
    }
    kinds = tuple(kind for kind, differs in differences.items() if differs)
    if not kinds and held.access_level != true.access_level:
        return ("access",)
    return kinds


def _shows_another(held: Record, true: Record) -> bool:
    """Whether the record shows one of its subscriptions where it should show another of them."""
    own, best = held.subscription, true.subscription
    if own is None or best is None or own.subscription_id == best.subscription_id:
        return False
    return best.subscription_id in held.other_live_ids


def _said_of_invoices(record: Record) -> dict[str, Any]:
    """The invoices without when Stripe said so: the same, said later, is no difference.

    Nor is a draft, of which no event of ours tells unless it can't be finalized.
    """
    told = (i for i in record.invoices.values() if i.status != "draft" or i.error is not None)
    return {invoice.invoice_id: invoice.model_dump(exclude={"as_of"}) for invoice in told}


def _subscriptions(record: Record) -> tuple[Subscription, ...]:
    own = (record.subscription,) if record.subscription is not None else ()
    return (*own, *record.other_live)
