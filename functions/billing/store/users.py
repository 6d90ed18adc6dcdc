"""The SaaS's own users table: read by its IdIndex, and written in one attribute alone.

The one write is additive and conditional: it never makes a user, never overwrites another
customer, and IAM forbids every other attribute.
"""

from typing import TYPE_CHECKING, Annotated

from botocore.exceptions import ClientError
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from billing.store.dynamodb import condition_failed, errors_translated, from_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_READ = ("_id", "email", "firstName", "lastName", "hasPaidForSelfHosted", "stripe_customer_id")


class User(BaseModel):
    """What billing reads of a user."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    id: str = Field(alias="_id")
    key: str = Field(description="The value of the table's partition key")
    email: str | None = None
    first_name: str | None = Field(default=None, alias="firstName")
    last_name: str | None = Field(default=None, alias="lastName")
    has_paid_for_self_hosted: Annotated[bool, BeforeValidator(bool)] = Field(
        default=False, alias="hasPaidForSelfHosted"
    )
    stripe_customer_id: str | None = None


class UserStore:
    """Finds users by ``_id`` and links them with their Stripe customer."""

    def __init__(self, client: "DynamoDBClient", table: str, key_name: str) -> None:
        self._client = client
        self._table = table
        self._key_name = key_name
        read = dict.fromkeys((key_name, *_READ))
        self._names = {f"#{i}": name for i, name in enumerate(read)}
        self._projection = ", ".join(self._names)

    def find(self, user_id: str) -> User | None:
        """Find by ``_id``. The index is eventually consistent: a new user may not be seen yet."""
        return next(iter(self._query("IdIndex", "_id", user_id)), None)

    def of_customer(self, customer_id: str) -> User | None:
        """Find by linked customer, in the eventually consistent index.

        None too where several users claim the customer: nobody made that attribute unique.
        """
        users = self._query("StripeCustomerIdIndex", "stripe_customer_id", customer_id)
        return users[0] if len(users) == 1 else None

    def _query(self, index: str, attribute: str, value: str) -> list[User]:
        """Read the first two of an index: enough to see that there is one."""
        with errors_translated():
            answer = self._client.query(
                TableName=self._table,
                IndexName=index,
                KeyConditionExpression="#wanted = :wanted",
                ProjectionExpression=self._projection,
                Select="SPECIFIC_ATTRIBUTES",
                ExpressionAttributeNames=self._names | {"#wanted": attribute},
                ExpressionAttributeValues={":wanted": {"S": value}},
                Limit=2,
            )
        found = map(from_item, answer["Items"])
        return [User.model_validate({**item, "key": item[self._key_name]}) for item in found]

    def id_of(self, key: str) -> str | None:
        """The ``_id`` of the user with this key, and nothing else of theirs."""
        names = {"#key": self._key_name, "#id": "_id"}
        with errors_translated():
            answer = self._client.get_item(
                TableName=self._table,
                Key={self._key_name: {"S": key}},
                ProjectionExpression=", ".join(names),
                ExpressionAttributeNames=names,
                ConsistentRead=True,
            )
        return answer.get("Item", {}).get("_id", {}).get("S")

    def link(self, user: User, customer_id: str, replaces: str | None = None) -> bool:
        """Write ``stripe_customer_id`` where it is unset, equal or ``replaces``; else False."""
        values = {":customer": {"S": customer_id}}
        absent_or_ours = "attribute_not_exists(#customer) OR #customer = :customer"
        if replaces is not None:
            values[":replaces"] = {"S": replaces}
            absent_or_ours += " OR #customer = :replaces"
        try:
            with errors_translated():
                self._client.update_item(
                    TableName=self._table,
                    Key={self._key_name: {"S": user.key}},
                    UpdateExpression="SET #customer = :customer",
                    ConditionExpression=f"attribute_exists(#key) AND ({absent_or_ours})",
                    ExpressionAttributeNames={
                        "#key": self._key_name,
                        "#customer": "stripe_customer_id",
                    },
                    ExpressionAttributeValues=values,
                    ReturnValues="NONE",
                )
        except ClientError as error:
            if condition_failed(error):
                return False
            raise
        return True
