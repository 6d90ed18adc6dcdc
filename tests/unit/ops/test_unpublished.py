"""Facts that the stream forgot are published after all, and noted."""

import json

import pytest

from billing.store.dynamodb import client, to_item
from ops import unpublished
from ops.indexes import ON_ITS_WAY
from ops.journal import Journal, entries
from ops.target import Target
from ops.unpublished import Published, forgotten_facts, publish_each
from tests.support.aws import FakePorts, ledger_item
from tests.support.operators import commit_fact, with_queues

KEY = "AccessChanged:user_1:{}"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpublished, "PER_SECOND", 10_000)


@pytest.fixture
def target(ports: FakePorts) -> Target:
    return with_queues(ports)


def publish_all(target: Target) -> list[Published]:
    return list(publish_each(target, Journal(target, "a test"), list(forgotten_facts(target))))


def test_what_was_committed_and_never_told_is_published_and_noted(
    ports: FakePorts, target: Target
) -> None:
    for number in range(3):
        commit_fact(ports, number, at=ports.now() - ON_ITS_WAY)

    done = publish_all(target)

    assert [each.done for each in done] == [True] * 3
    told = {json.loads(held.detail)["id"] for held in ports.bus.held}
    assert told == {KEY.format(number) for number in range(3)}
    assert not list(forgotten_facts(target))
    noted = entries(target, 0, 10)
    assert {(each.action, each.user_id, each.result) for each in noted} == {
        ("publish", "user_1", "on the bus")
    }


def test_what_the_stream_may_still_publish_is_left_to_it(ports: FakePorts, target: Target) -> None:
    commit_fact(ports, 1, at=ports.now() - ON_ITS_WAY + 1)

    assert not list(forgotten_facts(target))


def test_a_fact_that_is_refused_keeps_no_other_back(ports: FakePorts, target: Target) -> None:
    for number in range(2):
        commit_fact(ports, number, at=ports.now() - ON_ITS_WAY)
    ports.bus.refuse("AccessChanged")

    done = publish_all(target)

    assert [(each.done, each.error) for each in done] == [(False, "EventBridge refused it")] * 2
    assert ledger_item(f"fact:{KEY.format(0)}")["attention"] == "unpublished"


def test_a_fact_that_this_version_can_not_read_waits_for_one_that_can(
    ports: FakePorts, target: Target
) -> None:
    commit_fact(ports, 1, at=ports.now() - ON_ITS_WAY)
    item = {
        "event_id": "fact:later",
        "kind": "fact",
        "fact": {"key": "later"},
        "attention": "unpublished",
        "received_at": ports.now() - ON_ITS_WAY - 1,
    }
    client().put_item(TableName=ports.settings.events_table, Item=to_item(item))

    assert [each.key for each in publish_all(target)] == [KEY.format(1)]
    assert ledger_item("fact:later")["attention"] == "unpublished"
