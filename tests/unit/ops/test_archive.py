"""A window of an archive is replayed to the bus that it was on, and followed to its end."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import boto3
import pytest

from ops.archive import Archive, describe, find_archive, follow, start
from ops.errors import NotFound, OpsError
from ops.journal import Journal, entries
from ops.target import Target
from tests.support.aws import FakePorts
from tests.support.operators import target_on

Json = dict[str, Any]


@pytest.fixture
def target(ports: FakePorts) -> Target:
    """A stack with a bus that has an archive."""
    events = boto3.client("events")
    arn = events.create_event_bus(Name="scai-billing")["EventBusArn"]
    events.create_archive(ArchiveName="archive", EventSourceArn=arn, RetentionDays=30)
    return target_on(ports, BillingArchiveName="archive")


@pytest.fixture
def archive(target: Target) -> Archive:
    return find_archive(target)


@pytest.fixture
def now(archive: Archive) -> int:
    return int(archive.created_at.timestamp()) + 60


def journal(target: Target) -> Journal:
    return Journal(target, "a test")


def test_the_archive_of_our_bus_is_found_by_the_stacks_output(archive: Archive) -> None:
    assert (archive.bus, archive.name, archive.days) == ("billing", "archive", 30)
    assert archive.bus_arn.endswith("event-bus/scai-billing")


def test_a_stack_without_the_partners_door_has_no_archive_of_it(target: Target) -> None:
    with pytest.raises(NotFound, match="no archive of the partner bus"):
        find_archive(target, "partner")


def test_a_replay_goes_to_the_bus_that_the_archive_is_of_and_is_logged(
    target: Target, archive: Archive, now: int
) -> None:
    replay = start(target, journal(target), archive, now - 120, now)

    (described,) = boto3.client("events").list_replays()["Replays"]
    assert (described["ReplayName"], replay.archive_arn) == (replay.name, archive.arn)
    assert (replay.since, replay.until) == tuple(
        datetime.fromtimestamp(moment, UTC) for moment in (now - 120, now)
    )
    (entry,) = entries(target, 0, 10)
    assert (entry.action, entry.subject) == ("replay", "archive archive")
    assert replay.name in str(entry.result)


@pytest.mark.parametrize(
    ("window", "complaint"),
    [((-60, -60), "the end must be after the start"), ((-7200, -3600), "archive was made at")],
)
def test_a_window_of_nothing_is_refused(
    target: Target, archive: Archive, now: int, window: tuple[int, int], complaint: str
) -> None:
    with pytest.raises(OpsError, match=complaint):
        start(target, journal(target), archive, now + window[0], now + window[1])


class Replays:
    """EventBridge, whose replay goes on a little each time that it is asked."""

    def __init__(self, *states: str) -> None:
        self._states: Iterator[str] = iter(states)

    def describe_replay(self, **_: str) -> Json:
        moment = datetime(2026, 1, 31, 9, tzinfo=timezone(timedelta(hours=9)))
        return {
            "EventSourceArn": "arn",
            "State": next(self._states),
            "EventStartTime": moment,
            "EventEndTime": moment,
        }


@pytest.mark.parametrize("end", ["COMPLETED", "FAILED", "CANCELLED"])
def test_a_replay_is_followed_to_whatever_its_end_is(
    target: Target, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    states = ("STARTING", "RUNNING", end)
    monkeypatch.setitem(target._clients, "events", Replays(*states))
    waits: list[None] = []

    followed = list(follow(target, "replay", wait=lambda: waits.append(None)))

    assert [step.state for step in followed] == list(states)
    assert len(waits) == 2


def test_its_times_are_in_utc_whatever_the_machines_zone(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(target._clients, "events", Replays("STARTING"))

    told = describe(target, "replay").model_dump(mode="json")

    assert told["since"] == "2026-01-31T00:00:00Z"


def test_what_has_replayed_nothing_yet_has_reached_nothing(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(target._clients, "events", Replays("STARTING"))

    assert describe(target, "replay").reached is None
