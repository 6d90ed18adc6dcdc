"""The records: ``user_scai_subscriptions``, one flat item per user, compare-and-swap by version."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from billing.domain.record import Record, Stamp, Subscription
from billing.store.dynamodb import Item, condition_failed, errors_translated, from_item, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class RecordStore:
    """Loads and saves records. Every save names the version that it was decided on."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def load(self, user_id: str) -> Record:
        """Read consistently; a user without a record has version 0."""
        with errors_translated():
            answer = self._client.get_item(
                TableName=self._table, Key={"_id": {"S": user_id}}, ConsistentRead=True
            )
        item = answer.get("Item")
        return _record(from_item(item)) if item else Record(user_id=user_id)

    def save(self, record: Record, replacing: int) -> bool:
        """Save alone, without an event; False where another writer was first."""
        try:
            with errors_translated():
                self._client.update_item(**self.update(record, replacing))
        except ClientError as error:
            if condition_failed(error):
                return False
            raise
        return True

    def update(self, record: Record, replacing: int) -> dict[str, Any]:
        """The conditional Update, alone or as part of a transaction.

        It sets and removes this version's attributes and no others: what a later version has added
        survives a write by this one, during a deploy or after a rollback.
        """
        item = _flat(record)
        names = {f"#{name}": name for name in _ATTRIBUTES}
        set_ = ", ".join(f"#{name} = :{name}" for name in _ATTRIBUTES if name in item)
        unset = ", ".join(f"#{name}" for name in _ATTRIBUTES if name not in item)
        values = {f":{name}": value for name, value in item.items()}
        return {
            "TableName": self._table,
            "Key": {"_id": {"S": record.user_id}},
            "UpdateExpression": f"SET {set_} REMOVE {unset}",
            "ConditionExpression": (
                "#version = :replacing" if replacing else "attribute_not_exists(#version)"
            ),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values
            | ({":replacing": {"N": str(replacing)}} if replacing else {}),
        }


_OWN = [name for name in Record.model_fields if name not in ("user_id", "subscription", "stamp")]
#: Every attribute that this version writes; ``attention`` makes the sparse index.
_ATTRIBUTES = [*_OWN, *Subscription.model_fields, "stamp_lo", "stamp_hi", "attention"]


def _flat(record: Record) -> Item:
    """Lay the record out flat: the subscription's fields and the stamp are top-level attributes."""
    attributes = record.model_dump(include=set(_OWN))
    if record.subscription is not None:
        attributes |= record.subscription.model_dump()
    if record.stamp is not None:
        attributes |= {"stamp_lo": record.stamp.lo, "stamp_hi": record.stamp.hi}
    if record.other_live:
        attributes |= {"attention": "duplicate_subscription"}
    return to_item(attributes)


def _record(attributes: dict[str, Any]) -> Record:
    """Read the flat layout; attributes that this version doesn't know are left alone."""
    own = {name: attributes[name] for name in _OWN if name in attributes}
    if "subscription_id" in attributes:
        fields = Subscription.model_fields
        own["subscription"] = {name: attributes[name] for name in fields if name in attributes}
    if "stamp_lo" in attributes:
        own["stamp"] = Stamp(lo=attributes["stamp_lo"], hi=attributes["stamp_hi"])
    return Record.model_validate({**own, "user_id": attributes["_id"]})
