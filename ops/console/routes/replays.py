"""Replaying Stripe's events by the front door, and windows of EventBridge's archives."""

from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from typing import Annotated, get_args

from fastapi import APIRouter
from fastapi import Query as Parameters

from billing.domain.record import Value
from ops import archive, replaying
from ops.archive import Archive, ArchiveReplay, Bus
from ops.console.dependencies import Answering, JournalFor, Reasoned, TargetOf
from ops.console.problems import Problem, told_to_the_end
from ops.errors import NotFound
from ops.replaying import Query, Replayed

router = APIRouter(tags=["replays"])

#: So many events are looked at before anybody says that they are to be replayed: ten pages.
MOST_LOOKED_AT = 1_000


class Replay(Reasoned):
    """Which events; ``again``: those that are done, too (they end as duplicates)."""

    query: Query
    again: bool = False


class Wanted(Query):
    """Likewise, as an address says it."""

    again: bool = False


class ReplayPlan(Value):
    """What a replay would do; ``complete``: to all that is wanted, or to what was looked at."""

    events: tuple[Replayed, ...]
    complete: bool


class ReplayFromArchive(Reasoned):
    """A window of the archive of a bus, in UTC seconds."""

    bus: Bus
    since: int
    until: int


@router.get("/replays")
def plan_replay(target: TargetOf, wanted: Annotated[Wanted, Parameters()]) -> ReplayPlan:
    """Say what a replay would do; nothing is put."""
    query = Query(**wanted.model_dump(include=set(Query.model_fields)))
    found = list(islice(replaying.look(target, query, again=wanted.again), MOST_LOOKED_AT + 1))
    return ReplayPlan(events=tuple(found[:MOST_LOOKED_AT]), complete=len(found) <= MOST_LOOKED_AT)


@router.post("/replays")
def replay(
    target: TargetOf, journal: JournalFor, answering: Answering, body: Replay
) -> Iterable[Replayed | Problem]:
    """Replay events, and tell of each as it is put."""
    log = journal(body.reason)
    yield from told_to_the_end(
        answering, replaying.replay(target, log, body.query, again=body.again)
    )


@router.get("/archives")
def list_archives(target: TargetOf) -> list[Archive]:
    """The archives that the stack has: a bus that it has none of is left out."""
    found = []
    for bus in get_args(Bus):
        with suppress(NotFound):
            found.append(archive.find_archive(target, bus))
    return found


@router.post("/archive-replays")
def replay_archive(target: TargetOf, journal: JournalFor, body: ReplayFromArchive) -> ArchiveReplay:
    """Have EventBridge replay a window; it goes on by itself."""
    log = journal(body.reason)
    return archive.start(
        target, log, archive.find_archive(target, body.bus), body.since, body.until
    )


@router.get("/archive-replays/{name}")
def get_archive_replay(target: TargetOf, name: str) -> ArchiveReplay:
    """How far it is."""
    return archive.describe(target, name)
