"""Stripe's events as they reach a machine, read into the domain's terms.

The rule's transformer hands over five members of the event; ``data`` is whole, or, where the event
was too large for Step Functions, trimmed by the relay to its scalars and marked ``trimmed``.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from billing.contracts.stripe_objects import (
    AttemptCount,
    StripeCheckoutSession,
    StripeInvoice,
    StripeReversal,
    StripeSchedule,
    StripeSubscription,
    Trial,
    named_user,
)
from billing.domain.errors import ContractViolation
from billing.domain.events import (
    CustomerEvent,
    InvoiceEvent,
    PurchaseEvent,
    ReadEvent,
    SessionEvent,
    SubscriptionEvent,
    UnreadInvoice,
)

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
    def whole(self) -> bool:
        """Whether the payload is the object as the contracts know it."""
        return self.api_version == API_VERSION and not self.data.trimmed

    @property
    def customer_id(self) -> str | None:
        """The customer that the event is about, None where its object names none.

        A detached payment method names the customer that it was detached from.
        """
        member = "id" if self.data.object.get("object") == "customer" else "customer"
        before = self.data.previous_attributes or {}
        customer = self.data.object.get(member) or before.get(member)
        if isinstance(customer, dict):
            customer = customer.get("id")
        return customer if isinstance(customer, str) else None

    @property
    def payment_intent_id(self) -> str | None:
        """The payment that the event is about, None where its object names none."""
        payment = self.data.object.get("payment_intent")
        return payment if isinstance(payment, str) else None

    @property
    def object_id(self) -> str | None:
        """The id of the object that the event is about."""
        object_id = self.data.object.get("id")
        return object_id if isinstance(object_id, str) else None

    @property
    def named_user_id(self) -> str | None:
        """The user that the object names, None where it names none, or two.

        Our API and a frontend's own checkout name one; an invoice tells its subscription's. In a
        payment link's address whoever pays may put any ``client_reference_id``: one that the
        metadata contradicts counts for nothing.
        """
        return named_user([self._metadata()], self.data.object.get("client_reference_id"))

    def _metadata(self) -> dict[str, Any]:
        """The object's own metadata, and an invoice's copy of its subscription's."""
        parent = self.data.object.get("parent")
        details = parent.get("subscription_details") if isinstance(parent, dict) else None
        of_subscription = details.get("metadata") if isinstance(details, dict) else None
        own = self.data.object.get("metadata")
        return {
            **(of_subscription if isinstance(of_subscription, dict) else {}),
            **(own if isinstance(own, dict) else {}),
        }


