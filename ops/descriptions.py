"""What an execution was started with, and why it failed, read once from each.

Guards that an execution whose input nobody can read is listed all the same, and that nothing of
its input is kept but what names the event and whose it is.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from pydantic import ValidationError

from billing.aws import error_code
from billing.contracts.reconcile import ReconcileInput
from billing.contracts.status_changes import ExecutionFailed
from billing.contracts.steps import MachineInput, UnreadInput
from billing.domain.record import Value
from ops.listed import UNSUCCESSFUL, Listed

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_KEPT = 20_000
_AT_ONCE = 8
#: What Step Functions says of an execution that isn't there (any more), or never can have been.
_UNKNOWN = {"ExecutionDoesNotExist", "InvalidArn", "ValidationException"}


class Subject(Value):
    """What an execution is about; ``key`` is its item of the ledger."""

    key: str | None = None
    event_id: str | None = None
    event_type: str | None = None
    customer_id: str | None = None
    user_id: str | None = None


class Description(Value):
    """``error`` and ``cause`` (a line) say why it failed, where it did."""

    subject: Subject
    error: str | None = None
    cause: str | None = None


class Descriptions:
    """Reads descriptions, and keeps them: of an execution as it was listed nothing changes."""

    def __init__(self, client: "SFNClient") -> None:
        self._client = client
        self._description = lru_cache(_KEPT)(self._read)

    def of_all(self, listed: Iterable[Listed]) -> list[Description]:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(self._description, listed))

    def found(self, arns: Mapping[str, str]) -> list[Listed]:
        """Those that there are of some executions, given as their machines' names by ARN."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            answers = pool.map(self.describe, arns)
            return [
                Listed.of(answer, machine)
                for answer, machine in zip(answers, arns.values(), strict=True)
                if answer is not None
            ]

    def describe(self, arn: str) -> Any:
        """DescribeExecution's answer; None where there is no such execution."""
        try:
            return self._client.describe_execution(executionArn=arn)
        except ClientError as error:
            if error_code(error) in _UNKNOWN:
                return None
            raise

    def _read(self, listed: Listed) -> Description:
        answer = self.describe(listed.arn)
        if answer is None:  # forgotten meanwhile
            return Description(subject=Subject())
        subject = subject_of(answer.get("input", ""), listed.name)
        if listed.status not in UNSUCCESSFUL:
            return Description(subject=subject)
        failed = ExecutionFailed(
            execution=listed.arn, status=listed.status, cause=answer.get("cause"), stopped_at=0
        )
        error = answer.get("error") or listed.status
        return Description(subject=subject, error=error, cause=failed.message)


def subject_of(input_: str, name: str) -> Subject:
    """Read an execution's input, as far as anybody can; ``name`` is the execution's."""
    for read in (_event, _reconciliation, _unread):
        try:
            return read(input_, name)
        except ValidationError:
            continue
    return Subject()


def _event(input_: str, _name: str) -> Subject:
    event = MachineInput.model_validate_json(input_).event
    return Subject(
        key=event.id, event_id=event.id, event_type=event.type, customer_id=event.customer_id
    )


def _reconciliation(input_: str, _name: str) -> Subject:
    asked = ReconcileInput.model_validate_json(input_)
    run = asked.run
    customer_id = run.customer_id if run else asked.customer_id
    return Subject(
        key=None if asked.scope == "user" and run is None else f"reconcile:{customer_id or 'all'}",
        customer_id=customer_id,
        user_id=run.user_id if run else asked.user_id,
    )


def _unread(input_: str, name: str) -> Subject:
    event = UnreadInput.model_validate_json(input_).event
    return Subject(key=event.id or f"execution:{name}", event_id=event.id, event_type=event.type)
