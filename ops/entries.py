"""What the ledger says of executions: whose they are, how their events ended, what is settled."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from billing.store.dynamodb import batch_get
from ops.descriptions import Description
from ops.drift import EVERYTHING
from ops.listed import UNSUCCESSFUL, Listed
from ops.target import Target

Item = Mapping[str, Any]
RECONCILE = "reconcile"


def ledger_items(target: Target, keys: Sequence[str]) -> dict[str, Item]:
    """Items of the ledger by key; what isn't there isn't among them."""
    ports = target.ports
    found = batch_get(ports.dynamodb, ports.settings.events_table, "event_id", keys)
    return {item["event_id"]: item for item in found}


def items_of(target: Target, descriptions: Sequence[Description]) -> dict[str, Item]:
    """The items that these executions are about, and the run of reconciliation over everybody."""
    keys = {each.subject.key for each in descriptions if each.subject.key}
    return ledger_items(target, [*keys, EVERYTHING]) if keys else {}


def users_of(
    target: Target, descriptions: Sequence[Description], items: Mapping[str, Item]
) -> dict[str, str]:
    """The users of those customers whose executions' items name none, by customer."""
    unnamed = {
        each.subject.customer_id
        for each in descriptions
        if each.subject.customer_id and "user_id" not in items.get(each.subject.key or "", {})
    }
    return target.ports.customers.users_of(unnamed) if unnamed else {}


def is_settled(listed: Listed, item: Item, everybody: Item) -> bool:
    """Whether nothing is owed of a failed execution: what it was for was done without it.

    One that failed after it had finished its event still has something to do: it was waiting.
    """
    if listed.status not in UNSUCCESSFUL or listed.stopped_at is None:
        return False
    stopped = int(listed.stopped_at.timestamp())
    if listed.machine == RECONCILE:
        return _at(item, "completed_at") >= stopped or _at(everybody, "covered_until") >= stopped
    if "done_at" not in item:
        return False
    waited = finished_by(listed.arn, listed.stopped_at, item)
    return not waited or _at(item, "settled_at") >= stopped


def finished_by(arn: str, stopped_at: datetime, item: Item) -> bool:
    """Whether a failed execution had finished its event before: it failed while it waited."""
    done_at = _at(item, "done_at")
    return item.get("lease_execution") == arn and 0 < done_at <= int(stopped_at.timestamp())


def _at(item: Item, name: str) -> int:
    return int(item.get(name, 0))
