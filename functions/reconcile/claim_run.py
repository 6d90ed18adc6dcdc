"""Claim Run, in ``reconcile``: begin a run, or go on with one, unless another has the same scope.

Guards that two runs of one scope never go side by side: a run is held by the execution that works
on it, and taken over only from one that doesn't run any more. Run twice, the step begins one run.
"""

import uuid

from billing.contracts.reconcile import ClaimRunInput, Cursor, ReconcileInput, Run
from billing.domain.errors import LeaseLost, UserNotFound
from billing.runtime import Ports, step_handler
from billing.store.runs import RunEntry
from billing.timestamps import DAY

#: How far back (seconds) events are looked at: Stripe keeps them for 30 days.
LONGEST = 29 * DAY
#: What is looked at again (seconds): it was still on its way when the last run looked.
OVERLAP = 3_600


def claim_run(request: ClaimRunInput, ports: Ports) -> Run:
    """Claim the run for this execution; it is ``left`` where another has its scope.

    Raises:
        UserNotFound: the user has no customer at Stripe, or there is no such user.
        LeaseLost: the claim changed hands meanwhile; run again.
    """
    execution, going_on = request.execution, request.request.run
    run = going_on or _new(request.request, execution, ports)
    entry = ports.runs.find(run.key)
    if entry is not None and entry.run.id == run.id and entry.lease_execution in (execution, None):
        return entry.run
    claimed = _handed_over(run, entry) if going_on else _begun(run, entry, ports)
    if claimed is None:
        return run.model_copy(update={"outcome": "left"})
    if not ports.runs.save(claimed.model_copy(update={"lease_execution": execution})):
        raise LeaseLost(f"{run.key} was claimed by another execution")
    return claimed.run


def _new(asked: ReconcileInput, execution: str, ports: Ports) -> Run:
    """A run that begins; its id is its first execution's for ever."""
    customer_id = _customer_of(asked, ports)
    now = ports.now()
    return Run(
        outcome="more",
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, execution)),
        scope="all" if customer_id is None else "customer",
        customer_id=customer_id,
        user_id=customer_id and ports.customers.user_of(customer_id),
        started_at=now,
        since=now - LONGEST,
        cursor=Cursor(phase="subscriptions" if customer_id is None else "customer"),
    )


def _customer_of(asked: ReconcileInput, ports: Ports) -> str | None:
    """The one customer that is asked for, None where it is all of them."""
    if asked.user_id is None:
        return asked.customer_id
    record = ports.records.load(asked.user_id)
    user = None if record.customer_id else ports.users.find(asked.user_id)
    customer_id = record.customer_id or (user.stripe_customer_id if user else None)
    if customer_id is None:
        raise UserNotFound(f"user {asked.user_id} has no customer at Stripe")
    return customer_id


def _handed_over(run: Run, entry: RunEntry | None) -> RunEntry | None:
    """A run goes on exactly where the execution before this one left it."""
    if entry is None or entry.run != run:
        return None
    return entry.model_copy(update={"run": run.model_copy(update={"outcome": "more"})})


def _begun(run: Run, before: RunEntry | None, ports: Ports) -> RunEntry | None:
    """A run begins where none is under way, and with the events since the last one.

    Or with older ones, whose customer was unknown then and is ours by now.
    """
    if before is None:
        return RunEntry(run=run)
    holder = before.lease_execution
    if holder is not None and ports.executions.is_running(holder):
        return None
    since = max(run.since, (before.covered_until or 0) - OVERLAP)
    unreplayed = ports.ledger.oldest_unreplayed(run.since)
    if unreplayed is not None:
        since = min(since, unreplayed)
    return RunEntry(
        run=run.model_copy(update={"since": since}),
        revision=before.revision,
        covered_until=before.covered_until,
    )


handler = step_handler(ClaimRunInput, claim_run)