def _or_none(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    try:
        return validate(value)
    except ValidationError:
        return None


#: What makes an unreadable value of a field None.
OrNone = WrapValidator(_or_none)


class UnreadEvent(BaseModel):
    """What names an event that the contracts refuse; None what isn't of the form it should have.

    Nothing else of it is kept, because nobody knows what is in it.
    """

    model_config = ConfigDict(extra="ignore")

    id: Annotated[str | None, Field(pattern="^evt_[A-Za-z0-9_]{1,251}$"), OrNone] = None
    type: Annotated[str | None, Field(pattern="^[a-z][a-z0-9_.]{0,127}$"), OrNone] = None


Reader = Callable[["StripeEvent", str], ReadEvent]


def read(event: StripeEvent, customer_id: str) -> ReadEvent:
    """Read an event into the domain's terms, by its type.

    Raises:
        ContractViolation: the object isn't of the shape that the contracts know.
    """
    for prefix, reader in _READERS.items():
        if event.type.startswith(prefix):
            return reader(event, customer_id)
    raise ContractViolation(f"{event.type} {event.id} is no event of billing's")


def subscription_event(event: StripeEvent, customer_id: str) -> SubscriptionEvent:
    """Read a ``customer.subscription.*`` event."""
    with _violations_named(event):
        payload = StripeSubscription.model_validate(event.data.object) if event.whole else None
        return SubscriptionEvent(
            **_head(event, customer_id),
            subscription_id=event.object_id,
            payload=payload.projected() if payload else None,
            trial_notice=_trial_notice(event),
        )


def schedule_event(event: StripeEvent, customer_id: str) -> SubscriptionEvent:
    """Read a ``subscription_schedule.*`` event: it names a subscription to look at."""
    with _violations_named(event):
        schedule = StripeSchedule.model_validate(event.data.object)
        return SubscriptionEvent(
            **_head(event, customer_id),
            subscription_id=schedule.subscription or schedule.released_subscription,
            payload=None,
        )


def session_event(event: StripeEvent, customer_id: str) -> SessionEvent | PurchaseEvent:
    """Read a ``checkout.session.*`` event, in whichever mode the session is."""
    with _violations_named(event):
        session = StripeCheckoutSession.model_validate(event.data.object)
        head = _head(event, customer_id)
        if session.mode == "payment":
            return PurchaseEvent(
                **head,
                payment_intent_id=session.payment_intent,
                session_id=session.id,
                expired=event.type.endswith(".expired"),
            )
        return SessionEvent(
            **head,
            session_id=session.id,
            subscription_id=session.subscription,
            delayed=".async_payment_" in event.type,
        )


def reversal_event(event: StripeEvent, customer_id: str) -> PurchaseEvent:
    """Read an event of a charge, a refund or a dispute: it names a payment to look at."""
    with _violations_named(event):
        reversal = StripeReversal.model_validate(event.data.object)
        return PurchaseEvent(
            **_head(event, customer_id),
            payment_intent_id=reversal.payment_intent,
            session_id=None,
        )


def invoice_event(event: StripeEvent, customer_id: str) -> InvoiceEvent | UnreadInvoice:
    """Read an ``invoice.*`` event.

    What it says of attempts is read in any case: its words on that are Stripe's oldest.
    """
    with _violations_named(event):
        attempts = _attempts(event)
        head = _head(event, customer_id)
        if not event.whole:
            return UnreadInvoice.model_validate(head | attempts | {"invoice_id": event.object_id})
        invoice = StripeInvoice.model_validate(event.data.object).projected(event.created)
        return InvoiceEvent(**head, invoice=invoice.model_copy(update=attempts))


def customer_event(event: StripeEvent, customer_id: str) -> CustomerEvent:
    """Read a ``payment_method.*`` event, or one of the customer itself."""
    return CustomerEvent(**_head(event, customer_id), deleted=event.type == "customer.deleted")


_READERS: Mapping[str, Reader] = {
    "customer.subscription.": subscription_event,
    "subscription_schedule.": schedule_event,
    "checkout.session.": session_event,
    "charge.": reversal_event,
    "refund.": reversal_event,
    "invoice.": invoice_event,
    "payment_method.": customer_event,
    "customer.": customer_event,
}


def explain(error: ValidationError) -> str:
    """Name the fields at fault and never their values: they may be a customer's data."""
    return "; ".join(
        f"{'.'.join(str(part) for part in detail['loc']) or 'whole'}: {detail['msg']}"
        for detail in error.errors(include_input=False, include_url=False)
    )


@contextmanager
def _violations_named(event: StripeEvent) -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        raise ContractViolation(f"{event.type} {event.id}: {explain(error)}") from None


def _head(event: StripeEvent, customer_id: str) -> dict[str, Any]:
    return {"event_id": event.id, "created": event.created, "customer_id": customer_id}


def _trial_notice(event: StripeEvent) -> int | None:
    """The end of a trial that is announced: a scalar, so that trimmed events have it too."""
    if not event.type.endswith(".trial_will_end"):
        return None
    return Trial.model_validate(event.data.object).trial_end


def _attempts(event: StripeEvent) -> dict[str, int]:
    """Which attempt failed, or wants the customer. Stripe may count the first one late."""
    attempt = max(1, AttemptCount.model_validate(event.data.object).attempt_count)
    return {
        "failed_attempts": attempt if event.type == "invoice.payment_failed" else 0,
        "action_required_attempt": (
            attempt if event.type == "invoice.payment_action_required" else 0
        ),
    }
