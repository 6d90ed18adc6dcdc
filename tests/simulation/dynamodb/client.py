"""DynamoDB in memory, behind the boto3 client's methods: the real stores run on it unchanged.

Deterministic and single-threaded: every call happens at once and as a whole. What it does not know
it refuses loudly (:class:`NotSimulated`), so that nothing passes here that DynamoDB would refuse.
"""

from collections.abc import Mapping
from typing import Any

Call = Any
Answer = dict[str, Any]


class MemoryDynamoDB:
    """The tables of ``template.yaml``, empty.

    Usage::

        dynamodb = MemoryDynamoDB()
        client = cast("DynamoDBClient", dynamodb)      # or wrapped by whoever injects faults
        ledger = Ledger(client, "scai_billing_events", ttl_days=400)

    Errors are botocore's own ``ClientError``, with DynamoDB's codes. Items are copied on their way
    in and out.
    """

    # -- the boto3 client's methods, as far as the stores use them

    def get_item(self, **call: Call) -> Answer:
        """Without ``ConsistentRead`` it is served like an index: see :meth:`hold_indexes`."""
        raise NotImplementedError

    def put_item(self, **call: Call) -> Answer:
        raise NotImplementedError

    def update_item(self, **call: Call) -> Answer:
        raise NotImplementedError

    def delete_item(self, **call: Call) -> Answer:
        raise NotImplementedError

    def query(self, **call: Call) -> Answer:
        raise NotImplementedError

    def scan(self, **call: Call) -> Answer:
        raise NotImplementedError

    def batch_get_item(self, **call: Call) -> Answer:
        raise NotImplementedError

    def transact_write_items(self, **call: Call) -> Answer:
        """Idempotent under a ``ClientRequestToken``, where one is given."""
        raise NotImplementedError

    # -- what a simulation looks at and does to it

    def hold_indexes(self, table: str) -> None:
        """From now on eventually consistent reads of this table see it as it is at this moment.

        These are all reads of an index, and those of the table without ``ConsistentRead``.
        """
        raise NotImplementedError

    def catch_up(self, table: str | None = None) -> None:
        """Eventually consistent reads see the present again, of one table or of all."""
        raise NotImplementedError

    def stream(self, table: str, after: int = 0) -> list[dict[str, Any]]:
        """The records of the table's stream, without the first ``after``, in order.

        In the shape of the ``Records`` of a Lambda's batch; a write that changes nothing has none.
        The next call's ``after`` is this one's plus the number of records that it gave.
        """
        raise NotImplementedError

    def items(self, table: str) -> list[dict[str, Any]]:
        """All items, in DynamoDB's format (``billing.store.dynamodb.from_item`` reads them)."""
        raise NotImplementedError

    def dump(self) -> Mapping[str, Mapping[tuple[str, ...], dict[str, Any]]]:
        """All items by table and key, for comparison with ``==``; cheap, and not to be changed."""
        raise NotImplementedError

    def snapshot(self) -> object:
        """Everything (tables, held indexes, streams, tokens), to be given to :meth:`restore`."""
        raise NotImplementedError

    def restore(self, snapshot: Any) -> None:
        """Go back to a snapshot, any number of times."""
        raise NotImplementedError
