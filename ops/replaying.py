"""Replay Stripe's events from its Events API, which keeps them for 30 days.

They come by the front door, as if Stripe had sent them again: an oversized one is trimmed, and the
ledger keeps out what is done. Guards that nothing is started in vain: how it stands with an event
is looked up first, and what would only be suppressed is left alone unless somebody insists.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from itertools import chain
from typing import Any, Literal

from pydantic import ValidationError
from pydantic_core import to_json

from billing.contracts.routing import ROUTED_TYPES, is_routed
from billing.contracts.stripe_events import StripeEvent
from billing.domain.errors import BillingError, StripeNotFound
from billing.domain.record import Value
from billing.front_door import enveloped
from billing.pacing import Pacer
from billing.timestamps import DAY
from ops import standings
from ops.errors import OpsError
from ops.journal import Journal
from ops.target import Target

Json = dict[str, Any]

#: How long Stripe keeps events.
KEPT_DAYS = 30
#: Seconds that may pass from a question about all of these days to its answer.
_GRACE = 3600
#: How many types of events Stripe lists at once.
_MOST_TYPES = 20

#: As the ledger has it; or no rule wants it, no machine can read it, Stripe doesn't know it.
Standing = Literal[
    "new",
    "failed",
    "ignored",
    "unfinished",
    "done",
    "running",
    "not_routed",
    "unreadable",
    "unknown",
]

_OPEN: frozenset[Standing] = frozenset({"new", "failed", "ignored", "unfinished"})
_SUPPRESSED: frozenset[Standing] = frozenset({"done", "running"})


class Query(Value):
    """Which events: by id, or those that Stripe made between two times (UTC seconds).

    ``types`` may hold ``*``; without any it is all that some rule wants. ``customer_id`` chooses
    those whose object names the customer: Stripe itself can't list by it.
    """

    ids: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    customer_id: str | None = None
    since: int = 0
    until: int = 0


class Replayed(Value):
    """An event, how it stands with it, and whether it is put on the bus (or would be).

    ``error`` says why it could not be. Of an unknown one there is only the id.
    """

    event_id: str
    type: str | None = None
    created_at: datetime | None = None
    customer_id: str | None = None
    standing: Standing
    put: bool = False
    error: str | None = None


def look(target: Target, query: Query, *, again: bool = False) -> Iterator[Replayed]:
    """Say what a replay would do, event by event; ``again`` as there.

    Raises:
        OpsError: the query can't be answered by Stripe.
    """
    return (found for _event, found in _look(target, query, again=again))


def replay(
    target: Target,
    journal: Journal,
    query: Query,
    *,
    again: bool = False,
    per_second: float = 10,
) -> Generator[Replayed, None, None]:
    """Put events on the bus, at most so many a second; say of each what was done.

    ``again`` puts those too that the ledger will suppress.

    Raises:
        OpsError: the query can't be answered by Stripe.
    """
    pacer = Pacer(per_second)
    for event, found in _look(target, query, again=again):
        if not found.put:
            yield found
            continue
        pacer.wait()
        yield _put(target, journal, event, found)


def _put(target: Target, journal: Journal, event: Json, found: Replayed) -> Replayed:
    ports = target.ports
    try:
        user_id = ports.customers.user_of(found.customer_id) if found.customer_id else None
        with journal.noting("replay", found.event_id, user_id) as noted:
            ports.bus.put(enveloped(to_json(event), event))
            noted.result = f"put on the bus; it was {found.standing}"
    except BillingError as error:
        return found.model_copy(update={"put": False, "error": str(error)})
    return found


def _look(target: Target, query: Query, *, again: bool) -> Iterator[tuple[Json, Replayed]]:
    wanted = _OPEN | _SUPPRESSED if again else _OPEN
    pages = _by_id(target, query.ids) if query.ids else _by_time(target, query)
    for page in pages:
        entries = target.ports.ledger.standing_of(event["id"] for event in page)
        for event in page:
            found = _judged(event, entries, target.ports.now())
            if query.customer_id in (None, found.customer_id):
                yield event, found.model_copy(update={"put": found.standing in wanted})


def _by_id(target: Target, ids: Sequence[str]) -> Iterator[list[Json]]:
    """Fetch events one by one; one that Stripe doesn't know has nothing but its id."""
    pacer = Pacer(10)
    for event_id in dict.fromkeys(ids):
        pacer.wait()
        try:
            yield [target.ports.stripe.event(event_id)]
        except StripeNotFound:
            yield [{"id": event_id}]


def _by_time(target: Target, query: Query) -> Iterator[list[Json]]:
    """List events a page at a time, the newest first, of each group of types."""
    if query.since < target.ports.now() - KEPT_DAYS * DAY - _GRACE:
        raise OpsError(f"Stripe keeps events for {KEPT_DAYS} days: give a later --since")
    pacer = Pacer(10)
    for types in _groups(query.types):
        after, more = None, True
        while more:
            pacer.wait()
            page = target.ports.stripe.events_page(types, query.since, query.until, after)
            yield list(page.items)
            more, after = page.more, page.last.id if page.last else None


def _groups(patterns: Sequence[str]) -> Iterator[Sequence[str]]:
    """The types that are wanted of those that some rule wants, as many as Stripe lists at once."""
    if not patterns:
        yield from ROUTED_TYPES
        return
    routed = list(chain.from_iterable(ROUTED_TYPES))
    for pattern in patterns:
        if not any(fnmatchcase(type_, pattern) for type_ in routed):
            raise OpsError(f"no rule wants events of type {pattern}: there is nothing to replay")
    types = [type_ for type_ in routed if any(fnmatchcase(type_, p) for p in patterns)]
    for start in range(0, len(types), _MOST_TYPES):
        yield types[start : start + _MOST_TYPES]


def _judged(event: Json, entries: Mapping[str, Any], now: int) -> Replayed:
    """Say how it stands with an event."""
    event_id: str = event["id"]
    if event.keys() == {"id"}:
        reason = f"Stripe has no such event: it keeps them for {KEPT_DAYS} days"
        return Replayed(event_id=event_id, standing="unknown", error=reason)
    head = {
        "event_id": event_id,
        "type": event["type"],
        "created_at": datetime.fromtimestamp(event["created"], UTC),
    }
    try:
        read = StripeEvent.model_validate(event)
    except ValidationError:
        return Replayed(**head, standing="unreadable", error="no machine can read it")
    standing = standings.standing(entries.get(event_id), now) if _routed(read) else "not_routed"
    return Replayed(**head, customer_id=read.customer_id, standing=standing)


def _routed(event: StripeEvent) -> bool:
    return any(event.type in group for group in ROUTED_TYPES) and is_routed(event)
