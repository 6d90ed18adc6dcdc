"""Reconcile on demand: everything, or one customer; followed to its end.

Guards that one who asks twice starts one run: the machine lets two of one scope never go side by
side, and whoever comes second is told of the first.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Literal

from pydantic import Field

from billing.contracts.reconcile import Phase, ReconcileInput
from billing.contracts.status_changes import ExecutionFailed
from billing.domain.record import Value
from billing.store.runs import RunEntry
from ops.drift import EVERYTHING, Report, report_of
from ops.errors import OpsError
from ops.journal import Journal
from ops.people import Person
from ops.statuses import status_of
from ops.target import Target

#: A page takes about as long, because it asks Stripe no faster than it may.
POLL_SECONDS = 0.5
_ENDED_BADLY = ("FAILED", "TIMED_OUT", "ABORTED")


class Started(Value):
    """A run that was started; ``key`` is what only one run at a time may have."""

    execution: str
    key: str
    run_id: str


class Progress(Value):
    """How far a run is. ``state`` ``left``: another run has the same scope, and goes on.

    ``execution`` is the one that works on it; ``report`` is there once the run has ended.
    """

    state: Literal["running", "done", "left", "failed"]
    execution: str
    phase: Phase | None = None
    page: int = 0
    looked_at: dict[str, int] = Field(default_factory=dict)
    found: dict[str, int] = Field(default_factory=dict)
    healed: dict[str, int] = Field(default_factory=dict)
    error: str | None = None
    report: Report | None = None


def start(target: Target, journal: Journal, who: Person | str | None = None) -> Started:
    """Start a run: of everything, of a person, or of a Stripe customer by id.

    Raises:
        OpsError: the person has no customer at Stripe: there is nothing to compare.
    """
    asked, key = _asked(who)
    machine = target.machines["reconcile"]
    user_id = who.user_id if isinstance(who, Person) else None
    with journal.noting("reconcile", key, user_id) as noted:
        execution: str = target.client("stepfunctions").start_execution(
            stateMachineArn=machine,
            name=f"ops-{uuid.uuid4()}",
            input=asked.model_dump_json(exclude_none=True),
        )["executionArn"]
        noted.result = f"started {execution}"
    # As Claim Run names the run that an execution begins.
    run_id = str(uuid.uuid5(uuid.NAMESPACE_URL, execution))
    return Started(execution=execution, key=key, run_id=run_id)


def progress_of(target: Target, started: Started) -> Progress:
    """Say how far a run is by now."""
    entry = target.ports.runs.find(started.key)
    if entry is None or entry.run.id != started.run_id:
        return _without_entry(target, started, entry)
    if entry.completed_at is not None:
        return _progress("done", entry, started).model_copy(
            update={"report": report_of(target, entry)}
        )
    execution = _working(target, started, entry)
    error = _error_of(target, execution)
    progress = _progress("failed" if error else "running", entry, started)
    return progress.model_copy(update={"execution": execution, "error": error})


def follow(
    target: Target, started: Started, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Progress]:
    """Tell how far a run is until it has ended; the last word says how."""
    while True:
        progress = progress_of(target, started)
        yield progress
        if progress.state != "running":
            return
        sleep(POLL_SECONDS)


def _asked(who: Person | str | None) -> tuple[ReconcileInput, str]:
    """The machine's input, and the key of the run that comes of it."""
    if who is None:
        return ReconcileInput(scope="all"), EVERYTHING
    if isinstance(who, str):
        return ReconcileInput(scope="customer", customer_id=who), f"reconcile:{who}"
    if who.customer_id is None:
        raise OpsError(f"user {who.user_id} has no customer at Stripe: nothing can differ")
    return ReconcileInput(scope="user", user_id=who.user_id), f"reconcile:{who.customer_id}"


def _without_entry(target: Target, started: Started, other: RunEntry | None) -> Progress:
    """The run's own entry isn't there: it hasn't begun, never will, or was followed by another."""
    error = _error_of(target, started.execution)
    if error:
        return Progress(state="failed", execution=started.execution, error=error)
    if status_of(target, started.execution) == "RUNNING" or other is None:
        return Progress(state="running", execution=started.execution)
    return Progress(
        state="left",
        execution=other.lease_execution or started.execution,
        report=report_of(target, other),
    )


def _working(target: Target, started: Started, entry: RunEntry) -> str:
    """The execution that works on a run: a long one goes on in one after another."""
    holder = entry.lease_execution or started.execution
    if entry.run.outcome != "full":
        return holder
    prefix = holder.rpartition(":")[0]
    successor = f"{prefix}:{entry.run.id}-{entry.run.page}"
    exists = status_of(target, successor) is not None
    return successor if exists else holder


def _progress(state: Literal["running", "done", "failed"], entry: RunEntry, s: Started) -> Progress:
    run = entry.run
    return Progress(
        state=state,
        execution=entry.lease_execution or s.execution,
        phase=run.cursor.phase,
        page=run.page,
        **run.tally.model_dump(),
    )


def _error_of(target: Target, execution: str) -> str | None:
    """How an execution ended badly, None where it didn't."""
    status = status_of(target, execution)
    if status not in _ENDED_BADLY:
        return None
    told = target.client("stepfunctions").describe_execution(executionArn=execution)
    failed = ExecutionFailed(
        execution=execution, status=status, cause=told.get("cause"), stopped_at=0
    )
    return f"{told.get('error', status)}: {failed.message}".removesuffix(": ")
