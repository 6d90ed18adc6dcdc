"""Stripe's events as the reducer sees them: what they are about, not how they arrived."""

from billing.domain.record import Subscription, Value


class EventHead(Value):
    """What every event has; ``created`` in UTC seconds by Stripe's clock."""

    event_id: str
    created: int
    session_id: str | None = None


class SubscriptionEvent(EventHead):
    """A ``customer.subscription.*`` event.

    ``payload`` is None where it can't speak for Stripe: trimmed, or of another API version.
    """

    customer_id: str
    subscription_id: str
    payload: Subscription | None


class SessionEvent(EventHead):
    """A ``checkout.session.*`` event in subscription mode.

    ``delayed``: it tells how a payment ended that was still under way when checkout completed.
    """

    delayed: bool = False

    customer_id: str
    subscription_id: str | None


BillingEvent = SubscriptionEvent | SessionEvent
