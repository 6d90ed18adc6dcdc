"""Which mail a fact calls for, if any: pure, and by the fact alone.

Guards that a customer hears of everything that asks something of them, once, and of nothing else:
what was overtaken meanwhile, or is history to a customer whom we only just got to know, is no news.
To add a mail, add its choice to ``_CHOICES``, its text to each language in ``mail_templates/``, and
the fact's type to the rule in ``template.yaml``.
"""

from collections.abc import Callable
from typing import Any, Literal

from billing.contracts.facts import (
    CancellationScheduled,
    FactEnvelope,
    PaymentActionRequired,
    PaymentFailed,
    PaymentRecovered,
    PurchaseReversed,
    SubscriptionActivated,
    SubscriptionEnded,
    TrialEnding,
)
from billing.domain.record import PAID, Invoice, Value
from billing.timestamps import DAY

#: Older facts (seconds), as from a replay of the bus's archive, are no news to anybody.
LONGEST_NEWS = 3 * DAY

Mail = Literal[
    "welcome",
    "payment_failed",
    "payment_retried",
    "action_required",
    "recovered",
    "trial_ending",
    "cancellation_scheduled",
    "ended",
    "refund",
]


#: What they announce lies ahead, or is overtaken.
_ANNOUNCEMENTS: frozenset[Mail] = frozenset(
    {"payment_retried", "trial_ending", "cancellation_scheduled"}
)


class Money(Value):
    """An amount in minor units of a currency."""

    amount: int
    currency: str


class Notification(Value):
    """A mail to write, and what it says: an amount, a date (UTC seconds), or neither."""

    mail: Mail
    amount: Money | None = None
    date: int | None = None


def notification_of(fact: FactEnvelope, now: int) -> Notification | None:
    """Choose the mail that a fact calls for at ``now`` (UTC seconds)."""
    choose = _CHOICES.get(type(fact))
    if choose is None or now - _occurred(fact) > LONGEST_NEWS:
        return None
    notification = choose(fact)
    return None if notification is None or _is_overtaken(notification, now) else notification


def _is_overtaken(notification: Notification, now: int) -> bool:
    """Whether what is announced has happened by now: the fact, or its event, came late."""
    announced = notification.date if notification.mail in _ANNOUNCEMENTS else None
    return announced is not None and announced <= now


def _welcome(fact: SubscriptionActivated) -> Notification | None:
    """Of a new subscription only: neither of one that comes back nor of one made long ago."""
    subscription = fact.after
    is_first = fact.before is None or fact.before.status == "incomplete"
    is_new = _occurred(fact) - subscription.subscription_created <= LONGEST_NEWS
    if not (is_first and is_new and subscription.status in PAID):
        return None
    return Notification(mail="welcome", date=subscription.current_period_end)


def _payment_failed(fact: PaymentFailed) -> Notification | None:
    """Unless a later attempt failed too, or the customer is asked to confirm this one."""
    invoice = fact.after
    is_newest = fact.id.endswith(f":{invoice.failed_attempts}")
    to_confirm = invoice.action_required_attempt >= invoice.failed_attempts
    if invoice.status != "open" or not is_newest or to_confirm:
        return None
    if invoice.next_attempt_at is None:
        return Notification(mail="payment_failed", amount=_left_to_pay(invoice))
    date = invoice.next_attempt_at
    return Notification(mail="payment_retried", amount=_left_to_pay(invoice), date=date)


def _action_required(fact: PaymentActionRequired) -> Notification | None:
    invoice = fact.after
    if invoice.status != "open":
        return None
    return Notification(mail="action_required", amount=_left_to_pay(invoice))


def _recovered(fact: PaymentRecovered) -> Notification:
    """Paid or forgiven: either way nothing is left to do."""
    invoice = fact.after
    owed = Money(amount=invoice.amount_due, currency=invoice.currency)
    return Notification(mail="recovered", amount=owed)


def _trial_ending(fact: TrialEnding) -> Notification | None:
    """Unless it ends there anyway: who has cancelled knows."""
    subscription = fact.after
    if subscription.status != "trialing" or subscription.ending:
        return None
    return Notification(mail="trial_ending", date=subscription.trial_end)


def _cancellation_scheduled(fact: CancellationScheduled) -> Notification:
    return Notification(mail="cancellation_scheduled", date=fact.after.ends_at)


def _ended(fact: SubscriptionEnded) -> Notification | None:
    """Unless another took its place."""
    if fact.after is None:
        return None
    return Notification(mail="ended", date=fact.after.ended_at or _occurred(fact))


def _refund(fact: PurchaseReversed) -> Notification | None:
    """What was given back this time, of a purchase that we knew of or that is new.

    What a bank took back is no gift of ours.
    """
    purchase = fact.after
    is_new = _occurred(fact) - purchase.purchase_created <= LONGEST_NEWS
    refunded_before = fact.before.amount_refunded if fact.before else 0
    amount = purchase.amount_refunded - refunded_before
    is_known = fact.before is not None or is_new
    if amount <= 0 or not is_known or fact.id.endswith(":dispute_lost"):
        return None
    return Notification(mail="refund", amount=Money(amount=amount, currency=purchase.currency))


_CHOICES: dict[type[FactEnvelope], Callable[[Any], Notification | None]] = {
    SubscriptionActivated: _welcome,
    PaymentFailed: _payment_failed,
    PaymentActionRequired: _action_required,
    PaymentRecovered: _recovered,
    TrialEnding: _trial_ending,
    CancellationScheduled: _cancellation_scheduled,
    SubscriptionEnded: _ended,
    PurchaseReversed: _refund,
}

#: The fact types that may call for a mail: what the rule selects.
MAILED = frozenset(model.__name__ for model in _CHOICES)


def _left_to_pay(invoice: Invoice) -> Money:
    return Money(amount=invoice.amount_due - invoice.amount_paid, currency=invoice.currency)


def _occurred(fact: FactEnvelope) -> int:
    return int(fact.occurred_at.timestamp())
