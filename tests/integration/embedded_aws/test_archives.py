"""Archives of a bus, and their replay."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.embedded_aws.account import ACCOUNT_ID, CALL, REGION, Account, Json, unique
from tests.support.waiting import eventually

MINUTE = timedelta(minutes=1)


def arn_of(bus: str) -> str:
    return f"arn:aws:events:{REGION}:{ACCOUNT_ID}:event-bus/{bus}"


@pytest.fixture
def bus(account: Account) -> str:
    return account.bus()


def archive(account: Account, bus: str, pattern: Json | None = None) -> str:
    name = unique("archive")
    limits = {"EventPattern": json.dumps(pattern)} if pattern else {}
    account.client("events").create_archive(
        ArchiveName=name, EventSourceArn=arn_of(bus), RetentionDays=3, **limits
    )
    return name


def replay(account: Account, archive_name: str, **fields: Any) -> str:
    """Start to replay the last minute, and wait for the end."""
    name, now = unique("replay"), datetime.now(UTC)
    events = account.client("events")
    found = events.describe_archive(ArchiveName=archive_name)
    wanted = {"EventStartTime": now - MINUTE, "EventEndTime": now + MINUTE} | fields
    events.start_replay(
        ReplayName=name,
        EventSourceArn=found["ArchiveArn"],
        Destination={"Arn": found["EventSourceArn"]},
        **wanted,
    )
    eventually(lambda: events.describe_replay(ReplayName=name)["State"] == "COMPLETED")
    return name


def archived(account: Account, name: str) -> int:
    count: int = account.client("events").describe_archive(ArchiveName=name)["EventCount"]
    return count


def test_a_replayed_event_comes_by_the_rules_again_and_names_its_replay(
    account: Account, bus: str
) -> None:
    queue_url, queue_arn = account.queue()
    account.rule(bus, {"source": ["tests"]}, {"Arn": queue_arn})
    kept = archive(account, bus)
    account.put_event(bus, {"id": "evt_1"})
    first = json.loads(account.message(queue_url)["Body"])

    name = replay(account, kept)

    again = json.loads(account.message(queue_url)["Body"])
    assert again == first | {"replay-name": name}


def test_only_what_comes_after_the_archive_was_made_and_fits_its_pattern_is_kept(
    account: Account, bus: str
) -> None:
    account.put_event(bus)
    kept = archive(account, bus, {"source": [{"prefix": "tests"}]})

    account.put_event(bus)
    account.put_event(bus, Source="others")

    assert archived(account, kept) == 1


def test_only_what_came_within_the_window_is_replayed(account: Account, bus: str) -> None:
    queue_url, queue_arn = account.queue()
    kept = archive(account, bus)
    account.put_event(bus)
    account.rule(bus, {"source": ["tests"]}, {"Arn": queue_arn})
    now = datetime.now(UTC)

    before = replay(account, kept, EventStartTime=now - 9 * MINUTE, EventEndTime=now - 8 * MINUTE)
    within = replay(account, kept)

    assert json.loads(account.message(queue_url)["Body"])["replay-name"] == within
    described = account.client("events").describe_replay
    assert "EventLastReplayedTime" not in described(ReplayName=before)
    assert now - described(ReplayName=within)["EventLastReplayedTime"] < MINUTE


def test_a_replayed_event_is_archived_on_no_bus(account: Account, bus: str) -> None:
    """Not where it was, and not where it is forwarded to."""
    behind = account.bus()
    target = {"Arn": arn_of(behind), "RoleArn": account.role(CALL)}
    account.rule(bus, {"source": ["tests"]}, target)
    kept = [archive(account, name) for name in (bus, behind)]
    account.put_event(bus)
    assert [archived(account, name) for name in kept] == [1, 1]

    replay(account, kept[0])

    assert [archived(account, name) for name in kept] == [1, 1]


def test_a_bus_that_is_not_there_has_no_archive(account: Account) -> None:
    with pytest.raises(ClientError, match="does not exist"):
        archive(account, "nobodys")


def test_a_replay_ends_after_it_starts(account: Account, bus: str) -> None:
    now = datetime.now(UTC)
    with pytest.raises(ClientError, match="EventEndTime must be after EventStartTime"):
        replay(account, archive(account, bus), EventStartTime=now, EventEndTime=now)


def test_cloudformation_makes_changes_and_deletes_an_archive(account: Account) -> None:
    name, bus = unique("stack"), unique("bus")

    def resources(source: str, days: int) -> Json:
        return {
            "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": bus}},
            "Archive": {
                "Type": "AWS::Events::Archive",
                "Properties": {
                    "SourceArn": {"Fn::GetAtt": ["Bus", "Arn"]},
                    "EventPattern": {"source": [source]},
                    "RetentionDays": days,
                },
            },
        }

    stack = account.deploy(resources("tests", 3), name=name)
    events = account.client("events")
    made = events.describe_archive(ArchiveName=stack["Archive"])
    assert (made["EventSourceArn"], made["RetentionDays"]) == (arn_of(bus), 3)
    assert len(made["ArchiveName"]) <= 48
    account.put_event(bus)

    assert account.deploy(resources("others", 5), name=name, update=True) == stack

    account.put_event(bus)
    changed = events.describe_archive(ArchiveName=stack["Archive"])
    assert (changed["RetentionDays"], changed["EventCount"]) == (5, 1)
    account.client("cloudformation").delete_stack(StackName=name)
    eventually(lambda: not events.list_archives(NamePrefix=stack["Archive"])["Archives"])
