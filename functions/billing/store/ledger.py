"""The ledger: ``scai_billing_events``, one item per Stripe event and one per fact to send.

An event's item says who works on it (the lease), how often it was delivered and how it ended.
``done_at`` is set only by an end that no delivery needs to repeat; a failed or an unattributed
event has none, so it may be claimed again.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

from botocore.exceptions import ClientError

from billing.contracts.stripe_events import StripeEvent, UnreadEvent
from billing.domain.errors import LeaseLost
from billing.domain.events import TOLD_BY_EVENTS_ALONE
from billing.domain.facts import Fact
from billing.domain.lease import LEASE_SECONDS, Lease
from billing.domain.record import Stored, Value
from billing.store.dynamodb import (
    Item,
    batch_get,
    condition_failed,
    errors_translated,
    from_item,
    to_item,
    to_values,
)
from billing.timestamps import DAY

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: There is no entry yet.
_NEW = "attribute_not_exists(event_id)"
#: The entry is open, and leased to the execution that writes.
_HELD = "lease_execution = :execution AND attribute_not_exists(done_at)"


class Entry(Value):
    """How an event ended, for the execution that holds it.

    ``version`` is the record's once it was applied: of the events of one second it says which came
    to bear first.
    """

    event_id: str
    execution: str
    user_id: str
    outcome: Literal["applied", "stale"]
    reason: str | None = None
    changes: dict[str, Any] | None = None
    version: int | None = None
    facts: tuple[str, ...] = ()
    at: int


class Failure(Value):
    """What Step Functions says of an execution that failed; ``at`` in epoch milliseconds.

    ``user_id``, where it is known, puts the failure on that user's timeline.
    """

    execution: str
    status: str
    error: str
    cause: str
    redrive_count: int
    at: int
    user_id: str | None = None


class Standing(Stored):
    """How it stands with an event; ``outcome`` is None while it is worked on."""

    event_id: str
    outcome: Literal["applied", "stale", "ignored", "failed"] | None = None
    received_at: int
    waits_for_customer: str | None = None


class Ledger:
    """Opens, leases and closes entries. Every write is conditional on what it assumes."""

    def __init__(self, client: "DynamoDBClient", table: str, ttl_days: int) -> None:
        self._client = client
        self._table = table
        self._ttl = ttl_days * DAY

    def open(self, event: StripeEvent, source: str, execution: str, now: int) -> Lease | None:
        """Open and lease a new event; return the standing lease where there is an entry already.

        An entry of what nobody could read makes way for one of the event.
        """
        told = {
            "type": event.type,
            "source": source,
            "object_id": event.object_id,
            "customer_id": event.customer_id,
            "created": event.created,
        }
        return self._open(event.id, told, execution, now, f"{_NEW} OR attribute_exists(unread)")

    def open_unread(self, event: UnreadEvent, source: str | None, execution: str, now: int) -> str:
        """Open an entry, where there is none, of an event that can't be read; give its key."""
        key = event.id or f"execution:{_name(execution)}"
        told = {"type": event.type, "source": source, "unread": True}
        self._open(key, told, execution, now, _NEW)
        return key

    def _open(
        self, key: str, told: Mapping[str, Any], execution: str, now: int, condition: str
    ) -> Lease | None:
        entry = {
            **told,
            "event_id": key,
            "kind": "event",
            "received_at": now,
            "expires_at": now + self._ttl,
            "lease_execution": execution,
            "lease_until": now + LEASE_SECONDS,
            "deliveries": 1,
            "executions": {_name(execution)},
        }
        try:
            with errors_translated():
                self._client.put_item(
                    TableName=self._table,
                    Item=to_item(entry),
                    ConditionExpression=condition,
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ClientError as error:
            if condition_failed(error):
                return _lease(from_item(cast("Item", error.response)["Item"]), execution)
            raise
        return None

    def take(self, event_id: str, execution: str, lease: Lease, now: int) -> None:
        """Take over a lease that stands as it was seen, or renew one's own.

        What this very execution has set aside stays so: a process that nobody hears any more may
        still be about to claim.

        Raises:
            LeaseLost: somebody else moved in between; claim again.
        """
        taken = self._update(
            event_id,
            "SET lease_execution = :execution, lease_until = :until"
            " REMOVE outcome, reason, attention, waits_for_customer",
            condition="lease_execution = :holder AND attribute_not_exists(done_at)"
            " AND (attribute_not_exists(outcome) OR outcome <> :ignored"
            " OR lease_execution <> :execution)",
            values={
                ":ignored": "ignored",
                ":execution": execution,
                ":until": now + LEASE_SECONDS,
                ":holder": lease.holder,
            },
        )
        if not taken:
            raise LeaseLost(f"{event_id} was claimed by another execution")

    def count(self, event_id: str, execution: str) -> None:
        """Count a further delivery, once for each execution that it started."""
        name = _name(execution)
        self._update(
            event_id,
            "ADD deliveries :one, executions :names",
            condition="attribute_exists(event_id) AND NOT contains(executions, :name)",
            values={":one": 1, ":name": name, ":names": {name}},
        )

    def set_aside(
        self, event_id: str, execution: str, reason: str, customer_id: str | None
    ) -> None:
        """Mark an event ignored without suppressing it: ops sees it, a later delivery may claim it.

        Raises:
            LeaseLost: another execution holds the event.
        """
        waits = ", waits_for_customer = :customer" if customer_id else ""
        held = self._update(
            event_id,
            f"SET outcome = :ignored, reason = :reason, attention = :reason{waits}",
            condition=_HELD,
            values={
                ":ignored": "ignored",
                ":reason": reason,
                ":execution": execution,
                **({":customer": customer_id} if customer_id else {}),
            },
        )
        if not held:
            raise LeaseLost(f"{event_id} is held by another execution")

    def take_up(self, customer_id: str, user_id: str, now: int) -> None:
        """Close what was set aside while nobody knew the customer and its sync has covered.

        What events alone can tell stays open, marked ``unreplayed``, and so does an entry that the
        index, eventually consistent, doesn't show yet: reconciliation sends both through the front
        door again.
        """
        untold = {f":type{n}": type_ for n, type_ in enumerate(sorted(TOLD_BY_EVENTS_ALONE))}
        for event_id in self._waiting_for(customer_id):
            taken_up = self._update(
                event_id,
                "SET user_id = :user, outcome = :applied, reason = :reason, facts = :none,"
                " done_at = :now REMOVE attention, waits_for_customer",
                condition="outcome = :ignored AND attribute_not_exists(done_at)"
                f" AND NOT (#type IN ({', '.join(untold)}))",
                names={"#type": "type"},
                values={
                    **untold,
                    ":user": user_id,
                    ":applied": "applied",
                    ":ignored": "ignored",
                    ":reason": "synced once the customer was linked",
                    ":none": [],
                    ":now": now,
                },
            )
            if not taken_up:
                self._update(
                    event_id,
                    "SET attention = :unreplayed",
                    condition="outcome = :ignored AND attribute_not_exists(done_at)",
                    values={":unreplayed": "unreplayed", ":ignored": "ignored"},
                )

    def oldest_unreplayed(self, since: int) -> int | None:
        """When Stripe made the oldest event that waits to be replayed, of those made ``since``."""
        with errors_translated():
            answer = self._client.query(
                TableName=self._table,
                IndexName="AttentionIndex",
                KeyConditionExpression="attention = :unreplayed AND received_at >= :since",
                ExpressionAttributeValues=to_values({":unreplayed": "unreplayed", ":since": since}),
            )
        made = [from_item(item)["created"] for item in answer["Items"]]
        return min((created for created in made if created >= since), default=None)

    def _waiting_for(self, customer_id: str) -> list[str]:
        """A page of what waits for a customer: more than enough for what came before its user."""
        with errors_translated():
            answer = self._client.query(
                TableName=self._table,
                IndexName="UnattributedIndex",
                KeyConditionExpression="waits_for_customer = :customer",
                ExpressionAttributeValues={":customer": {"S": customer_id}},
            )
        return [item["event_id"]["S"] for item in answer["Items"]]

    def lease_of(self, event_id: str, execution: str) -> Lease | None:
        """The standing lease, as this execution sees it; None where the event is unknown."""
        attributes = self._load(event_id)
        return _lease(attributes, execution) if attributes else None

    def outcome_of(self, event_id: str) -> Entry | None:
        """How the event ended, None while it isn't done."""
        attributes = self._load(event_id)
        if "done_at" not in attributes:
            return None
        return Entry(
            event_id=event_id,
            execution=attributes["lease_execution"],
            user_id=attributes["user_id"],
            outcome=attributes["outcome"],
            facts=tuple(attributes["facts"]),
            at=attributes["done_at"],
        )

    def standing_of(self, event_ids: Iterable[str]) -> dict[str, Standing]:
        """How it stands with many events, by id; one that never came isn't among them."""
        found = batch_get(self._client, self._table, "event_id", event_ids)
        return {item["event_id"]: Standing.model_validate(item) for item in found}

    def close(self, entry: Entry) -> None:
        """Close an event that changes nothing else.

        Raises:
            LeaseLost: another execution holds the event, or has closed it.
        """
        try:
            with errors_translated():
                self._client.update_item(**self.closing(entry))
        except ClientError as error:
            if condition_failed(error):
                raise LeaseLost(f"{entry.event_id} is held or done by another") from error
            raise

    def closing(self, entry: Entry) -> dict[str, Any]:
        """The conditional Update that closes an event, alone or as part of a transaction."""
        return self._expression(
            entry.event_id,
            "SET user_id = :user, outcome = :outcome, reason = :reason, changes = :changes,"
            " #version = :version, facts = :facts, done_at = :at"
            " REMOVE attention, waits_for_customer, #error, cause",
            condition=_HELD,
            values={
                ":user": entry.user_id,
                ":outcome": entry.outcome,
                ":reason": entry.reason,
                ":changes": entry.changes,
                ":version": entry.version,
                ":facts": entry.facts,
                ":at": entry.at,
                ":execution": entry.execution,
            },
            names={"#error": "error", "#version": "version"},
        )

    def adding(self, fact: Fact) -> dict[str, Any]:
        """The conditional Put of a fact to send: its key can be used only once."""
        return {
            "TableName": self._table,
            "Item": to_item(
                {
                    "event_id": fact_id(fact.key),
                    "kind": "fact",
                    "type": fact.type,
                    "user_id": fact.user_id,
                    "received_at": fact.occurred_at,
                    "cause": fact.cause,
                    "fact": fact.model_dump(),
                    "attention": "unpublished",
                    "expires_at": fact.occurred_at + self._ttl,
                }
            ),
            "ConditionExpression": "attribute_not_exists(event_id)",
        }

    def mark_published(self, key: str, now: int) -> None:
        """Note that a fact is on the bus. Idempotent."""
        self._update(
            fact_id(key),
            "SET published_at = :now REMOVE attention",
            condition="attribute_exists(event_id)",
            values={":now": now},
        )

    def mark_failed(self, event_id: str, failure: Failure) -> bool:
        """Note a failed execution; False where the event has moved on since.

        The hint may come late or twice: only the newest run of the execution that holds the event
        counts, never one from before the event was done, and none of an event set aside. One of the
        very second in which it was done counts: what follows may fail at once.
        """
        user = {":user": failure.user_id} if failure.user_id else {}
        return self._note_failure(
            event_id,
            failure,
            "outcome = :outcome" + (", user_id = :user" if user else ""),
            f"{_HELD} AND (attribute_not_exists(outcome) OR outcome <> :ignored)",
            {":outcome": "failed", ":ignored": "ignored", **user},
        ) or self._note_failure(
            event_id,
            failure,
            "failed_after = :seconds",
            "lease_execution = :execution AND done_at <= :seconds"
            " AND (attribute_not_exists(settled_at) OR settled_at < :seconds)",
            {":seconds": failure.at // 1000},
        )

    def settle(self, event_id: str, now: int) -> None:
        """Note that an execution which failed after its event was done has gone on. Idempotent."""
        self._update(
            event_id,
            "SET settled_at = :now REMOVE attention, #error, cause",
            condition="attribute_exists(failed_after)",
            values={":now": now},
            names={"#error": "error"},
        )

    def _note_failure(
        self, event_id: str, failure: Failure, sets: str, condition: str, values: dict[str, Any]
    ) -> bool:
        return self._update(
            event_id,
            f"SET {sets}, attention = :failed, #error = :error, cause = :cause,"
            " #status = :status, redrive_count = :redrives, failed_at = :at,"
            " failed_execution = :execution",
            condition=f"{condition} AND (attribute_not_exists(failed_execution)"
            " OR failed_execution <> :execution OR redrive_count < :redrives"
            " OR (redrive_count = :redrives AND failed_at < :at))",
            values={
                **values,
                ":failed": "failed",
                ":error": failure.error,
                ":cause": failure.cause,
                ":status": failure.status,
                ":redrives": failure.redrive_count,
                ":at": failure.at,
                ":execution": failure.execution,
            },
            names={"#error": "error", "#status": "status"},
        )

    def _load(self, event_id: str) -> Item:
        """Read an entry consistently; empty where there is none."""
        with errors_translated():
            answer = self._client.get_item(
                TableName=self._table, Key={"event_id": {"S": event_id}}, ConsistentRead=True
            )
        return from_item(answer.get("Item", {}))

    def _update(self, key: str, expression: str, **parts: Any) -> bool:
        """Update one item; False where its condition doesn't hold."""
        try:
            with errors_translated():
                self._client.update_item(**self._expression(key, expression, **parts))
        except ClientError as error:
            if condition_failed(error):
                return False
            raise
        return True

    def _expression(
        self,
        key: str,
        expression: str,
        *,
        condition: str,
        values: dict[str, Any],
        names: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "Key": {"event_id": {"S": key}},
            "UpdateExpression": expression,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": to_values(values),
            **({"ExpressionAttributeNames": names} if names else {}),
        }


def fact_id(key: str) -> str:
    """A fact's key in the ledger's key space, apart from Stripe's event ids."""
    return f"fact:{key}"


def _name(execution: str) -> str:
    """An execution's own name: the last part of its ARN."""
    return execution.rsplit(":", 1)[-1]


def _lease(attributes: dict[str, Any], execution: str) -> Lease:
    return Lease(
        holder=attributes["lease_execution"],
        until=attributes.get("lease_until", 0),
        done="done_at" in attributes,
        counted=_name(execution) in attributes.get("executions", ()),
    )
