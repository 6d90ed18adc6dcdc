"""Our own map of Stripe customer → user, read consistently and written once per customer."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from billing.store.dynamodb import condition_failed, errors_translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class CustomerStore:
    """Says whose a Stripe customer is."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def user_of(self, customer_id: str) -> str | None:
        """The user's ``_id``, None for a customer that isn't ours (yet)."""
        with errors_translated():
            answer = self._client.get_item(
                TableName=self._table,
                Key={"customer_id": {"S": customer_id}},
                ConsistentRead=True,
            )
        return answer["Item"]["user_id"]["S"] if "Item" in answer else None

    def assign(self, customer_id: str, user_id: str) -> bool:
        """Assign a customer to a user; False where it is another user's. Idempotent."""
        try:
            with errors_translated():
                self._client.put_item(
                    TableName=self._table,
                    Item={"customer_id": {"S": customer_id}, "user_id": {"S": user_id}},
                    ConditionExpression="attribute_not_exists(user_id) OR user_id = :user",
                    ExpressionAttributeValues={":user": {"S": user_id}},
                )
        except ClientError as error:
            if condition_failed(error):
                return False
            raise
        return True
