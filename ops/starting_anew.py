"""Have what failed done by another execution, where the old one can't be redriven.

Guards that it is started once, by whomever and however often it is asked for: under a name that the
old execution has given it for ever.
"""

from billing.contracts.reconcile import ReconcileInput
from billing.store.ledger import Failure
from ops.entries import RECONCILE, finished_by, ledger_items
from ops.execution import Execution, execution_arn
from ops.retried import How, Retried, digest, nothing_to_do
from ops.target import Target

_LONGEST_NAME = 80


def without_redrive(target: Target, execution: Execution, why: str) -> Retried:
    """How to have it done without the old execution.

    An event that the old one has finished would only be ignored as a duplicate: it had gone on to
    wait for something, and reconciling its customer brings that about.
    """
    how: How = "reconciled" if _has_finished(target, execution) else "started_anew"
    return Retried(arn=execution.arn, how=how, why=why)


def _has_finished(target: Target, execution: Execution) -> bool:
    event_id, stopped_at = execution.event_id, execution.stopped_at
    if event_id is None or stopped_at is None:
        return False
    item = ledger_items(target, [event_id]).get(event_id, {})
    return finished_by(execution.arn, stopped_at, item)


def start_anew(target: Target, execution: Execution, plan: Retried) -> Retried:
    """Start the same machine, as it is today, with the same input."""
    client = target.client("stepfunctions")
    input_ = client.describe_execution(executionArn=execution.arn)["input"]
    return _start(target, execution.machine, input_, plan)


def reconcile(target: Target, execution: Execution, plan: Retried) -> Retried:
    """Reconcile the customer, and settle what the old execution has left open."""
    asked = ReconcileInput(scope="user", user_id=execution.user_id)
    done = _start(target, RECONCILE, asked.model_dump_json(exclude_none=True), plan)
    _settle(target, execution)
    return done


def _start(target: Target, machine: str, input_: str, plan: Retried) -> Retried:
    """Start an execution under a name that the old one has given it for ever."""
    machine_arn, client = target.machines[machine], target.client("stepfunctions")
    suffix = f"-again-{digest(plan.arn)[:8]}"
    name = plan.arn.rsplit(":", 1)[-1][: _LONGEST_NAME - len(suffix)] + suffix
    arn = execution_arn(machine_arn, name)
    try:
        client.start_execution(stateMachineArn=machine_arn, name=name, input=input_)
    except client.exceptions.ExecutionAlreadyExists:
        return nothing_to_do(plan.arn, "it was started anew before", arn)
    return plan.model_copy(update={"new_arn": arn})


def _settle(target: Target, execution: Execution) -> None:
    """Note that nothing is left to do; the failure first, because its hint may have been lost."""
    ports, event_id = target.ports, execution.event_id
    assert event_id is not None, "it has finished an event"
    assert execution.stopped_at is not None, "it has failed"
    failure = Failure(
        execution=execution.arn,
        status=execution.status,
        error=execution.error or execution.status,
        cause=execution.cause or "",
        redrive_count=execution.redrive_count,
        at=int(execution.stopped_at.timestamp() * 1000),
    )
    ports.ledger.mark_failed(event_id, failure)
    ports.ledger.settle(event_id, ports.now())
