"""What was used: kept by meter, customer and day, so that a period is summed from few records."""

from __future__ import annotations

from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

DAY = 86400


def add(world: World, meter_id: str, customer_id: str, record: Json) -> None:
    key = _key(meter_id, customer_id, record["timestamp"] // DAY)
    kept = world.private.get(key, {"records": []})
    world.private[key] = {"records": [*kept["records"], record]}


def remove(world: World, meter_id: str, customer_id: str, record: Json) -> None:
    key = _key(meter_id, customer_id, record["timestamp"] // DAY)
    left = [one for one in world.private[key]["records"] if one != record]
    world.private[key] = {"records": left}


def between(world: World, meter_id: str, customer_id: str, start: int, end: int) -> list[Json]:
    """The records from `start` until before `end`, in order of time, then of arrival."""
    days = range(start // DAY, (end - 1) // DAY + 1)
    found = [
        record
        for day in days
        for record in world.private.get(_key(meter_id, customer_id, day), {"records": []})[
            "records"
        ]
        if start <= record["timestamp"] < end
    ]
    return sorted(found, key=lambda record: int(record["timestamp"]))


def aggregated(records: list[Json], formula: str) -> int:
    """What records come to: their number, their last value, or the sum of their values."""
    if formula == "count":
        return len(records)
    values = [int(record["value"]) for record in records]
    return sum(values) if formula == "sum" else next(reversed(values), 0)


def _key(meter_id: str, customer_id: str, day: int) -> str:
    return f"usage/{meter_id}/{customer_id}/{day}"
