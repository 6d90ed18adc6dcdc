"""Many items at once: all of them, whatever DynamoDB leaves for another call."""

from typing import Any, cast

import pytest

from billing.domain.errors import StoreUnavailable
from billing.store.dynamodb import batch_get
from tests.support.aws import FakePorts


class Stingy:
    """DynamoDB that reads at most ``room`` items of a batch."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.calls: list[int] = []

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3's
        ((table, asked),) = RequestItems.items()
        keys = asked["Keys"]
        assert len(keys) <= 100, "BatchGetItem takes a hundred keys"
        assert asked["ConsistentRead"]
        self.calls.append(len(keys))
        left = keys[self.room :]
        unread = {table: {"Keys": left}} if left else {}
        return {"Responses": {table: keys[: self.room]}, "UnprocessedKeys": unread}


def read(room: int, count: int) -> tuple[set[str], list[int]]:
    stingy = Stingy(room)
    items = batch_get(cast("Any", stingy), "table", "id", (str(n) for n in range(count)))
    return {item["id"] for item in items}, stingy.calls


def test_more_than_a_batch_takes_is_read_in_several() -> None:
    found, calls = read(room=100, count=250)

    assert len(found) == 250
    assert calls == [100, 100, 50]


def test_what_was_left_unread_is_asked_for_again() -> None:
    assert read(room=40, count=100) == ({str(n) for n in range(100)}, [100, 60, 20])


def test_a_batch_of_which_nothing_is_read_is_unavailable() -> None:
    with pytest.raises(StoreUnavailable):
        read(room=0, count=1)


def test_a_key_is_asked_for_once_and_one_that_is_not_there_is_left_out(ports: FakePorts) -> None:
    ports.customers.assign("cus_1", "user_1")

    assert ports.customers.users_of(["cus_1", "cus_1", "cus_2"]) == {"cus_1": "user_1"}
    assert ports.customers.users_of([]) == {}
