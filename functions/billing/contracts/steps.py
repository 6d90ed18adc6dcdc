"""What goes into and comes out of each step, as the state machines' Parameters name it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from billing.contracts.stripe_events import OrNone, StripeEvent, UnreadEvent


class StepModel(BaseModel):
    """A step's input or output."""

    model_config = ConfigDict(frozen=True)


class MachineInput(StepModel):
    """What a rule starts a machine with; ``source`` is the door that the event came in by."""

    event: StripeEvent
    source: str


class UnreadInput(StepModel):
    """What is told of an input whose event, or whose door, the contracts refuse."""

    event: UnreadEvent
    source: Annotated[str | None, Field(pattern="^[a-z][A-Za-z0-9_./-]{0,255}$"), OrNone] = None


class ClaimEventInput(MachineInput):
    """``execution`` is the ARN of the execution that wants to work on the event."""

    execution: str


class ClaimEventOutput(StepModel):
    claimed: bool


class ResolveUserInput(StepModel):
    event: StripeEvent
    execution: str


class ResolveUserOutput(StepModel):
    """Whose customer the event is about; ``replaces`` is a linked customer that Stripe deleted."""

    attribution: Literal["linked", "first_contact", "unattributed"]
    user_id: str | None = None
    customer_id: str | None = None
    replaces: str | None = None


class LinkCustomerInput(StepModel):
    user_id: str
    customer_id: str
    replaces: str | None = None


class LifecycleInput(StepModel):
    """What every step takes that applies an event to a user's record."""

    event: StripeEvent
    execution: str
    user_id: str
    customer_id: str


class LifecycleOutput(StepModel):
    outcome: Literal["applied", "stale"]
    facts: tuple[str, ...] = ()


class FailureOutput(StepModel):
    """How it stands with an unpaid invoice; ``until`` is when to look again (ISO 8601, UTC)."""

    outcome: Literal["applied", "stale", "waiting", "recovered", "restricted"]
    facts: tuple[str, ...] = ()
    until: str | None = None


class CheckPaymentInput(StepModel):
    """``event_id`` is the event whose execution waited."""

    event_id: str
    execution: str
    user_id: str
    customer_id: str
