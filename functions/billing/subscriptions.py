"""What a customer does to their subscription: change its plan, cancel it, take that back.

Each is a loop: load the record, look at Stripe, make the next write that ``domain.plan_change``
says, until all is so. What is so already succeeds and writes nothing; what another try began is
carried on. At the end the record is brought up to what was seen, before any event tells of it.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, Protocol

from billing.contracts.stripe_objects import (
    StripeInvoice,
    StripePaymentAttempt,
    StripeSchedule,
    StripeSubscription,
)
from billing.domain.errors import PaymentDeclined, RecordContended, StripeRejected
from billing.domain.plan_change import (
    CancelNow,
    CreateSchedule,
    GiveUpPending,
    PlanChange,
    ReleaseSchedule,
    Standing,
    UpdateSchedule,
    UpdateSubscription,
    Write,
    next_to_cancel,
    next_to_change,
    next_to_give_up,
    next_to_reactivate,
    next_to_release,
)
from billing.domain.quote import Quote
from billing.domain.record import Record
from billing.operations import TURNS
from billing.quotes import Quotes
from billing.runtime import Ports
from billing.standing import Look, Standings, Wish


class SubscriptionCalls(Protocol):
    """What a customer's changes ask of Stripe."""

    def payment_of_invoice(self, invoice_id: str) -> StripePaymentAttempt | None: ...

    def update_subscription(
        self, subscription_id: str, params: dict[str, Any], key: str
    ) -> StripeSubscription: ...

    def cancel_subscription(self, subscription_id: str, key: str) -> StripeSubscription: ...

    def create_schedule(self, subscription_id: str, key: str) -> StripeSchedule: ...

    def update_schedule(
        self, schedule_id: str, params: dict[str, Any], key: str
    ) -> StripeSchedule: ...

    def release_schedule(self, schedule_id: str, key: str) -> StripeSchedule: ...

    def void_invoice(self, invoice_id: str, key: str) -> StripeInvoice: ...


#: From when on a change holds; what is to hold already stays.
Holds = Literal["now", "once_paid", "period_end", "stays"]

#: How a payment stands that may still arrive.
_UNDER_WAY = ("processing", "requires_action")


class Outcome(NamedTuple):
    """From when on a change holds; with a secret, its payment waits to be confirmed."""

    holds: Holds
    client_secret: str | None = None


