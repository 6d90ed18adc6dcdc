"""The ledger's mails: one item per mail to a customer, claimed before it is sent.

Guards that a mail is sent at most once, whoever is told of its fact and however often, and that
there is one mail about one topic. What was claimed and never noted as sent stays listed by its
``attention``: whether it left is unknown.
"""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from billing.domain.record import Value
from billing.mailer import Delivery
from billing.store.dynamodb import condition_failed, errors_translated, to_item, to_values
from billing.timestamps import DAY

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


#: Nothing is left for anybody to look at.
_SETTLED = frozenset({"sent", "no_address"})


class Claim(Value):
    """Who sends which mail about what, because of which fact; ``holder`` is unique to one try."""

    topic: str
    fact_id: str
    mail: str
    user_id: str
    customer_id: str | None
    holder: str
    at: int


class MailLog:
    """Claims mails and notes what came of them."""

    def __init__(self, client: "DynamoDBClient", table: str, ttl_days: int) -> None:
        self._client = client
        self._table = table
        self._ttl = ttl_days * DAY

    def claim(self, claim: Claim) -> bool:
        """Claim a mail; False where it was claimed before, unless SES has deferred it since."""
        # The holder's own claim is there already if its answer was lost and the SDK asked again.
        return self._put(
            {**self._item(claim), "attention": "mail_unsent"},
            "attribute_not_exists(event_id) OR outcome = :deferred OR holder = :holder",
            {":deferred": "deferred", ":holder": claim.holder},
        )

    def note(self, claim: Claim, delivery: Delivery, now: int) -> None:
        """Note what came of a claimed mail; one that could have been sent and isn't is listed."""
        noted = {
            **self._item(claim),
            **delivery.model_dump(),
            "noted_at": now,
            "attention": None if delivery.outcome in _SETTLED else "mail_failed",
        }
        self._put(noted, "holder = :holder", {":holder": claim.holder})

    def _item(self, claim: Claim) -> dict[str, Any]:
        return {
            "event_id": f"mail:{claim.topic}",
            "kind": "mail",
            "type": claim.mail,
            "user_id": claim.user_id,
            "customer_id": claim.customer_id,
            "cause": claim.fact_id,
            "received_at": claim.at,
            "holder": claim.holder,
            "expires_at": claim.at + self._ttl,
        }

    def _put(self, item: dict[str, Any], condition: str, values: dict[str, str]) -> bool:
        """Put an item; False where the condition doesn't hold."""
        try:
            with errors_translated():
                self._client.put_item(
                    TableName=self._table,
                    Item=to_item(item),
                    ConditionExpression=condition,
                    ExpressionAttributeValues=to_values(values),
                )
        except ClientError as error:
            if condition_failed(error):
                return False
            raise
        return True
