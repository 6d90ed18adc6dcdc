"""Replay a window of what EventBridge has archived, by the rules of the bus that it was on.

EventBridge does it by itself, at a pace of its own, and doesn't say which events it puts: the
ledger keeps out what is done, in an execution each that ends as a duplicate.
"""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import computed_field

from billing.domain.record import Value
from local.stack.errors import StackError
from ops.errors import NotFound, OpsError
from ops.journal import Journal
from ops.moments import Moment
from ops.target import Target

#: Which bus: our own, where what came by either door is, or the partner's, where also that is
#: which could not be forwarded.
Bus = Literal["billing", "partner"]

#: How long an event may take to come to an archive ("Archiving events", EventBridge User Guide).
ARCHIVING_SECONDS = 600

_OUTPUTS: Mapping[Bus, str] = {"billing": "BillingArchiveName", "partner": "PartnerArchiveName"}


class Archive(Value):
    """The archive of a bus. ``events`` is counted by AWS once a day."""

    bus: Bus
    name: str
    arn: str
    bus_arn: str
    events: int
    days: int
    created_at: Moment


class ArchiveReplay(Value):
    """How far a replay is: ``reached`` is the time of the newest event that was put again."""

    name: str
    archive_arn: str
    state: str
    reason: str | None
    since: Moment
    until: Moment
    reached: Moment | None
    started_at: Moment | None
    ended_at: Moment | None

    @computed_field  # type: ignore[prop-decorator]  # mypy knows none of decorated properties
    @property
    def ended(self) -> bool:
        return self.state in ("COMPLETED", "CANCELLED", "FAILED")


def find_archive(target: Target, bus: Bus = "billing") -> Archive:
    """Find the archive of a bus.

    Raises:
        NotFound: the stack has none.
    """
    try:
        name = target.outputs[_OUTPUTS[bus]]
    except StackError:
        raise NotFound(f"the stack has no archive of the {bus} bus: deploy it anew") from None
    found = target.client("events").describe_archive(ArchiveName=name)
    return Archive(
        bus=bus,
        name=name,
        arn=found["ArchiveArn"],
        bus_arn=found["EventSourceArn"],
        events=found["EventCount"],
        days=found["RetentionDays"],
        created_at=found["CreationTime"],
    )


def start(
    target: Target, journal: Journal, archive: Archive, since: int, until: int
) -> ArchiveReplay:
    """Start to replay what came between two times (UTC seconds).

    Raises:
        OpsError: the archive holds nothing of that time.
    """
    window = tuple(datetime.fromtimestamp(moment, UTC) for moment in (since, until))
    if since >= until:
        raise OpsError("the end must be after the start: give --until after --since")
    if window[1] <= archive.created_at:
        raise OpsError(f"{archive.name} was made at {archive.created_at:%Y-%m-%d %H:%M:%S}, later")
    name = f"ops-{uuid.uuid4().hex[:12]}"
    with journal.noting("replay", f"archive {archive.name}") as noted:
        target.client("events").start_replay(
            ReplayName=name,
            EventSourceArn=archive.arn,
            EventStartTime=window[0],
            EventEndTime=window[1],
            Destination={"Arn": archive.bus_arn},
        )
        noted.result = (
            f"started replay {name} of {window[0].isoformat()} to {window[1].isoformat()}"
        )
    return describe(target, name)


def describe(target: Target, name: str) -> ArchiveReplay:
    """Say how far a replay is."""
    found: Mapping[str, Any] = target.client("events").describe_replay(ReplayName=name)
    return ArchiveReplay(
        name=name,
        archive_arn=found["EventSourceArn"],
        state=found["State"],
        reason=found.get("StateReason"),
        since=found["EventStartTime"],
        until=found["EventEndTime"],
        reached=found.get("EventLastReplayedTime"),
        started_at=found.get("ReplayStartTime"),
        ended_at=found.get("ReplayEndTime"),
    )


def follow(
    target: Target, name: str, wait: Callable[[], None] = lambda: time.sleep(2)
) -> Iterator[ArchiveReplay]:
    """Say how far a replay is, again and again to its end; ``wait`` is what passes in between."""
    while True:
        replay = describe(target, name)
        yield replay
        if replay.ended:
            return
        wait()
