"""Our own map of Stripe customer → user, read consistently and written once per customer."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from billing.store.dynamodb import Item, batch_get, condition_failed, errors_translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


_OWN_OR_NEW = "attribute_not_exists(user_id) OR user_id = :user"


class CustomerStore:
    """Says whose a Stripe customer is."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def user_of(self, customer_id: str) -> str | None:
        """The user's ``_id``, None for a customer that isn't ours (yet)."""
        item = self._load(customer_id)
        return item["user_id"]["S"] if item else None

    def is_retired(self, customer_id: str) -> bool:
        """Whether another customer has taken this one's place, or is about to."""
        return "retired" in self._load(customer_id)

    def retire(self, customer_id: str, user_id: str) -> None:
        """Note that a customer has had its day, for good. Another user's is left alone."""
        self._put(customer_id, {"user_id": {"S": user_id}, "retired": {"BOOL": True}}, _OWN_OR_NEW)

    def users_of(self, customer_ids: Iterable[str]) -> dict[str, str]:
        """The users' ``_id`` by customer, of those customers that are ours."""
        found = batch_get(self._client, self._table, "customer_id", customer_ids)
        return {item["customer_id"]: item["user_id"] for item in found}

    def assign(self, customer_id: str, user_id: str) -> bool:
        """Assign a customer to a user; False where it is another user's, or retired. Idempotent."""
        current = f"({_OWN_OR_NEW}) AND attribute_not_exists(retired)"
        return self._put(customer_id, {"user_id": {"S": user_id}}, current)

    def _load(self, customer_id: str) -> Item:
        """Read consistently; empty where there is none."""
        with errors_translated():
            answer = self._client.get_item(
                TableName=self._table,
                Key={"customer_id": {"S": customer_id}},
                ConsistentRead=True,
            )
        return answer.get("Item", {})

    def _put(self, customer_id: str, attributes: Item, condition: str) -> bool:
        try:
            with errors_translated():
                self._client.put_item(
                    TableName=self._table,
                    Item={"customer_id": {"S": customer_id}, **attributes},
                    ConditionExpression=condition,
                    ExpressionAttributeValues={":user": attributes["user_id"]},
                )
        except ClientError as error:
            if condition_failed(error):
                return False
            raise
        return True
