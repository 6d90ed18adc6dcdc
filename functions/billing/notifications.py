"""Which mail a fact calls for, if any: pure, by the fact and by the record as it is by now.

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
    FactEvent,
    PaymentActionRequired,
    PaymentFailed,
    PaymentRecovered,
    PurchaseReversed,
    SubscriptionActivated,
    SubscriptionEnded,
    TrialEnding,
)
from billing.domain.record import LIVE, PAID, Invoice, Record, Subscription, Value
from billing.timestamps import DAY

#: Older facts (seconds), as from a replay of the bus's archive, are no news to anybody.
LONGEST_NEWS = 3 * DAY

Mail = Literal[
    "welcome",
    "first_payment_failed",
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


def notification_of(fact: FactEvent, record: Record, now: int) -> Notification | None:
    """Choose the mail that a fact calls for at ``now`` (UTC seconds), with the record of then."""
    choose = _CHOICES.get(type(fact))
    if choose is None or now - _occurred(fact) > LONGEST_NEWS:
        return None
    notification = choose(_brought_up_to_date(fact, record))
    return None if notification is None or _is_overtaken(notification, now) else notification


def topic_of(fact: FactEvent) -> str:
    """Name what a fact's mail is about: of one topic there is one mail.

    Two facts tell of an attempt that failed because the customer has to confirm it.
    """
    if isinstance(fact, PaymentFailed | PaymentActionRequired):
        return f"PaymentAttempt:{fact.after.invoice_id}:{_attempt(fact)}"
    return fact.id


def _brought_up_to_date(fact: FactEvent, record: Record) -> FactEvent:
    """Give the fact its invoice or subscription of now, if the record still has it.

    A purchase stays as it was told: what was given back this time is counted from there.
    """
    told, stored = fact.after, record.subscription
    current: Invoice | Subscription | None = None
    if isinstance(told, Invoice):
        current = record.invoices.get(told.invoice_id)
    elif isinstance(told, Subscription) and stored is not None:
        current = stored if stored.subscription_id == told.subscription_id else None
    return fact if current is None else fact.model_copy(update={"after": current})


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
    """Unless there was a later attempt, or the customer is asked to confirm this one."""
    invoice = fact.after
    to_confirm = invoice.action_required_attempt == _attempt(fact)
    if not _is_pending(invoice, _attempt(fact)) or to_confirm:
        return None
    if invoice.billing_reason == "subscription_create":
        return Notification(mail="first_payment_failed", amount=_left_to_pay(invoice))
    if invoice.next_attempt_at is None:
        return Notification(mail="payment_failed", amount=_left_to_pay(invoice))
    date = invoice.next_attempt_at
    return Notification(mail="payment_retried", amount=_left_to_pay(invoice), date=date)


def _action_required(fact: PaymentActionRequired) -> Notification | None:
    invoice = fact.after
    if not _is_pending(invoice, _attempt(fact)):
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


def _cancellation_scheduled(fact: CancellationScheduled) -> Notification | None:
    """Unless it was undone, or done at once."""
    subscription = fact.after
    if subscription.status not in LIVE or not subscription.ending:
        return None
    return Notification(mail="cancellation_scheduled", date=subscription.ends_at)


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


def _attempt(fact: PaymentFailed | PaymentActionRequired) -> int:
    return int(fact.id.rpartition(":")[2])


def _is_pending(invoice: Invoice, attempt: int) -> bool:
    """Whether it is to be paid still, and no later attempt has more to say."""
    last = max(invoice.failed_attempts, invoice.action_required_attempt)
    return invoice.status == "open" and attempt == last


def _left_to_pay(invoice: Invoice) -> Money:
    return Money(amount=invoice.amount_due - invoice.amount_paid, currency=invoice.currency)


def _occurred(fact: FactEnvelope) -> int:
    return int(fact.occurred_at.timestamp())
