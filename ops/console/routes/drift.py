"""What the last comparison with Stripe found, and comparing again."""

from fastapi import APIRouter

from ops import drift, people, reconciling
from ops.console.dependencies import JournalFor, Reasoned, TargetOf
from ops.drift import DriftReport
from ops.reconciling import Progress, Started

router = APIRouter(tags=["drift"])


class Reconcile(Reasoned):
    """Whom to compare; without a user everybody."""

    user_id: str | None = None


@router.get("/drift")
def get_drift(target: TargetOf) -> DriftReport:
    return drift.drift_report(target)


@router.post("/reconciliations")
def start_reconciliation(target: TargetOf, journal: JournalFor, body: Reconcile) -> Started:
    """Start a run; ``/reconciliations/progress`` tells how far it is."""
    log = journal(body.reason)
    person = people.find_person(target, body.user_id) if body.user_id else None
    return reconciling.start(target, log, person)


@router.get("/reconciliations/progress")
def get_reconciliation(target: TargetOf, execution: str, key: str, run_id: str) -> Progress:
    started = Started(execution=execution, key=key, run_id=run_id)
    return reconciling.progress_of(target, started)
