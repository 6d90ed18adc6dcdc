"""The executions of one user, found by that user's entries in the ledger.

Guards that whose executions are wanted costs what that user has, not what there is: an entry knows
who held its event, and the names of all that its deliveries have started.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from billing.domain.record import Stored, Value
from billing.store.dynamodb import errors_translated, from_item, to_item
from ops.target import Target


class EntryKey(Stored):
    """An entry's key in the index."""

    event_id: str
    user_id: str
    received_at: int


class UserPosition(Value):
    """Where the timeline goes on: after this entry (at its beginning without one).

    ``told`` are the executions of the next entry that were given already: another of them may hold
    its event by then, and be the first.
    """

    after: EntryKey | None = None
    told: tuple[str, ...] = ()


def executions_of_user(
    target: Target, user_id: str, position: UserPosition | None, most: int
) -> tuple[dict[str, str], UserPosition | None]:
    """The machines by execution ARN of the next entries, the newest first, and where to go on.

    They are so many at most; where entries have none that is known, they may be fewer.
    """
    machines = {arn.rsplit(":", 1)[-1]: name for name, arn in target.machines.items()}
    position = position or UserPosition()
    found: dict[str, str] = {}
    entries, more = _entries(target, user_id, position.after, most)
    for entry in entries:
        arns = [arn for arn in _executions(entry) if arn.split(":")[-2] in machines]
        untold = [arn for arn in arns if arn not in position.told]
        given = untold[: most - len(found)]
        found |= {arn: machines[arn.split(":")[-2]] for arn in given}
        if len(given) < len(untold):
            return found, position.model_copy(update={"told": (*position.told, *given)})
        position = UserPosition(after=EntryKey.model_validate(entry))
    return found, position if more else None


def _entries(
    target: Target, user_id: str, after: EntryKey | None, most: int
) -> tuple[list[Mapping[str, Any]], bool]:
    """So many entries, and whether there are more."""
    begin: dict[str, Any] = {"ExclusiveStartKey": to_item(after.model_dump())} if after else {}
    with errors_translated():
        answer = target.ports.dynamodb.query(
            TableName=target.ports.settings.events_table,
            IndexName="TimelineIndex",
            KeyConditionExpression="user_id = :user",
            ExpressionAttributeValues={":user": {"S": user_id}},
            ScanIndexForward=False,
            Limit=most,
            **begin,
        )
    return [from_item(item) for item in answer["Items"]], "LastEvaluatedKey" in answer


def _executions(item: Mapping[str, Any]) -> Iterator[str]:
    """An entry's executions; a rule starts one machine, so all are of the holder's."""
    holder = item.get("lease_execution")
    if holder is None:
        return
    machine = holder.rsplit(":", 1)[0]
    yield from dict.fromkeys(
        [
            holder,
            item.get("failed_execution", holder),
            *(f"{machine}:{name}" for name in sorted(item.get("executions", ()))),
        ]
    )
