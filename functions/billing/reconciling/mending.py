"""Heal a record that seems to have drifted, through the reducer, and note what was found.

Guards that one customer who can't be healed keeps nobody else from being looked at, and that a
record which an event has mended meanwhile isn't called drift.
"""

from collections.abc import Callable, Sequence

from billing.domain.drift import RecordKind, drift_of
from billing.domain.errors import ContractViolation, RecordContended, StripeNotFound, StripeRejected
from billing.domain.record import TERMINAL, Record, Subscription
from billing.observability import logger
from billing.reconciling.look import Look

#: What trying again at once wouldn't change.
_THIS_ONE_ALONE = (ContractViolation, RecordContended, StripeRejected)

Drift = Callable[[Record], tuple[RecordKind, ...]]


def compare(
    record: Record, customer_id: str, subscriptions: Sequence[Subscription], look: Look
) -> None:
    """Compare a record with subscriptions that Stripe lists of its customer, and heal it."""
    ended = next((s for s in subscriptions if _is_own_and_over(s, record)), None)
    owner = record.customer_id or customer_id
    mend(record, owner, lambda held: drift_of(held, subscriptions), look, ended)


def mend(
    record: Record, customer_id: str, drift: Drift, look: Look, ended: Subscription | None = None
) -> None:
    """Heal a record if it has drifted; what drift is left afterwards is noted as not healed."""
    if not drift(record):
        return
    user_id = record.user_id
    healed = heal(user_id, customer_id, look, ended)
    for kind in healed or drift(look.ports.records.load(user_id)):
        look.findings.found(kind, customer_id, healed=bool(healed))


def heal(
    user_id: str, customer_id: str, look: Look, ended: Subscription | None = None
) -> tuple[RecordKind, ...]:
    """Heal a record and say what was wrong with it; nothing where it can't be healed."""
    try:
        return look.ports.reducer.heal(user_id, customer_id, look.run.id, ended)
    except _THIS_ONE_ALONE:
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
    except ContractViolation:
        look.findings.found("unreadable", subscription_id)
    else:
        record = look.ports.records.load(user_id)
        compare(record, subscription.customer, [subscription.projected()], look)


def _is_own_and_over(subscription: Subscription, record: Record) -> bool:
    own = record.subscription
    same = own is not None and own.subscription_id == subscription.subscription_id
    return same and subscription.status in TERMINAL
