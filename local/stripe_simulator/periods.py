"""Billing periods: months are calendar months, counted from the anchor so that days don't drift.

The anchor is where the periods are counted from, in both directions: one in the future makes the
first period a short one (Stripe's docs: "Set the subscription billing renewal date").
"""

from __future__ import annotations

from calendar import monthrange
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from itertools import count

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.store import Json

MONTHS = {"month": 1, "year": 12}
DAYS = {"day": 1, "week": 7}


def surrounding(anchor: int, at: int, recurring: Json) -> tuple[int, int]:
    """The start and the end of the period in which `at` lies; a boundary begins the next one."""
    interval, step = recurring["interval"], recurring["interval_count"]
    if interval in DAYS:
        length = int(timedelta(days=DAYS[interval] * step).total_seconds())
        start = anchor + (at - anchor) // length * length
        return start, start + length
    months = MONTHS[interval] * step
    start = _boundary(anchor, (_months_between(anchor, at) // months - 1) * months)
    for number in count(_months_between(anchor, at) // months):
        end = _boundary(anchor, number * months)
        if end > at:
            return start, end
        start = end
    raise AssertionError  # count() never ends


def next_end(anchor: int, after: int, recurring: Json) -> int:
    """The first boundary after `after`, of the periods that start at `anchor`."""
    return surrounding(anchor, after, recurring)[1]


def _months_between(anchor: int, at: int) -> int:
    start, end = _date(anchor), _date(at)
    return (end.year - start.year) * 12 + end.month - start.month


def _boundary(anchor: int, months: int) -> int:
    """The anchor's day so many months later, or the last day that there is."""
    start = _date(anchor)
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    if not MINYEAR <= year <= MAXYEAR:
        raise _out_of_range()
    day = min(start.day, monthrange(year, month + 1)[1])
    return int(start.replace(year=year, month=month + 1, day=day).timestamp())


def _date(at: int) -> datetime:
    try:
        return datetime.fromtimestamp(at, UTC)
    except (OverflowError, ValueError) as far:
        raise _out_of_range() from far


def _out_of_range() -> Exception:
    return invalid(
        "Invalid timestamp: a billing period must begin and end in a year of four digits."
    )
