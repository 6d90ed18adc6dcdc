"""An execution: what Step Functions, its input and the ledger tell of it, in one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Literal

from billing.domain.record import Value
from ops.descriptions import Description, Descriptions
from ops.drift import EVERYTHING
from ops.entries import Item, is_settled, items_of, users_of
from ops.errors import NotFound, OpsError
from ops.listed import UNSUCCESSFUL, Listed, Status
from ops.target import Target

Outcome = Literal["applied", "stale", "ignored", "failed"]


class Execution(Value):
    """An execution, and the event that it works on where its input names one.

    ``outcome`` is the event's, by whichever execution; ``settled`` says of a failed execution that
    nothing is owed any more: its event was done since, by another execution.
    """

    arn: str
    name: str
    machine: str
    status: Status
    started_at: datetime
    stopped_at: datetime | None = None
    redrive_count: int = 0
    event_id: str | None = None
    event_type: str | None = None
    customer_id: str | None = None
    user_id: str | None = None
    outcome: Outcome | None = None
    error: str | None = None
    cause: str | None = None
    settled: bool = False

    @property
    def open(self) -> bool:
        """Whether it failed, and something is owed."""
        return self.status in UNSUCCESSFUL and not self.settled


def find_execution(target: Target, name_or_arn: str) -> Execution:
    """Find an execution of whichever machine.

    Raises:
        NotFound: there is none.
        OpsError: machines have several of that name.
    """
    arns = {execution_arn(arn, name_or_arn): name for name, arn in target.machines.items()}
    if name_or_arn.startswith("arn:"):
        arns = {arn: name for arn, name in arns.items() if arn == name_or_arn}
    found = descriptions_of(target).found(arns)
    if not found:
        raise NotFound(f"there is no execution {name_or_arn}: `scai-ops executions` lists them")
    if len(found) > 1:
        raise OpsError(f"several are named so: {', '.join(each.arn for each in found)}")
    return executions_of(target, found)[0]


def execution_arn(machine_arn: str, name_or_arn: str) -> str:
    """The ARN of a machine's execution of this name."""
    name = name_or_arn.rsplit(":", 1)[-1]
    return f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"


def executions_of(target: Target, listed: Sequence[Listed]) -> list[Execution]:
    """Add what their inputs and the ledger tell of executions, in their order."""
    descriptions = descriptions_of(target).of_all(listed)
    items = items_of(target, descriptions)
    users = users_of(target, descriptions, items)
    return [
        _execution(each, description, items, users)
        for each, description in zip(listed, descriptions, strict=True)
    ]


@lru_cache(maxsize=8)
def descriptions_of(target: Target) -> Descriptions:
    """A stack's descriptions, kept for as long as the process looks at it."""
    return Descriptions(target.client("stepfunctions"))


def _execution(
    listed: Listed, description: Description, items: Mapping[str, Item], users: Mapping[str, str]
) -> Execution:
    subject = description.subject
    item = items.get(subject.key or "", {})
    customer_id = subject.customer_id or item.get("customer_id")
    return Execution(
        **listed.model_dump(exclude={"redriven_at"}),
        event_id=subject.event_id,
        event_type=subject.event_type,
        customer_id=customer_id,
        user_id=subject.user_id or item.get("user_id") or users.get(customer_id or ""),
        outcome=item.get("outcome"),
        error=description.error,
        cause=description.cause,
        settled=is_settled(listed, item, items.get(EVERYTHING, {})),
    )
