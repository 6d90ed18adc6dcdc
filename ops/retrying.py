"""Have what failed done after all.

Guards that nothing is done twice, by whomever and however often it is asked for: Step Functions
itself takes a redrive once by its token, and a new execution once by its name.
"""

from collections.abc import Callable, Iterable, Iterator

from botocore.exceptions import BotoCoreError, ClientError

from billing.aws import error_code
from billing.domain.errors import BillingError
from billing.pacing import Pacer
from ops.causes import failures
from ops.errors import NotFound, OpsError
from ops.execution import Execution, descriptions_of, executions_of, find_execution
from ops.executions import Filter
from ops.journal import Journal
from ops.listed import STOPPED, UNSUCCESSFUL, Listed
from ops.retried import Retried, digest, nothing_to_do
from ops.starting_anew import reconcile, start_anew, without_redrive
from ops.target import Target

__all__ = ["Retried", "meant", "planned", "planned_each", "retry", "retry_all", "retry_each"]

#: Retries a second: each may ask Stripe, whose limit everything else shares.
RETRIES_PER_SECOND = 10
#: How a redrive is refused that can't be, now or ever: by the execution, its type, or the endpoint.
_NOT_REDRIVABLE = {
    "ExecutionNotRedrivable",
    "InvalidAction",
    "InvalidArn",
    "UnknownOperationException",
    "UnsupportedOperation",
    "ValidationException",
}


def planned(target: Target, execution: Execution, *, fresh: bool = False) -> Retried:
    """Say what a retry would do now, and do nothing.

    Raises:
        NotFound: Step Functions has forgotten it.
    """
    # Status and redrivability in one answer: between two, somebody may have redriven it.
    told = descriptions_of(target).describe(execution.arn)
    if told is None:
        raise NotFound(f"{execution.arn} isn't there any more: AWS forgets them after 90 days")
    (now,) = executions_of(target, [Listed.of(told, execution.machine)])
    if now.settled:
        return nothing_to_do(now.arn, "its event was done by another execution")
    if told["status"] not in UNSUCCESSFUL:
        return nothing_to_do(now.arn, f"it is {told['status']} by now")
    if told.get("redriveCount", 0) > execution.redrive_count:
        return nothing_to_do(now.arn, "somebody has retried it meanwhile, and it failed again")
    if fresh:
        return without_redrive(target, now, "wanted so")
    if told.get("redriveStatus", "REDRIVABLE") == "REDRIVABLE":
        return Retried(arn=now.arn, how="redriven")
    return without_redrive(target, now, told.get("redriveStatusReason", "it can't be redriven"))


def retry(
    target: Target, execution: Execution, journal: Journal, *, fresh: bool = False
) -> Retried:
    """Redrive what failed; where that can't be, or isn't wanted (``fresh``), start it anew.

    Raises:
        ClientError: Step Functions refused for another reason.
        BillingError: the ledger did not answer.
    """
    plan = planned(target, execution, fresh=fresh)
    if plan.how == "nothing_to_do":
        return plan
    with journal.noting("retry", plan.arn, execution.user_id) as noted:
        done = _carry_out(target, execution, plan)
        noted.result = ": ".join(filter(None, (done.how, done.new_arn, done.why)))
    return done


def meant(
    failed: Iterable[Execution], wanted: Filter | None = None, cause_id: str | None = None
) -> list[Execution]:
    """Those that a bulk retry is about: what somebody stopped only where it is asked for by name.

    It was stopped on purpose. It stays open, for its event isn't done.
    """
    asked_for = cause_id is not None or (wanted is not None and wanted.status == STOPPED)
    return [each for each in failed if asked_for or each.status != STOPPED]


def retry_all(
    target: Target,
    journal: Journal,
    cause_id: str | None = None,
    wanted: Filter | None = None,
    *,
    fresh: bool = False,
) -> Iterator[Retried]:
    """Retry the open failures of a cause, or that a filter wants; tell of each as it is done."""
    failed = meant(failures(target, wanted, cause_id), wanted, cause_id)
    yield from retry_each(target, journal, failed, fresh=fresh)


def retry_each(
    target: Target, journal: Journal, executions: Iterable[Execution], *, fresh: bool = False
) -> Iterator[Retried]:
    """Retry these, the oldest first and at a steady pace; one that can't be stops no other."""
    pacer = Pacer(RETRIES_PER_SECOND)

    def paced(execution: Execution) -> Retried:
        pacer.wait()
        return retry(target, execution, journal, fresh=fresh)

    return _each(executions, paced)


def planned_each(
    target: Target, executions: Iterable[Execution], *, fresh: bool = False
) -> Iterator[Retried]:
    """Say what a retry of these would do; one of which that can't be said stops no other."""
    return _each(executions, lambda execution: planned(target, execution, fresh=fresh))


def _each(executions: Iterable[Execution], do: Callable[[Execution], Retried]) -> Iterator[Retried]:
    for execution in sorted(executions, key=lambda each: each.started_at):
        try:
            yield do(execution)
        except (BillingError, BotoCoreError, ClientError, OpsError) as error:
            yield Retried(arn=execution.arn, how="failed", why=f"{type(error).__name__}: {error}")


def _carry_out(target: Target, execution: Execution, plan: Retried) -> Retried:
    match plan.how:
        case "redriven":
            return _redrive(target, execution)
        case "reconciled":
            return reconcile(target, execution, plan)
        case _:
            return start_anew(target, execution, plan)


def _redrive(target: Target, execution: Execution) -> Retried:
    """Redrive it; who was first to redrive it from this very failure has done it for all."""
    token = digest(f"{execution.arn} {execution.redrive_count}")
    try:
        target.client("stepfunctions").redrive_execution(
            executionArn=execution.arn, clientToken=token
        )
    except ClientError as error:
        if error_code(error) not in _NOT_REDRIVABLE:
            raise
        now = find_execution(target, execution.arn)
        if now.redrive_count > execution.redrive_count or not now.open:
            return nothing_to_do(now.arn, "somebody else has retried it")
        why = error.response["Error"].get("Message", error_code(error))
        return _carry_out(target, now, without_redrive(target, now, why))
    return Retried(arn=execution.arn, how="redriven")
