"""Compare Page, in ``reconcile``: look at one page of Stripe's or ours, heal, note the progress.

Guards that each page counts once, however often the step runs, and that an execution which has lost
its run leaves it: what it did by then is idempotent. One customer with whom Stripe or the store
fails for good keeps a page only for so many tries.
"""

from billing.contracts.reconcile import Run, RunInput
from billing.domain.errors import StoreUnavailable, StripeUnavailable
from billing.metrics import Metric, measure
from billing.observability import logger
from billing.reconciling.findings import Findings, measure_drift
from billing.reconciling.look import Look
from billing.reconciling.phases import look_at_a_page
from billing.reconciling.ports import ReconcilePorts
from billing.runtime import Ports, step_handler
from billing.store.runs import RunEntry

#: Tries of a page that fail as soon as one customer does: fewer than the machine makes, so that
#: some are left in which only that customer is passed over.
PATIENCE = 8


def compare_page(request: RunInput, ports: Ports) -> Run:
    """Look at the page at which the run stands; answer with where it stands then.

    Raises:
        StripeUnavailable: Stripe didn't answer.
        StoreUnavailable: DynamoDB didn't answer.
        BusUnavailable: EventBridge didn't take an event.
    """
    entry = ports.runs.find(request.run.key)
    if entry is None or not _is_next(entry, request):
        return _elsewhere(entry, request)
    findings = Findings(entry)
    sparing = entry.setbacks >= PATIENCE
    try:
        looked = look_at_a_page(Look(entry.run, findings, ports, sparing))
    except (StripeUnavailable, StoreUnavailable):
        ports.runs.save(entry.model_copy(update={"setbacks": entry.setbacks + 1}))
        raise
    after = findings.put_down_in(looked)
    if looked.outcome == "done":
        after = _completed(after, ports.now())
    if not ports.runs.save(after):
        return _elsewhere(ports.runs.find(request.run.key), request)
    if looked.outcome == "done" and looked.scope == "all":
        measure(Metric.RUN_COMPLETED)
        measure_drift(after.run.tally)
    return after.run


def _is_next(entry: RunEntry, request: RunInput) -> bool:
    here = (entry.run.id, entry.run.page, entry.lease_execution)
    return here == (request.run.id, request.run.page, request.execution)


def _elsewhere(entry: RunEntry | None, request: RunInput) -> Run:
    """Where the run stands if not here: this page was looked at before, or another run began."""
    if entry is not None and entry.run.id == request.run.id and entry.run.page > request.run.page:
        return entry.run
    return request.run.model_copy(update={"outcome": "left"})


def _completed(entry: RunEntry, now: int) -> RunEntry:
    run = entry.run
    logger.info("reconciled", run_id=run.id, scope=run.key, **run.tally.model_dump())
    covered = {"covered_until": run.started_at} if run.scope == "all" else {}
    return entry.model_copy(update={"lease_execution": None, "completed_at": now, **covered})


handler = step_handler(RunInput, compare_page, ReconcilePorts())
