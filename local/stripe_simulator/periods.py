"""Billing periods: months are calendar months, counted from the anchor so that days don't drift."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from itertools import count

from local.stripe_simulator.store import Json

MONTHS = {"month": 1, "year": 12}
DAYS = {"day": 1, "week": 7}


def next_end(anchor: int, after: int, recurring: Json) -> int:
    """The first boundary after `after`, of the periods that start at `anchor`."""
    interval, step = recurring["interval"], recurring["interval_count"]
    if interval in DAYS:
        length = int(timedelta(days=DAYS[interval] * step).total_seconds())
        return anchor + ((after - anchor) // length + 1) * length
    start = datetime.fromtimestamp(anchor, UTC)
    end = datetime.fromtimestamp(after, UTC)
    months = MONTHS[interval] * step
    elapsed = (end.year - start.year) * 12 + end.month - start.month
    for number in count(max(elapsed // months, 0)):
        boundary = int(_add_months(start, number * months).timestamp())
        if boundary > after:
            return boundary
    raise AssertionError  # count() never ends


def _add_months(start: datetime, months: int) -> datetime:
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    day = min(start.day, monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)
