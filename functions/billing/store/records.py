"""The records: ``user_scai_subscriptions``, one flat item per user, compare-and-swap by version."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from billing.contracts.reconcile import Position
from billing.domain.attention import attention_of
from billing.domain.record import Dunning, Record, Stamp, Subscription, Value
from billing.store.dynamodb import (
    Item,
    batch_get,
    condition_failed,
    errors_translated,
    from_item,
    to_item,
    to_values,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Held(Value):
    """A subscription that some record holds, as the index knows it."""

    subscription_id: str
    position: Position


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

    def load_all(self, user_ids: Iterable[str]) -> list[Record]:
        """Read many consistently; users without a record are left out."""
        return [_record(item) for item in batch_get(self._client, self._table, "_id", user_ids)]

    def subscriptions_after(
        self, created: int, start: Position | None, limit: int
    ) -> tuple[list[Held], Position | None]:
        """Walk through what records hold, newest first, down to what was made after ``created``.

        At most ``limit`` at once, from behind ``start``. The position that comes with the answer
        says where it ended; None where there is no more.
        """
        items, end = self._walk(
            ("CreatedIndex", "has_subscription", "subscription_created"),
            start,
            KeyConditionExpression="has_subscription = :yes AND subscription_created > :created",
            ExpressionAttributeValues=to_values({":yes": "yes", ":created": created}),
            ScanIndexForward=False,
            Limit=limit,
        )
        held = [
            Held(
                subscription_id=item["subscription_id"],
                position=Position(user_id=item["_id"], at=item["subscription_created"]),
            )
            for item in items
        ]
        return held, end

    def grace_over(
        self, before: int, start: Position | None, limit: int
    ) -> tuple[list[str], Position | None]:
        """Walk through the users in dunning whose grace ended before a time; else as above."""
        items, end = self._walk(
            ("DunningIndex", "dunning", "dunning_since"),
            start,
            KeyConditionExpression="dunning = :unpaid",
            FilterExpression="dunning_until < :before",
            ExpressionAttributeValues=to_values({":unpaid": "unpaid", ":before": before}),
            Limit=limit,
        )
        return [item["_id"] for item in items], end

    def _walk(
        self, index: tuple[str, str, str], start: Position | None, **query: Any
    ) -> tuple[list[Item], Position | None]:
        """Read a part of an index: by its name, its partition's attribute and its sort key."""
        name, partition, sort = index
        if start is not None:
            value = next(iter(query["ExpressionAttributeValues"].values()))
            key = to_item({"_id": start.user_id, sort: start.at})
            query["ExclusiveStartKey"] = {partition: value, **key}
        with errors_translated():
            answer = self._client.query(TableName=self._table, IndexName=name, **query)
        end = from_item(answer.get("LastEvaluatedKey", {}))
        position = Position(user_id=end["_id"], at=end[sort]) if end else None
        return [from_item(item) for item in answer["Items"]], position

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
            "ExpressionAttributeNames": _NAMES,
            "ExpressionAttributeValues": values
            | ({":replacing": {"N": str(replacing)}} if replacing else {}),
        }


#: Laid out as several attributes, or as the key.
_APART = {"user_id", "subscription", "stamp", "dunning"}
_OWN = [name for name in Record.model_fields if name not in _APART]
_DUNNING = {name: f"dunning_{name}" for name in Dunning.model_fields}
#: Every attribute that this version writes. The last three are there for the sparse indexes alone.
_ATTRIBUTES = [
    *_OWN,
    *Subscription.model_fields,
    *_DUNNING.values(),
    *("stamp_lo", "stamp_hi", "attention", "dunning", "has_subscription"),
]
_NAMES = {f"#{name}": name for name in _ATTRIBUTES}


def _flat(record: Record) -> Item:
    """Lay the record out flat: subscription, stamp and dunning are top-level attributes."""
    attributes = record.model_dump(include=set(_OWN))
    if record.subscription is not None:
        attributes |= record.subscription.model_dump() | {"has_subscription": "yes"}
    if record.stamp is not None:
        attributes |= {"stamp_lo": record.stamp.lo, "stamp_hi": record.stamp.hi}
    if record.dunning is not None:
        attributes |= {_DUNNING[name]: value for name, value in record.dunning}
        attributes |= {"dunning": "unpaid"}
    return to_item(attributes | {"attention": attention_of(record)})


def _record(attributes: dict[str, Any]) -> Record:
    """Read the flat layout; attributes that this version doesn't know are left alone."""
    own = {name: attributes[name] for name in _OWN if name in attributes}
    if "subscription_id" in attributes:
        fields = Subscription.model_fields
        own["subscription"] = {name: attributes[name] for name in fields if name in attributes}
    if "stamp_lo" in attributes:
        own["stamp"] = Stamp(lo=attributes["stamp_lo"], hi=attributes["stamp_hi"])
    if "dunning" in attributes:
        own["dunning"] = {
            name: attributes[stored] for name, stored in _DUNNING.items() if stored in attributes
        }
    return Record.model_validate({**own, "user_id": attributes["_id"]})
