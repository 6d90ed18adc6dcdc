"""DynamoDB's refusals: simple exceptions within, botocore's own ClientError to the outside."""

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError


class Invalid(Exception):
    """DynamoDB answers this request with a ValidationException."""


class NoSuchTable(Exception):
    """DynamoDB answers this request with a ResourceNotFoundException."""


def client_error(operation: str, code: str, message: str, **more: Any) -> ClientError:
    """What boto3 raises for an error response; ``more`` are the response's further members."""
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": 400, "RetryAttempts": 0},
        **more,
    }
    return ClientError(response, operation)


def condition_failed(operation: str, item: dict[str, Any] | None) -> ClientError:
    """The condition did not hold; ``item`` is what it was held against, if that was asked for."""
    more = {} if item is None else {"Item": item}
    message = "The conditional request failed"
    return client_error(operation, "ConditionalCheckFailedException", message, **more)


def cancelled(reasons: Sequence[dict[str, Any]]) -> ClientError:
    """The transaction did nothing; the reasons stand in the order of its operations."""
    codes = ", ".join(reason["Code"] for reason in reasons)
    message = (
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    )
    return client_error(
        "TransactWriteItems",
        "TransactionCanceledException",
        message,
        CancellationReasons=list(reasons),
    )
