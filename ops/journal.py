"""The operators' log: one item of the ledger for each thing that somebody changed by hand.

Guards that nothing is changed without a trace: an entry says who, why and what before it is done,
and what came of it afterwards. One without a result is of somebody who was cut off, or whose result
the ledger did not take: what was done stays done. It stands on the timeline of the user whom it
concerns, and in ``AuditIndex`` with all others.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import Field

from billing.domain.record import Stored
from billing.store.dynamodb import errors_translated, from_item, to_item, to_values
from billing.timestamps import DAY
from ops.target import Target

Action = Literal["retry", "replay", "redrive", "drop", "publish", "reconcile"]
_ALL = "ops"
_LONGEST_RESULT = 500


class JournalEntry(Stored):
    """What somebody did to what (an execution, an event, a message), and what came of it.

    ``at`` is in UTC seconds. ``batch`` is shared by what one command did.
    """

    id: str = Field(alias="event_id")
    action: Action = Field(alias="type")
    subject: str
    operator: str
    reason: str
    batch: str
    at: int = Field(alias="received_at")
    user_id: str | None = None
    result: str | None = None


class Noted:
    """An entry that is being made: what is done says what came of it."""

    def __init__(self) -> None:
        self.result = "done"  # unless who does it says more


class Journal:
    """Writes and reads the log. ``reason`` is why the operator does what follows."""

    def __init__(self, target: Target, reason: str) -> None:
        self._target = target
        self._reason = reason
        self._batch = uuid.uuid4().hex[:12]
        self._table = target.ports.settings.events_table

    @contextmanager
    def noting(self, action: Action, subject: str, user_id: str | None = None) -> Iterator[Noted]:
        """Note what is about to be done, and then what came of it; a failure too, as its text."""
        ports, noted = self._target.ports, Noted()
        now = ports.now()
        key = f"ops:{now}:{uuid.uuid4().hex[:12]}"
        item = {
            "event_id": key,
            "kind": "ops",
            "audit": _ALL,
            "type": action,
            "subject": subject,
            "operator": self._target.operator,
            "reason": self._reason,
            "batch": self._batch,
            "user_id": user_id,
            "received_at": now,
            "expires_at": now + ports.settings.ledger_ttl_days * DAY,
        }
        with errors_translated():
            ports.dynamodb.put_item(TableName=self._table, Item=to_item(item))
        try:
            yield noted
        except Exception as error:
            self._close(key, f"failed: {type(error).__name__}: {error}"[:_LONGEST_RESULT])
            raise
        self._close(key, noted.result)

    def _close(self, key: str, result: str) -> None:
        with suppress(BotoCoreError, ClientError):
            self._target.ports.dynamodb.update_item(
                TableName=self._table,
                Key={"event_id": {"S": key}},
                UpdateExpression="SET #result = :result",
                ExpressionAttributeNames={"#result": "result"},
                ExpressionAttributeValues={":result": {"S": result}},
            )


def entries(target: Target, since: int, limit: int) -> list[JournalEntry]:
    """The newest entries from ``since`` (UTC seconds) on."""
    with errors_translated():
        answer = target.ports.dynamodb.query(
            TableName=target.ports.settings.events_table,
            IndexName="AuditIndex",
            KeyConditionExpression="audit = :all AND received_at >= :since",
            ExpressionAttributeValues=to_values({":all": _ALL, ":since": since}),
            ScanIndexForward=False,
            Limit=limit,
        )
    return [JournalEntry.model_validate(from_item(item)) for item in answer["Items"]]