class Subscriptions:
    """Carries out what customers want of their subscriptions."""

    def __init__(self, ports: Ports, standings: Standings, quotes: Quotes) -> None:
        self._operations = ports.operations
        self._stripe: SubscriptionCalls = ports.stripe
        self._standings = standings
        self._quotes = quotes

    def change(self, user_id: str, wish: Wish, quote: Quote | None = None) -> Outcome:
        """Change the plan; where the bank wants it, a confirmation comes first.

        With a quote exactly that is charged, or nothing is changed. A planned change gives way once
        this one is paid, or its payment is under way: nobody else would release the schedule then.

        Raises:
            NewPriceNotOffered: there is no such plan for this customer.
            PaymentDeclined: the difference couldn't be charged, so nothing is changed.
            PaymentOverdue, PaymentProcessing: what is owed comes first, or is on its way.
            SubscriptionEnding, SubscriptionNotActive: not as it stands.
            QuoteOutdated: the quote holds no more.
            SubscriptionNotFound: there is none that hasn't ended.
        """
        for _ in range(TURNS):
            look = self._standings.look(user_id)
            wanted = self._standings.wanted(look, wish)
            if quote is not None:
                wanted = wanted.model_copy(update={"proration_date": quote.proration_date})
            under_way = _is_under_way(look, wanted, quote)
            standing = look.standing
            write = next_to_release(standing) if under_way else next_to_change(standing, wanted)
            if write is None:
                self._standings.noted(look)
                return _outcome(look, wanted, under_way=under_way)
            if quote is not None and not under_way:
                self._quotes.check(quote, look, wanted)
            changed = self._make(look, write)
            if changed is not None and changed.pending_update is not None:
                self._check_payment(user_id, changed)
        raise RecordContended(f"the subscription of user {user_id} is contended")

    def cancel(self, user_id: str, reason: str | None) -> Record:
        """Let the subscription end with its period; give the record as it is then.

        Raises:
            SubscriptionNotFound: there is none that hasn't ended.
        """
        return self._carry_out(user_id, lambda standing: next_to_cancel(standing, reason))

    def reactivate(self, user_id: str) -> Record:
        """Let a subscription that was to end go on; give the record as it is then.

        Raises:
            SubscriptionNotFound: it has ended, or there never was one.
        """
        return self._carry_out(user_id, next_to_reactivate)

    def _carry_out(self, user_id: str, next_write: Callable[[Standing], Write | None]) -> Record:
        for _ in range(TURNS):
            look = self._standings.look(user_id)
            write = next_write(look.standing)
            if write is None:
                return self._standings.noted(look)
            made = self._make(look, write)
            if made is not None and isinstance(write, CancelNow):
                return self._standings.refreshed(look)
        raise RecordContended(f"the subscription of user {user_id} is contended")

    def _check_payment(self, user_id: str, changed: StripeSubscription) -> None:
        """Let a change wait whose payment is under way; one declined is given up.

        Raises:
            PaymentDeclined: it was.
        """
        invoice_id = changed.latest_invoice
        payment = self._stripe.payment_of_invoice(invoice_id) if invoice_id else None
        if payment is not None and payment.status in _UNDER_WAY:
            return
        for _ in range(TURNS):
            look = self._standings.look(user_id)
            write = next_to_give_up(look.standing)
            if write is None or look.standing.bill_id != invoice_id:
                break
            self._make(look, write)
        raise _decline_of(payment)

    def _make(self, look: Look, write: Write) -> StripeSubscription | None:
        """Make a write under the record's number; give the subscription where it answers one.

        What Stripe refuses because somebody was faster is looked at again.
        """
        try:
            answer = self._operations.write(look.record, self._call(write))
        except StripeRejected:
            if self._standings.look(look.record.user_id).standing == look.standing:
                raise
            return None
        return answer if isinstance(answer, StripeSubscription) else None

    def _call(self, write: Write) -> Callable[[str], Any]:
        stripe = self._stripe
        match write:
            case UpdateSubscription(subscription_id=id_, params=params):
                return lambda key: stripe.update_subscription(id_, params, key)
            case CancelNow(subscription_id=id_):
                return lambda key: stripe.cancel_subscription(id_, key)
            case GiveUpPending(invoice_id=id_):
                return lambda key: stripe.void_invoice(id_, key)
            case ReleaseSchedule(schedule_id=id_):
                return lambda key: stripe.release_schedule(id_, key)
            case CreateSchedule(subscription_id=id_):
                return lambda key: stripe.create_schedule(id_, key)
            case UpdateSchedule(schedule_id=id_, params=params):
                return lambda key: stripe.update_schedule(id_, params, key)


def _is_under_way(look: Look, wanted: PlanChange, quote: Quote | None) -> bool:
    """Whether the change is made but for its payment, which may still arrive, as it was quoted."""
    if look.standing.pending != wanted.plan or wanted.effective != "now":
        return False
    if look.bill is None or look.payment is None or look.payment.status not in _UNDER_WAY:
        return False
    bill = (look.bill.amount_due, look.bill.total)
    return quote is None or bill == (quote.amount_due, quote.total)


def _outcome(look: Look, wanted: PlanChange, *, under_way: bool) -> Outcome:
    if under_way:
        return Outcome("once_paid", _secret(look))
    stays = wanted.effective == "period_end" and look.standing.plan == wanted.plan
    return Outcome("stays" if stays else wanted.effective)


def _secret(look: Look) -> str | None:
    """What the customer's browser confirms the payment with, where the bank asks for that."""
    payment = look.payment
    asks = payment is not None and payment.status == "requires_action"
    return payment.client_secret if payment and asks else None


def _decline_of(payment: StripePaymentAttempt | None) -> PaymentDeclined:
    error = payment.last_payment_error if payment else None
    if error is None:
        return PaymentDeclined("There is no payment method to charge.", "no_payment_method")
    if error.message is None:
        return PaymentDeclined("Your card was declined.", error.decline_code or error.code)
    return PaymentDeclined(error.message, error.decline_code or error.code)
