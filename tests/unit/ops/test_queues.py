"""A look at a dead-letter queue sees everything, or says it doesn't, and leaves it as it was."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from ops import queues
from ops.errors import NotFound
from ops.queues import find, hold, look
from ops.target import Target
from tests.support.aws import FakePorts
from tests.support.operators import with_queues


@pytest.fixture(autouse=True)
def nothing_to_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moto has one server: a long poll would only take long."""
    monkeypatch.setattr(queues, "LONG_POLL_SECONDS", 0)


@pytest.fixture
def target(ports: FakePorts) -> Target:
    return with_queues(ports)


@pytest.fixture
def sqs(target: Target) -> Any:
    return boto3.client("sqs")


def send(target: Target, sqs: Any, count: int = 1, queue: str = "events") -> list[str]:
    """Leave messages in a queue; give their ids."""
    url = target.dead_letter_queues[queue]
    return [
        sqs.send_message(QueueUrl=url, MessageBody=f"message {number}")["MessageId"]
        for number in range(count)
    ]


def seen(target: Target, **limits: int) -> list[str]:
    (found,) = look(target, ["events"], **limits)
    return [letter.id for letter in found.letters]


def test_a_queue_of_more_than_one_page_is_seen_whole_however_often_it_is_looked_at(
    target: Target, sqs: Any
) -> None:
    sent = send(target, sqs, 37)

    assert sorted(seen(target)) == sorted(sent)
    assert sorted(seen(target)) == sorted(sent)


def test_all_queues_are_looked_at_unless_one_is_named(target: Target, sqs: Any) -> None:
    (sent,) = send(target, sqs, queue="mails")

    looks = look(target)

    assert [found.queue for found in looks] == ["events", "facts", "failures", "mails"]
    assert [letter.id for found in looks for letter in found.letters] == [sent]


def test_beyond_its_limit_a_look_says_that_there_is_more_and_holds_nothing_back(
    target: Target, sqs: Any
) -> None:
    send(target, sqs, 15)

    (found,) = look(target, ["events"], 12)

    assert (len(found.letters), found.missing, found.complete) == (12, 3, False)
    assert len(seen(target)) == 15


def test_what_somebody_else_has_in_hand_is_owned_up_to(target: Target, sqs: Any) -> None:
    send(target, sqs, 3)
    sqs.receive_message(QueueUrl=target.dead_letter_queues["events"])

    (found,) = look(target, ["events"])

    assert (len(found.letters), found.missing) == (2, 1)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, RuntimeError])
def test_whoever_is_interrupted_gives_everything_back(
    target: Target, sqs: Any, interruption: type[BaseException]
) -> None:
    sent = send(target, sqs, 12)

    def interrupted() -> Iterator[None]:
        with hold(target, "events") as held:
            next(held.messages())
            yield
            raise interruption

    with pytest.raises(interruption):
        list(interrupted())

    assert sorted(seen(target)) == sorted(sent)


def test_what_is_deleted_is_gone_and_the_rest_is_given_back(target: Target, sqs: Any) -> None:
    sent = send(target, sqs, 3)

    with hold(target, "events") as held:
        list(held.messages())
        held.delete(sent[1])

    assert sorted(seen(target)) == sorted([sent[0], sent[2]])


def test_messages_are_found_by_their_ids_in_the_order_asked_for(target: Target, sqs: Any) -> None:
    first, second = (*send(target, sqs), *send(target, sqs, queue="facts"))

    assert [letter.id for letter in find(target, [second, first, second])] == [second, first]


def test_a_message_that_is_not_there_is_named(target: Target, sqs: Any) -> None:
    (sent,) = send(target, sqs)

    with pytest.raises(NotFound, match="no message gone can be seen"):
        find(target, [sent, "gone"])


def test_a_queue_that_is_not_there_is_named_with_those_that_are(target: Target) -> None:
    with pytest.raises(NotFound, match="no dead-letter queue spam: choose from events, facts"):
        look(target, ["spam"])
