"""The DynamoDB client, its item format and its errors, in the terms that the rest speaks.

Unset attributes are left out, so that sparse indexes stay sparse; numbers are integers, always.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import boto3
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

from billing.aws import SHORT_CALLS, error_code
from billing.domain.errors import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize

#: Error codes that mean "not now": AWS, "Error handling with DynamoDB".
_TRANSIENT = {
    "InternalServerError",
    "ItemCollectionSizeLimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingError",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
}


#: BatchGetItem's limit. Of an answer over 16 MB the rest comes as unprocessed.
_BATCH = 100


@cache
def client() -> "DynamoDBClient":
    """One client per process, with connections kept and short timeouts."""
    return boto3.client("dynamodb", config=SHORT_CALLS)


def to_item(attributes: Mapping[str, Any]) -> Item:
    """Write attributes in DynamoDB's format, unset ones left out at every depth."""
    # An empty collection is as good as none.
    kept = {
        name: value for name, value in attributes.items() if value or isinstance(value, str | int)
    }
    return cast("Item", _serialize(_plain(kept))["M"])


def to_values(values: Mapping[str, Any]) -> Item:
    """Write an expression's values; unset ones become NULL, because the expression names them."""
    return {name: _serialize(_plain(value)) for name, value in values.items()}


def from_item(item: Mapping[str, Any]) -> Item:
    """Read an item back; numbers come as int."""
    return cast("Item", _integers(_deserialize({"M": item})))


def batch_get(client: "DynamoDBClient", table: str, key: str, values: Iterable[str]) -> list[Item]:
    """Read many items consistently, by their keys; those that there are, in no order.

    Raises:
        StoreUnavailable: DynamoDB throttled, or didn't answer.
    """
    found: list[Item] = []
    waiting: list[Any] = [{key: {"S": value}} for value in dict.fromkeys(values)]
    while waiting:
        asked, waiting = waiting[:_BATCH], waiting[_BATCH:]
        with errors_translated():
            answer = client.batch_get_item(
                RequestItems={table: {"Keys": asked, "ConsistentRead": True}}
            )
        items = answer["Responses"].get(table, [])
        unread = answer.get("UnprocessedKeys", {}).get(table)
        if unread and not items:
            raise StoreUnavailable("DynamoDB read nothing of a batch")
        found += [from_item(item) for item in items]
        waiting += unread["Keys"] if unread else []
    return found


@contextmanager
def errors_translated() -> Iterator[None]:
    """Turn throttling, timeouts and lost connections into StoreUnavailable."""
    try:
        yield
    except (NoConnection, HTTPClientError) as error:
        raise StoreUnavailable(f"DynamoDB did not answer: {type(error).__name__}") from error
    except ClientError as error:
        if error_code(error) in _TRANSIENT:
            raise StoreUnavailable(f"DynamoDB: {error_code(error)}") from error
        raise


def condition_failed(error: ClientError) -> bool:
    """Whether a write was refused by its condition, and so did nothing."""
    return error_code(error) == "ConditionalCheckFailedException"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def _integers(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, dict):
        return {name: _integers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_integers(inner) for inner in value]
    return value
