"""Stripe's events as the reducer sees them: what they are about, not how they arrived."""

from billing.domain.record import Invoice, Subscription, Value

#: What no object of Stripe's shows afterwards: who reads the object later can't know it.
TOLD_BY_EVENTS_ALONE = frozenset(
    {
        "customer.subscription.trial_will_end",
        "invoice.payment_action_required",
        "invoice.payment_failed",
    }
)


class EventHead(Value):
    """What every event has; ``created`` in UTC seconds by Stripe's clock."""

    event_id: str
    created: int
    customer_id: str


class SubscriptionEvent(EventHead):
    """A ``customer.subscription.*`` event, or one of the subscription's schedule.

    ``payload`` is None where it can't speak for the subscription: trimmed, of another API version,
    or a schedule's (which may have no subscription). ``trial_notice`` is
    the end of a trial that Stripe announces.
    """

    subscription_id: str | None
    payload: Subscription | None
    trial_notice: int | None = None


class SessionEvent(EventHead):
    """A ``checkout.session.*`` event in subscription mode.

    ``delayed``: it tells how a payment ended that was still under way when checkout completed.
    """

    session_id: str
    subscription_id: str | None
    delayed: bool = False


class InvoiceEvent(EventHead):
    """An ``invoice.*`` event, with the invoice as it was then or as it is now."""

    invoice: Invoice


class UnreadInvoice(EventHead):
    """An ``invoice.*`` event whose payload can't be read: the invoice is to be fetched."""

    invoice_id: str
    failed_attempts: int = 0
    action_required_attempt: int = 0


class PurchaseEvent(EventHead):
    """An event about a one-time purchase: its session, its charge, a refund or a dispute of it.

    A session where nothing was paid has no payment intent, and a charge of before payment intents
    has neither.
    ``expired``: the session ended without a purchase.
    """

    payment_intent_id: str | None
    session_id: str | None
    expired: bool = False


class CustomerEvent(EventHead):
    """A ``payment_method.*`` event, ``customer.updated``, or ``customer.deleted``."""

    deleted: bool = False


BillingEvent = SubscriptionEvent | SessionEvent | InvoiceEvent | PurchaseEvent | CustomerEvent

#: As the contracts read it: an invoice may still have to be fetched.
ReadEvent = BillingEvent | UnreadInvoice
