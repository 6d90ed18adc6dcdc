"""The facts on our bus (source ``scai.billing``): one versioned schema each, for all who subscribe.

``id`` is unique for ever and delivery is at least once: a consumer remembers the ids it has seen.
A user's facts chain by ``version``, whatever order they arrive in. ``before`` and ``after`` are as
the record has them: amounts are minor currency units, times within them UTC epoch seconds.

A member may be added within a schema version, with a default; anything else makes the next one.
``docs/events/`` has them as JSON Schema, made from here by ``make schemas``.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from billing.domain.access import Access
from billing.domain.drift import Drift
from billing.domain.facts import Fact
from billing.domain.record import Invoice, Purchase, Subscription

SOURCE = "scai.billing"
SCHEMA_VERSION: Literal[1] = 1


class FactEnvelope(BaseModel):
    """What every fact says: whose it is, when, and which Stripe event or operation caused it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1]
    id: str = Field(description="Unique for ever: the same fact sent again has the same id.")
    user_id: str
    customer_id: str | None
    version: int = Field(description="Of the user's record, which this change led to.")
    cause: str = Field(description="The Stripe event, or our own operation, that led to it.")
    occurred_at: datetime = Field(description="When it was recorded, not when it was sent.")


class SubscriptionActivated(FactEnvelope):
    """Told when a live subscription becomes the user's, also in place of another live one.

    Its status says whether it is paid for, in its trial, or in arrears. Its id is
    ``SubscriptionActivated:{user}:{version}``.
    """

    type: Literal["SubscriptionActivated"]
    before: Subscription | None
    after: Subscription


class SubscriptionChanged(FactEnvelope):
    """Told when a live subscription has another price or quantity, or its collection is paused.

    Its id is ``SubscriptionChanged:{user}:{version}``.
    """

    type: Literal["SubscriptionChanged"]
    before: Subscription
    after: Subscription


class CancellationScheduled(FactEnvelope):
    """Told when a live subscription is set to end, at the end of its period or at another time.

    Its id is ``CancellationScheduled:{user}:{version}``.
    """

    type: Literal["CancellationScheduled"]
    before: Subscription
    after: Subscription


class CancellationUndone(FactEnvelope):
    """Told when a subscription that was set to end goes on after all.

    Its id is ``CancellationUndone:{user}:{version}``.
    """

    type: Literal["CancellationUndone"]
    before: Subscription
    after: Subscription


class SubscriptionEnded(FactEnvelope):
    """Told when a live subscription is over; ``after`` is null where another took its place.

    Its id is ``SubscriptionEnded:{user}:{version}``.
    """

    type: Literal["SubscriptionEnded"]
    before: Subscription
    after: Subscription | None


class PaymentSucceeded(FactEnvelope):
    """Told when an invoice was paid, with money; one over nothing is not told.

    Its id is ``PaymentSucceeded:{invoice}``.
    """

    type: Literal["PaymentSucceeded"]
    before: Invoice | None
    after: Invoice


class PaymentFailed(FactEnvelope):
    """Told for each attempt at an invoice that failed.

    Its id is ``PaymentFailed:{invoice}:{attempt}``.
    """

    type: Literal["PaymentFailed"]
    before: Invoice | None
    after: Invoice


class PaymentActionRequired(FactEnvelope):
    """Told when the customer must confirm a payment, as by 3D Secure.

    Its id is ``PaymentActionRequired:{invoice}:{attempt}``.
    """

    type: Literal["PaymentActionRequired"]
    before: Invoice | None
    after: Invoice


class PaymentRecovered(FactEnvelope):
    """Told when an invoice in dunning was paid after all, or forgiven.

    Its id is ``PaymentRecovered:{invoice}``.
    """

    type: Literal["PaymentRecovered"]
    before: Invoice | None
    after: Invoice


class AccessChanged(FactEnvelope):
    """Told when what the user may use goes to another level.

    Its id is ``AccessChanged:{user}:{version}``.
    """

    type: Literal["AccessChanged"]
    before: Access
    after: Access


class TrialEnding(FactEnvelope):
    """Told when a trial is about to end, three days before it does.

    Its id is ``TrialEnding:{subscription}:{trial end}``.
    """

    type: Literal["TrialEnding"]
    before: None
    after: Subscription


class PurchaseCompleted(FactEnvelope):
    """Told when a one-time purchase was paid.

    Its id is ``PurchaseCompleted:{purchase}``.
    """

    type: Literal["PurchaseCompleted"]
    before: Purchase | None
    after: Purchase


class PurchaseReversed(FactEnvelope):
    """Told when a one-time purchase was refunded, in part or whole, or lost in a dispute.

    Its id is ``PurchaseReversed:{charge}:{amount refunded so far}``, or
    ``PurchaseReversed:{charge}:dispute_lost``.
    """

    type: Literal["PurchaseReversed"]
    before: Purchase | None
    after: Purchase


class DuplicateSubscriptionFound(FactEnvelope):
    """Told when the customer turns out to pay for a further subscription: an alarm.

    Its id is ``DuplicateSubscriptionFound:{user}:{version}:{subscription}``.
    """

    type: Literal["DuplicateSubscriptionFound"]
    before: None
    after: Subscription


class DriftHealed(FactEnvelope):
    """Told when reconciliation found a record that differed from Stripe, and mended it.

    Its id is ``DriftHealed:{user}:{version}``.
    """

    type: Literal["DriftHealed"]
    before: None
    after: Drift


FactEvent = Annotated[
    SubscriptionActivated
    | SubscriptionChanged
    | CancellationScheduled
    | CancellationUndone
    | SubscriptionEnded
    | PaymentSucceeded
    | PaymentFailed
    | PaymentActionRequired
    | PaymentRecovered
    | AccessChanged
    | TrialEnding
    | PurchaseCompleted
    | PurchaseReversed
    | DuplicateSubscriptionFound
    | DriftHealed,
    Field(discriminator="type"),
]

#: Parses a fact from the bus, whichever it is.
fact_event: TypeAdapter[FactEvent] = TypeAdapter(FactEvent)


def told(fact: Fact) -> FactEvent:
    """Put a committed fact in the words of its contract."""
    said = {"schema_version": SCHEMA_VERSION, "id": fact.key, **fact.model_dump(exclude={"key"})}
    return fact_event.validate_python(said)
