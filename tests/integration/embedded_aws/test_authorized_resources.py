"""A policy that names archives, replays, queues or alarms allows these, and no others."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.embedded_aws.account import ACCOUNT_ID, REGION, Account, Json, unique

EVENTS = f"arn:aws:events:{REGION}:{ACCOUNT_ID}"


@pytest.fixture(scope="module")
def archives(account: Account) -> list[Json]:
    """Two of one bus."""
    events = account.client("events")
    bus = events.create_event_bus(Name=unique("bus"))["EventBusArn"]
    names = [unique("archive"), unique("archive")]
    for name in names:
        events.create_archive(ArchiveName=name, EventSourceArn=bus)
    return [events.describe_archive(ArchiveName=name) for name in names]


def start_replay(events: Any, archive: Json) -> str:
    now = datetime.now(UTC)
    arn: str = events.start_replay(
        ReplayName=unique("ops"),
        EventSourceArn=archive["ArchiveArn"],
        EventStartTime=now - timedelta(hours=1),
        EventEndTime=now,
        Destination={"Arn": archive["EventSourceArn"]},
    )["ReplayArn"]
    return arn


def test_an_archive_may_be_described_and_replayed_and_its_neighbour_not(
    account: Account, archives: list[Json]
) -> None:
    ours, theirs = archives
    events = account.user(
        {
            "Effect": "Allow",
            "Action": ["events:DescribeArchive", "events:StartReplay"],
            "Resource": ours["ArchiveArn"],
        }
    )("events")

    assert events.describe_archive(ArchiveName=ours["ArchiveName"])["ArchiveArn"]
    assert start_replay(events, ours)
    with pytest.raises(ClientError, match="not authorized"):
        events.describe_archive(ArchiveName=theirs["ArchiveName"])
    with pytest.raises(ClientError, match="not authorized"):
        start_replay(events, theirs)


def test_a_replay_is_looked_at_by_its_name(account: Account, archives: list[Json]) -> None:
    name = start_replay(account.client("events"), archives[0]).rpartition("/")[2]
    allowed = {"Effect": "Allow", "Action": "events:DescribeReplay"}
    ours = account.user(allowed | {"Resource": f"{EVENTS}:replay/ops-*"})("events")
    theirs = account.user(allowed | {"Resource": f"{EVENTS}:replay/theirs-*"})("events")

    assert ours.describe_replay(ReplayName=name)["ReplayName"] == name
    with pytest.raises(ClientError, match="not authorized"):
        theirs.describe_replay(ReplayName=name)


def test_archives_are_listed_by_who_may_list_all_of_them(
    account: Account, archives: list[Json]
) -> None:
    bus = archives[0]["EventSourceArn"]
    allowed = {"Effect": "Allow", "Action": "events:ListArchives"}

    everyone = account.user(allowed | {"Resource": "*"})("events")
    assert len(everyone.list_archives(EventSourceArn=bus)["Archives"]) == len(archives)
    someone = account.user(allowed | {"Resource": bus})("events")
    with pytest.raises(ClientError, match="not authorized"):
        someone.list_archives(EventSourceArn=bus)


def test_whoever_may_do_it_with_one_message_may_do_it_with_several(account: Account) -> None:
    sqs = account.client("sqs")
    url = sqs.create_queue(QueueName=unique("queue"))["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{url.rpartition('/')[2]}"
    user = account.user({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn})("sqs")

    sent = user.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "a"}])

    assert len(sent["Successful"]) == 1
    with pytest.raises(ClientError, match="not authorized"):
        user.delete_message_batch(QueueUrl=url, Entries=[{"Id": "1", "ReceiptHandle": "r"}])


def test_alarms_are_listed_by_who_may_list_all_of_them(account: Account) -> None:
    alarms = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT_ID}:alarm:"
    allowed = {"Effect": "Allow", "Action": "cloudwatch:DescribeAlarms"}

    everyone = account.user(allowed | {"Resource": f"{alarms}*"})("cloudwatch")
    assert "MetricAlarms" in everyone.describe_alarms(AlarmNamePrefix="ours-")
    someone = account.user(allowed | {"Resource": f"{alarms}theirs-*"})("cloudwatch")
    with pytest.raises(ClientError, match="not authorized"):
        someone.describe_alarms(AlarmNamePrefix="ours-")


def test_who_may_have_every_alarm_may_have_no_metric_for_it(account: Account) -> None:
    alarms = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT_ID}:alarm:*"
    allowed = {"Effect": "Allow", "Action": "cloudwatch:GetMetricStatistics"}
    now = datetime.now(UTC)
    asked: Json = {
        "Namespace": "ours",
        "MetricName": "Sent",
        "StartTime": now - timedelta(hours=1),
        "EndTime": now,
        "Period": 60,
        "Statistics": ["Sum"],
    }

    everyone = account.user(allowed | {"Resource": "*"})("cloudwatch")
    assert everyone.get_metric_statistics(**asked)["Datapoints"] == []
    someone = account.user(allowed | {"Resource": alarms})("cloudwatch")
    with pytest.raises(ClientError, match="not authorized"):
        someone.get_metric_statistics(**asked)
