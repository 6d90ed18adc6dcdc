"""Reconciliation's runs: one item of the ledger per scope, with its claim, progress and report.

Guards that two runs of one scope never go side by side: whoever writes names the revision that it
has seen, so of two who claim or go on at once one is refused and has to look again.
"""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from pydantic import Field

from billing.contracts.reconcile import Run
from billing.domain.record import Stored
from billing.store.dynamodb import condition_failed, errors_translated, from_item, to_item
from billing.timestamps import DAY

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class RunEntry(Stored):
    """The newest run of a scope.

    ``lease_execution`` works on it, None once it is done. ``covered_until`` is when the last one
    began that looked at everything and was done. ``examples`` has the first finds of each kind.
    ``attention`` is set where it found what it could not heal. ``setbacks`` are the tries at the
    page where it stands that Stripe or the store has failed so far.
    """

    run: Run
    lease_execution: str | None = None
    revision: int = 0
    examples: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    covered_until: int | None = None
    completed_at: int | None = None
    attention: str | None = None
    setbacks: int = 0


class RunStore:
    """Reads and replaces runs."""

    def __init__(self, client: "DynamoDBClient", table: str, ttl_days: int) -> None:
        self._client = client
        self._table = table
        self._ttl = ttl_days * DAY

    def find(self, key: str) -> RunEntry | None:
        """Read the newest run of a scope, consistently."""
        with errors_translated():
            answer = self._client.get_item(
                TableName=self._table, Key={"event_id": {"S": key}}, ConsistentRead=True
            )
        item = from_item(answer.get("Item", {}))
        return RunEntry.model_validate(item) if item else None

    def save(self, entry: RunEntry) -> bool:
        """Write an entry as the revision after its own; False where another was first."""
        item = {
            **entry.model_dump(),
            "event_id": entry.run.key,
            "kind": "reconcile",
            "user_id": entry.run.user_id,
            "received_at": entry.run.started_at,
            "expires_at": entry.run.started_at + self._ttl,
            "revision": entry.revision + 1,
        }
        try:
            with errors_translated():
                self._client.put_item(
                    TableName=self._table,
                    Item=to_item(item),
                    ConditionExpression="attribute_not_exists(event_id) OR revision = :seen",
                    ExpressionAttributeValues={":seen": {"N": str(entry.revision)}},
                )
        except ClientError as error:
            if condition_failed(error):
                return False
            raise
        return True
