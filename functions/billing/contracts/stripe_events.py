"""Stripe's events as they reach a machine, read into the domain's terms.

The rule's transformer hands over five members of the event; ``data`` is whole, or, where the event
was too large for Step Functions, trimmed by the relay to its scalars and marked ``trimmed``.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from billing.contracts.stripe_objects import StripeCheckoutSession, StripeSubscription
from billing.domain.errors import ContractViolation
from billing.domain.events import BillingEvent, SessionEvent, SubscriptionEvent

#: The API version that the contracts follow; a payload of another one is fetched anew.
API_VERSION = "2026-10-28.endive"


class EventData(BaseModel):
    """``data`` of a Stripe event."""

    model_config = ConfigDict(extra="ignore")

    object: dict[str, Any]
    previous_attributes: dict[str, Any] | None = None
    trimmed: bool = False


class StripeEvent(BaseModel):
    """A Stripe event as the machines' input carries it."""

    model_config = ConfigDict(extra="ignore")

    id: str = Field(min_length=1)
    type: str = Field(min_length=1, max_length=128)  # EventBridge's limits of a detail-type
    created: int
    api_version: str | None = None
    data: EventData

    @property
    def customer_id(self) -> str | None:
        """The customer that the event is about, None where its object has none."""
        member = "id" if self.data.object.get("object") == "customer" else "customer"
        customer = self.data.object.get(member)
        if isinstance(customer, dict):
            customer = customer.get("id")
        return customer if isinstance(customer, str) else None

    @property
    def object_id(self) -> str | None:
        """The id of the object that the event is about."""
        object_id = self.data.object.get("id")
        return object_id if isinstance(object_id, str) else None

    @property
    def named_user_id(self) -> str | None:
        """The user that the object names, None where it names none, or two.

        Our API and a frontend's own checkout name one. In a payment link's address whoever pays
        may put any ``client_reference_id``: one that the metadata contradicts counts for nothing.
        """
        metadata = self.data.object.get("metadata")
        known = metadata if isinstance(metadata, dict) else {}
        named = {
            name
            for name in (
                self.data.object.get("client_reference_id"),
                known.get("user_id"),
                known.get("userId"),
            )
            if isinstance(name, str) and name
        }
        return named.pop() if len(named) == 1 else None


def read(event: StripeEvent) -> BillingEvent:
    """Read a subscription or session event into the domain's terms.

    Raises:
        ContractViolation: the object isn't of the shape that the contracts know.
    """
    try:
        if event.type.startswith("customer.subscription."):
            return _subscription_event(event)
        if event.type.startswith("checkout.session."):
            return _session_event(event)
    except ValidationError as error:
        raise ContractViolation(f"{event.type} {event.id}: {explain(error)}") from None
    raise ContractViolation(f"{event.type} {event.id} is no event of a subscription")


def explain(error: ValidationError) -> str:
    """Name the fields at fault and never their values: they may be a customer's data."""
    return "; ".join(
        f"{'.'.join(str(part) for part in detail['loc']) or 'whole'}: {detail['msg']}"
        for detail in error.errors(include_input=False, include_url=False)
    )


def _subscription_event(event: StripeEvent) -> SubscriptionEvent:
    readable = event.api_version == API_VERSION and not event.data.trimmed
    payload = StripeSubscription.model_validate(event.data.object) if readable else None
    return SubscriptionEvent.model_validate(
        {
            "event_id": event.id,
            "created": event.created,
            "customer_id": event.customer_id,
            "subscription_id": event.object_id,
            "payload": payload.projected() if payload else None,
        }
    )


def _session_event(event: StripeEvent) -> SessionEvent:
    session = StripeCheckoutSession.model_validate(event.data.object)
    return SessionEvent.model_validate(
        {
            "event_id": event.id,
            "created": event.created,
            "customer_id": event.customer_id,
            "delayed": ".async_payment_" in event.type,
            "session_id": session.id,
            "subscription_id": session.subscription,
        }
    )
