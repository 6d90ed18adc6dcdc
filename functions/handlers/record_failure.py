"""Record Failure, on Step Functions' status changes: the ledger learns that an execution failed.

Guards that a failed event is listed for ops, even where its execution failed before it could claim
the event, or because nobody can read it. The hints come late, twice and out of order; which of them
counts is the ledger's to say. The failed execution keeps its lease, which suppresses nothing: who
claims the event asks after it.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import ValidationError

from billing.contracts.status_changes import ExecutionFailed, StatusChange
from billing.contracts.steps import MachineInput, UnreadInput
from billing.contracts.stripe_events import explain
from billing.observability import log_context, logger, observed
from billing.runtime import Ports
from billing.store.ledger import Failure


def record_failure(failed: ExecutionFailed, ports: Ports) -> bool:
    """Mark the event of a failed execution; False where the event has moved on since.

    Raises:
        StoreUnavailable: DynamoDB or Step Functions did not answer.
    """
    log_context(execution=failed.execution)
    started_with = failed.input or ports.executions.input_of(failed.execution)
    try:
        machine_input = MachineInput.model_validate_json(started_with)
    except ValidationError as error:
        logger.warning("execution with an unreadable input failed", why=explain(error))
        return _record_unread(started_with, failed, ports)
    event = machine_input.event
    log_context(event_id=event.id, customer_id=event.customer_id)
    ports.ledger.open(event, machine_input.source, failed.execution, ports.now())
    user_id = ports.customers.user_of(event.customer_id) if event.customer_id else None
    log_context(user_id=user_id)
    return _mark(event.id, _failure(failed, user_id), ports)


def _record_unread(started_with: str, failed: ExecutionFailed, ports: Ports) -> bool:
    """List an event that no step could read, by as much of it as names it."""
    try:
        unread = UnreadInput.model_validate_json(started_with)
    except ValidationError:
        logger.error("execution without an event failed", error=failed.error)
        return False
    key = ports.ledger.open_unread(unread.event, unread.source, failed.execution, ports.now())
    log_context(event_id=key)
    return _mark(key, _failure(failed, None), ports)


def _mark(key: str, failure: Failure, ports: Ports) -> bool:
    marked = ports.ledger.mark_failed(key, failure)
    logger.info("failure noted" if marked else "failure outdated", error=failure.error)
    return marked


def _failure(failed: ExecutionFailed, user_id: str | None) -> Failure:
    return Failure(
        execution=failed.execution,
        status=failed.status,
        error=failed.error or failed.status,
        cause=failed.message,
        redrive_count=failed.redrive_count,
        at=failed.stopped_at,
        user_id=user_id,
    )


_ports = Ports()


@observed
def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    """Lambda's entry point."""
    record_failure(StatusChange.model_validate(event).detail, _ports)
