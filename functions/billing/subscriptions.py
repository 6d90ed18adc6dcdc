"""What a customer does to their subscription: change its plan, cancel it, take that back.

Each is a loop: load the record, look at Stripe, make the next write that ``domain.plan_change``
says, until all is so. What is so already succeeds and writes nothing; what another try began is
carried on. At the end the record is brought up to what was seen, before any event tells of it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

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
    Effective,
    GiveUpPending,
    ReleaseSchedule,
    Standing,
    UpdateSchedule,
    UpdateSubscription,
    Write,
    next_to_cancel,
    next_to_change,
    next_to_reactivate,
)
from billing.domain.quote import Quote
from billing.domain.record import Invoice, Record
from billing.operations import TURNS
from billing.quotes import Quotes
from billing.runtime import Ports
from billing.standing import Look, Standings, Wish


class SubscriptionCalls(Protocol):
    """What a customer's changes ask of Stripe."""

    def invoice(self, invoice_id: str) -> Invoice: ...

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


class Outcome(NamedTuple):
    """From when on a change holds; with a secret, once the customer has confirmed its payment."""

    effective: Effective
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

        With a quote exactly that is charged, or nothing is changed.

        Raises:
            NewPriceNotOffered: there is no such plan for this customer.
            PaymentDeclined: the difference couldn't be charged, so nothing is changed.
            PaymentOverdue, SubscriptionEnding, SubscriptionNotActive: not as it stands.
            QuoteOutdated: the quote holds no more.
            SubscriptionNotFound: there is none that hasn't ended.
        """
        for _ in range(TURNS):
            look = self._standings.look(user_id)
            wanted = self._standings.wanted(look, wish)
            if quote is not None:
                wanted = wanted.model_copy(update={"proration_date": quote.proration_date})
            waits = look.standing.pending == wanted.plan and wanted.effective == "now"
            if waits and (quote is None or self._bills(look.subscription, quote)):
                secret = self._secret_to_confirm(look.subscription)
                if secret is not None:
                    return Outcome("now", secret)
            write = next_to_change(look.standing, wanted)
            if write is None:
                self._standings.noted(look)
                return Outcome(wanted.effective)
            if quote is not None:
                self._quotes.check(quote, look, wanted)
            changed = self._make(look, write)
            if changed is not None and changed.pending_update is not None:
                return Outcome("now", self._unpaid(user_id, changed))
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

    def _unpaid(self, user_id: str, changed: StripeSubscription) -> str:
        """Give the secret that a change waits to be confirmed with; one declined is given up.

        Raises:
            PaymentDeclined: it was.
        """
        secret = self._secret_to_confirm(changed)
        if secret is not None:
            return secret
        declined = self._decline_of(changed)
        for _ in range(TURNS):
            look = self._standings.look(user_id)
            same = look.subscription.latest_invoice == changed.latest_invoice
            if look.standing.pending is None or not same:
                break
            self._make(look, GiveUpPending(invoice_id=changed.latest_invoice or ""))
        raise declined

    def _bills(self, subscription: StripeSubscription, quote: Quote) -> bool:
        """Whether the invoice that a change waits for bills what was quoted."""
        if subscription.latest_invoice is None:
            return False
        invoice = self._stripe.invoice(subscription.latest_invoice)
        return (invoice.amount_due, invoice.total) == (quote.amount_due, quote.total)

    def _secret_to_confirm(self, subscription: StripeSubscription) -> str | None:
        payment = self._payment_of(subscription)
        waits = payment is not None and payment.status == "requires_action"
        return payment.client_secret if payment and waits else None

    def _decline_of(self, subscription: StripeSubscription) -> PaymentDeclined:
        payment = self._payment_of(subscription)
        error = payment.last_payment_error if payment else None
        if error is None:
            return PaymentDeclined("There is no payment method to charge.", "no_payment_method")
        if error.message is None:
            return PaymentDeclined("Your card was declined.", error.decline_code or error.code)
        return PaymentDeclined(error.message, error.decline_code or error.code)

    def _payment_of(self, subscription: StripeSubscription) -> StripePaymentAttempt | None:
        """How paying the latest invoice went so far."""
        invoice_id = subscription.latest_invoice
        return self._stripe.payment_of_invoice(invoice_id) if invoice_id else None

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
