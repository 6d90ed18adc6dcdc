"""The record is one flat item, and every save names the version that it was decided on."""

import pytest

from billing.domain.record import CheckoutSlot, Record
from billing.store.dynamodb import client, from_item
from tests.support.aws import FakePorts
from tests.support.builders import NOW, a_record, a_stamped_record, a_subscription

#: Another's reading of DynamoDB's documentation than that of our tables in memory.
pytestmark = pytest.mark.moto

FULL = a_stamped_record(1, 2, cancel_at=NOW, trial_end=NOW).model_copy(
    update={
        "former_customers": ("cus_0",),
        "had_trial": True,
        "op_seq": 3,
        "checkout": CheckoutSlot(op_seq=3, price_id="price_1", quantity=2, session_id="cs_1"),
        "other_live": (a_subscription(subscription_id="sub_2"),),
        "last_event_id": "evt_1",
        "updated_at": NOW,
    }
)


def item() -> dict[str, object]:
    answer = client().get_item(TableName="user_scai_subscriptions", Key={"_id": {"S": "user_1"}})
    return from_item(answer["Item"])


def test_a_record_comes_back_as_it_was_saved(ports: FakePorts) -> None:
    for record in (FULL, a_record(version=1)):
        ports.records.save(record, replacing=ports.records.load("user_1").version)

        assert ports.records.load("user_1") == record


def test_the_subscription_is_flat_and_unset_attributes_are_absent(ports: FakePorts) -> None:
    ports.records.save(FULL, replacing=0)

    stored = item()
    assert (stored["_id"], stored["status"], stored["price_id"]) == (
        "user_1",
        "active",
        "price_standard",
    )
    assert (stored["stamp_lo"], stored["stamp_hi"]) == (1, 2)
    assert "canceled_at" not in stored
    assert "subscription" not in stored


def test_only_a_duplicate_subscription_is_in_the_attention_index(ports: FakePorts) -> None:
    ports.records.save(FULL, replacing=0)
    assert item()["attention"] == "duplicate_subscription"

    ports.records.save(a_stamped_record(1, 2), replacing=1)
    assert "attention" not in item()


def test_a_user_without_a_record_has_version_zero(ports: FakePorts) -> None:
    assert ports.records.load("user_9") == Record(user_id="user_9")


def test_a_save_on_another_version_is_refused_and_changes_nothing(ports: FakePorts) -> None:
    assert ports.records.save(a_record(version=1), replacing=0)

    assert not ports.records.save(a_record(version=1, op_seq=9), replacing=0)
    assert not ports.records.save(a_record(version=3, op_seq=9), replacing=2)
    assert ports.records.load("user_1").op_seq == 0


def test_what_a_later_version_has_added_survives_our_write(ports: FakePorts) -> None:
    ports.records.save(FULL, replacing=0)
    client().update_item(
        TableName="user_scai_subscriptions",
        Key={"_id": {"S": "user_1"}},
        UpdateExpression="SET later_added = :new, checkout.channel = :new",
        ExpressionAttributeValues={":new": {"M": {"in_1": {"S": "paid"}}}},
    )

    loaded = ports.records.load("user_1")
    ports.records.save(loaded.model_copy(update={"version": 2, "customer_id": None}), replacing=1)

    assert item()["later_added"] == {"in_1": "paid"}
    assert "customer_id" not in item()
