"""The facts on our bus (source ``scai.billing``): one versioned schema each, for all who subscribe.

``id`` is unique for ever and delivery is at least once: a consumer remembers the ids it has seen.
A user's facts chain by ``version``, whatever order they arrive in. Subscriptions and access are as
the record has them: times within them are UTC epoch seconds.

A member may be added within a schema version, with a default; anything else makes the next one.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from billing.domain.access import Access
from billing.domain.facts import Fact
from billing.domain.record import Subscription

SOURCE = "scai.billing"


class FactEnvelope(BaseModel):
    """What every fact says: whose it is, when, and which Stripe event or operation caused it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    id: str
    user_id: str
    customer_id: str | None
    version: int = Field(description="Of the user's record, which this change led to")
    cause: str
    occurred_at: datetime


class SubscriptionActivated(FactEnvelope):
    """A subscription is paid for or in its trial, and wasn't before."""

    type: Literal["SubscriptionActivated"]
    before: Subscription | None
    after: Subscription


class SubscriptionEnded(FactEnvelope):
    """A subscription is over; ``after`` is None where Stripe no longer speaks of it."""

    type: Literal["SubscriptionEnded"]
    before: Subscription
    after: Subscription | None


class SubscriptionUpdated(FactEnvelope):
    """A live subscription's plan or quantity changed, or its cancellation was set or undone."""

    type: Literal["SubscriptionChanged", "CancellationScheduled", "CancellationUndone"]
    before: Subscription
    after: Subscription


class AccessChanged(FactEnvelope):
    """What the user may use went to another level."""

    type: Literal["AccessChanged"]
    before: Access
    after: Access


class DuplicateSubscriptionFound(FactEnvelope):
    """The customer pays for a further subscription: an alarm."""

    type: Literal["DuplicateSubscriptionFound"]
    before: None
    after: Subscription


FactEvent = Annotated[
    SubscriptionActivated
    | SubscriptionEnded
    | SubscriptionUpdated
    | AccessChanged
    | DuplicateSubscriptionFound,
    Field(discriminator="type"),
]

#: Parses a fact from the bus, whichever it is; its JSON Schema documents them all.
fact_event: TypeAdapter[FactEvent] = TypeAdapter(FactEvent)


def told(fact: Fact) -> FactEvent:
    """Put a committed fact in the words of its contract."""
    return fact_event.validate_python({"id": fact.key, **fact.model_dump(exclude={"key"})})
