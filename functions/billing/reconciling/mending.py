"""Heal a record that seems to have drifted, through the reducer, and note what was found.

Guards that one customer who can't be healed keeps nobody else from being looked at, and that a
record which an event has mended meanwhile isn't called drift.
"""

from collections.abc import Callable, Sequence

from billing.domain.drift import RecordKind, drift_of
from billing.domain.errors import BillingError, StripeNotFound
from billing.domain.record import TERMINAL, Record, Subscription
from billing.observability import logger
from billing.reconciling.look import Look

Drift = Callable[[Record], tuple[RecordKind, ...]]


def compare(
    record: Record, customer_id: str, subscriptions: Sequence[Subscription], look: Look
) -> None:
    """Compare a record with subscriptions that Stripe lists of a customer of its user's.

    Of another customer than the record's, one that has ended matters only if the record holds it.
    """
    present = customer_id == record.customer_id
    listed = [s for s in subscriptions if present or s.status not in TERMINAL or _is_own(s, record)]
    ended = next((s for s in listed if s.status in TERMINAL and _is_own(s, record)), None)
    mend(record, customer_id, lambda held: drift_of(held, listed), look, ended)


def mend(
    record: Record, customer_id: str, drift: Drift, look: Look, ended: Subscription | None = None
) -> None:
    """Heal a record if it has drifted; what drift is left afterwards is noted as not healed."""
    if not drift(record):
        return
    user_id = record.user_id
    healed = _heal(user_id, customer_id, look, ended)
    for kind in healed or drift(look.ports.records.load(user_id)):
        look.findings.found(kind, customer_id, healed=bool(healed))


def _heal(
    user_id: str, customer_id: str, look: Look, ended: Subscription | None = None
) -> tuple[RecordKind, ...]:
    """Heal a record and say what was wrong with it; nothing where it can't be healed."""
    try:
        return look.ports.reducer.heal(user_id, customer_id, look.run.id, ended)
    except BillingError as error:
        if not look.goes_on_after(error):
            raise
        logger.exception("record not healed", user_id=user_id, customer_id=customer_id)
        return ()


def check(subscription_id: str, user_id: str, look: Look) -> None:
    """Look at a subscription by itself that a record holds and Stripe's list didn't show.

    Stripe's lists leave out those of test clocks. One that Stripe doesn't have at all is reported
    and left alone: the wrong account's key would take away everybody's access.
    """
    try:
        subscription = look.ports.stripe.subscription(subscription_id).value
    except StripeNotFound:
        own = look.ports.records.load(user_id).subscription
        if own is not None and own.subscription_id == subscription_id:
            look.findings.found("orphaned", subscription_id)
    except BillingError as error:
        if not look.goes_on_after(error):
            raise
        look.findings.found("unreadable", subscription_id)
    else:
        record = look.ports.records.load(user_id)
        compare(record, subscription.customer, [subscription.projected()], look)


def _is_own(subscription: Subscription, record: Record) -> bool:
    own = record.subscription
    return own is not None and own.subscription_id == subscription.subscription_id
