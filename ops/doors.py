"""The doors that events come in by: when each was last used, and how long events took."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from statistics import median
from typing import Any, Literal

from pydantic import ValidationError

from billing.contracts.steps import MachineInput
from billing.domain.record import Value
from billing.front_door import SOURCE
from ops.descriptions import Descriptions
from ops.statuses import ASKED_AT_ONCE
from ops.target import Target

#: The newest executions of each machine that are looked at.
_NEWEST = 5
#: Of them all, the newest whose inputs are read: Step Functions answers 15 such calls a second.
_READ = 20
_WITHOUT_EVENTS = "reconcile"

Name = Literal["relay", "partner"]


class Door(Value):
    """A way that events come in by; ``lag_seconds`` from Stripe's event to its machine.

    The lag is the middle one of the newest events, so that a replayed one doesn't count.
    """

    name: Name
    last_event_id: str | None
    last_event_at: datetime | None
    age_seconds: int | None
    lag_seconds: int | None


class Arrival(Value):
    """An event as it came to its machine."""

    door: Name
    event_id: str
    created: int
    started_at: datetime

    @property
    def lag(self) -> int:
        return max(0, round(self.started_at.timestamp()) - self.created)


def doors(target: Target) -> tuple[Door, ...]:
    """Look at both doors; at the partner one only where the stack has it."""
    names: tuple[Name, ...] = ("relay", "partner")
    if not target.parameters.get("StripeEventSource"):
        names = ("relay",)
    arrivals = _arrivals(target)
    now = target.ports.now()
    return tuple(_door(name, [a for a in arrivals if a.door == name], now) for name in names)


def _door(name: Name, arrivals: list[Arrival], now: int) -> Door:
    last = max(arrivals, key=lambda arrival: arrival.started_at, default=None)
    return Door(
        name=name,
        last_event_id=last.event_id if last else None,
        last_event_at=last.started_at if last else None,
        age_seconds=max(0, now - round(last.started_at.timestamp())) if last else None,
        lag_seconds=round(median(arrival.lag for arrival in arrivals)) if arrivals else None,
    )


def _arrivals(target: Target) -> list[Arrival]:
    """The newest executions' events, by what they were started with."""
    client = target.client("stepfunctions")

    def newest_of(arn: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = client.list_executions(
            stateMachineArn=arn, maxResults=_NEWEST
        )["executions"]
        return found

    machines = [arn for name, arn in target.machines.items() if name != _WITHOUT_EVENTS]
    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        started = [each for found in pool.map(newest_of, machines) for each in found]
        newest = sorted(started, key=lambda execution: execution["startDate"], reverse=True)
        arns = [execution["executionArn"] for execution in newest[:_READ]]
        described = list(pool.map(Descriptions(client).describe, arns))
    return [arrival for told in described if told and (arrival := _arrival(told))]


def _arrival(described: dict[str, Any]) -> Arrival | None:
    """None where nobody can read what it was started with."""
    try:
        started_with = MachineInput.model_validate_json(described.get("input", ""))
    except ValidationError:
        return None
    event = started_with.event
    return Arrival(
        door="relay" if started_with.source == SOURCE else "partner",
        event_id=event.id,
        created=event.created,
        started_at=described["startDate"].astimezone(UTC),
    )
