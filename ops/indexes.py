"""Reads of the sparse indexes, a page at a time as it is asked for. Nothing here scans a table."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from billing.domain.record import Value
from billing.store.dynamodb import Item, errors_translated, from_item, to_values
from ops.target import Target

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: Seconds that something may still be on its way, and nobody needs to look at it.
ON_ITS_WAY = 120
#: More than that of one kind isn't counted: it doesn't change what to do.
MOST_COUNTED = 500
_FOR_EVER = 2**53


class Count(Value):
    """How many there are; ``more``: at least so many. ``oldest`` is in UTC seconds."""

    count: int
    more: bool
    oldest: int | None

    def __str__(self) -> str:
        return f"{self.count} or more" if self.more else str(self.count)


def items_of(client: "DynamoDBClient", **query: Any) -> Iterator[Item]:
    """Go through a query's items, page after page."""
    while True:
        with errors_translated():
            answer = client.query(**query)
        yield from map(from_item, answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return
        query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def in_attention(
    target: Target, attention: str, since: int = 0, until: int = _FOR_EVER
) -> Iterator[Item]:
    """The ledger's entries that are in attention, of that time (UTC seconds), the oldest first."""
    return items_of(
        target.ports.dynamodb,
        TableName=target.ports.settings.events_table,
        IndexName="AttentionIndex",
        KeyConditionExpression="attention = :attention AND received_at BETWEEN :since AND :until",
        ExpressionAttributeValues=to_values(
            {":attention": attention, ":since": since, ":until": until}
        ),
    )


def count_in_attention(
    target: Target, attention: str, since: int = 0, until: int = _FOR_EVER
) -> Count:
    """Count the ledger's entries that are in attention, up to a limit."""
    found = list(islice(in_attention(target, attention, since, until), MOST_COUNTED + 1))
    return Count(
        count=min(len(found), MOST_COUNTED),
        more=len(found) > MOST_COUNTED,
        oldest=found[0]["received_at"] if found else None,
    )
