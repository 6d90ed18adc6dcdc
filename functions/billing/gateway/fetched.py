"""An answer of Stripe's with the interval of Stripe's time in which it was true."""

from typing import Generic, TypeVar

from billing.domain.record import Stamp, Value

Read = TypeVar("Read")


class Fetched(Value, Generic[Read]):
    """What Stripe answered, and when that was so by Stripe's clock."""

    value: Read
    stamp: Stamp


class Last(Value):
    """The last object of a page: the next one begins behind it."""

    id: str
    created: int


class Page(Value, Generic[Read]):
    """One page of a list, newest first. ``unreadable`` are ids of objects of an unknown shape."""

    items: tuple[Read, ...]
    unreadable: tuple[str, ...] = ()
    last: Last | None = None
    more: bool
