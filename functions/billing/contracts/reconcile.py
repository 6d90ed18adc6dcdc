"""What starts ``reconcile``, and what its states hand on: a cursor and counts, never lists.

Ops start a run with ``{"scope": "all"}``, ``{"scope": "customer", "customer_id": "cus_…"}`` or
``{"scope": "user", "user_id": "…"}``; the schedule with the first. ``run`` is set only by a run
that goes on in a further execution.
"""

from typing import Literal, Self

from pydantic import Field, model_validator

from billing.contracts.steps import StepModel

#: What a run looks at, in this order; one customer is a phase of its own.
Phase = Literal["subscriptions", "events", "debts", "customer"]


class Position(StepModel):
    """Where a walk through one of our own indexes stands: at this user's entry, of this time."""

    user_id: str
    at: int


class Cursor(StepModel):
    """Where a run stands.

    ``after`` is the last object of Stripe's list that was looked at, ``position`` the last entry of
    our own index. ``compared`` says that Stripe's next page was compared before, and only more of
    the index belongs to it. ``group`` counts the groups of event types.
    """

    phase: Phase
    after: str | None = None
    position: Position | None = None
    compared: bool = False
    group: int = 0


class Tally(StepModel):
    """How much was looked at, and of each kind of drift how much was found and healed."""

    looked_at: dict[str, int] = Field(default_factory=dict)
    found: dict[str, int] = Field(default_factory=dict)
    healed: dict[str, int] = Field(default_factory=dict)


class Run(StepModel):
    """One reconciliation, over all of its executions. Times are UTC seconds.

    ``since`` is from when on events are looked at, ``page`` how many pages were. ``outcome`` says
    what the machine does next: look at ``more``, go on in another execution because this one is
    ``full``, or end: ``done``, or ``left`` to another run that has the same scope.
    """

    outcome: Literal["more", "full", "done", "left"]
    id: str
    scope: Literal["all", "customer"]
    customer_id: str | None = None
    user_id: str | None = None
    started_at: int
    since: int
    page: int = 0
    cursor: Cursor
    tally: Tally = Field(default_factory=Tally)

    @property
    def key(self) -> str:
        """What only one run at a time may have: its key in the ledger's key space."""
        return f"reconcile:{self.customer_id or 'all'}"


class ReconcileInput(StepModel):
    """What an execution is started with."""

    scope: Literal["all", "customer", "user"]
    customer_id: str | None = Field(default=None, min_length=1)
    user_id: str | None = Field(default=None, min_length=1)
    run: Run | None = None

    @model_validator(mode="after")
    def _names_what_its_scope_says(self) -> Self:
        ids = {"customer": self.customer_id, "user": self.user_id}
        named = {scope for scope, id_ in ids.items() if id_ is not None}
        if self.run is None and named != {self.scope} - {"all"}:
            raise ValueError(f"scope {self.scope} names nothing but what it says")
        return self


class ClaimRunInput(StepModel):
    """``execution`` is the ARN of the execution that wants to work on it."""

    request: ReconcileInput
    execution: str


class RunInput(StepModel):
    run: Run
    execution: str


class StartSuccessorOutput(StepModel):
    """The name of the execution that goes on."""

    successor: str
