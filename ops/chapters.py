"""A customer's story in chapters: what was told, who handled it, what it changed, what it caused.

Guards that a chapter is whole: its facts and mails stand in it, not beside it.
"""

from datetime import datetime
from typing import Any, Literal

from billing.domain.record import Value


class StripeEvent(Value):
    """What Stripe said, and by which door it came (``relay`` or ``partner``)."""

    id: str
    type: str | None
    object_id: str | None
    customer_id: str | None
    created_at: datetime | None
    received_at: datetime
    deliveries: int
    door: Literal["relay", "partner"] | None
    stripe_url: str | None = None


class Handler(Value):
    """The execution that handled it; ``status`` is None until ``with_statuses`` asked for it.

    ``others`` are the names of executions that further deliveries started: they ended at once.
    """

    arn: str
    name: str
    machine: str
    status: str | None = None
    others: tuple[str, ...] = ()


class Change(Value):
    """One field of the record; times within are ISO 8601."""

    field: str
    before: Any = None
    after: Any = None


class Mail(Value):
    """A mail that a fact caused; ``outcome`` is None where it isn't known whether it left."""

    id: str
    mail: str
    at: datetime
    outcome: Literal["sent", "refused", "deferred", "unknown", "no_address"] | None
    message_id: str | None = None
    error: str | None = None


class ToldFact(Value):
    """A domain event; ``summary`` says its change in a line. ``published_at`` None: not yet."""

    key: str
    type: str
    at: datetime
    version: int
    summary: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    published_at: datetime | None
    mails: tuple[Mail, ...] = ()


class Failure(Value):
    """How an execution failed; ``open``: it isn't mended yet. Later its error is forgotten."""

    error: str | None
    cause: str | None
    at: datetime
    redrive_count: int
    open: bool


class Reconciled(Value):
    """What a reconciliation of this customer looked at, found and healed, by kind."""

    run_id: str
    completed_at: datetime | None
    looked_at: dict[str, int]
    found: dict[str, int]
    healed: dict[str, int]


class OperatorAction(Value):
    """What somebody changed by hand, and why; ``result`` is None where they were cut off."""

    action: str
    subject: str
    operator: str
    reason: str
    batch: str
    result: str | None


class Chapter(Value):
    """One thing that happened, with all that came of it.

    ``kind`` is what began it: Stripe's ``event``; a ``reconciliation``; an ``operation`` (our API's
    own write to Stripe, looked at before any event told); a ``return`` from Checkout; the ``link``
    of a customer with a history; the ``deadline`` at which an unpaid invoice was looked at again;
    or an ``operator``. ``outcome`` is the event's: None while it is worked on. ``version`` is the
    record's after it, None where it changed nothing.
    """

    kind: Literal["event", "reconciliation", "operation", "return", "link", "deadline", "operator"]
    id: str
    at: datetime
    title: str
    event: StripeEvent | None = None
    execution: Handler | None = None
    outcome: Literal["applied", "stale", "ignored", "failed"] | None = None
    reason: str | None = None
    attention: str | None = None
    done_at: datetime | None = None
    version: int | None = None
    failure: Failure | None = None
    changes: tuple[Change, ...] = ()
    facts: tuple[ToldFact, ...] = ()
    reconciled: Reconciled | None = None
    operator: OperatorAction | None = None


class TimelinePage(Value):
    """Chapters, the newest first; ``cursor`` goes on with older ones, None where there are none."""

    chapters: tuple[Chapter, ...]
    cursor: str | None
