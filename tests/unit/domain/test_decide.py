"""The rules a to g of the reducer, each at its border."""

import pytest

from billing.domain.decide import (
    MAX_AGE,
    WINDOW,
    Apply,
    Decision,
    FetchSubscription,
    Ignore,
    Keep,
    ListSubscriptions,
    decide,
)
from billing.domain.record import Record, Stamp, Status
from tests.support.builders import (
    NOW,
    a_record,
    a_session_event,
    a_stamped_record,
    a_subscription,
    a_subscription_event,
)

LO, HI = NOW - 100, NOW - 90


def test_first_contact_lists_all_of_the_customers_subscriptions() -> None:
    decision = decide(a_record(), a_subscription_event(a_subscription()), NOW)

    assert decision == ListSubscriptions(customer_id="cus_1")


def test_another_subscription_than_the_stored_one_lists_and_ranks() -> None:
    record = a_stamped_record(LO, HI)

    decision = decide(record, a_subscription_event(a_subscription(subscription_id="sub_2")), NOW)

    assert decision == ListSubscriptions(customer_id="cus_1")


@pytest.mark.parametrize("status", ["canceled", "incomplete_expired"])
def test_a_stored_end_is_final(status: Status) -> None:
    record = a_stamped_record(LO, HI, status=status)

    assert isinstance(decide(record, a_subscription_event(a_subscription()), NOW), Ignore)


def test_our_subscriptions_end_lists_what_else_the_customer_has() -> None:
    ended = a_subscription(status="canceled", ended_at=NOW)

    decision = decide(a_stamped_record(LO, HI), a_subscription_event(ended), NOW)

    assert decision == ListSubscriptions(customer_id="cus_1", ended=ended)


def test_our_subscriptions_end_counts_even_when_its_event_looks_old() -> None:
    ended = a_subscription(status="canceled")
    event = a_subscription_event(ended, created=LO - WINDOW - 1)

    assert isinstance(decide(a_stamped_record(LO, HI), event, NOW), ListSubscriptions)


def test_an_event_before_the_stamp_and_its_window_is_stale() -> None:
    event = a_subscription_event(a_subscription(), created=LO - WINDOW - 1)

    assert isinstance(decide(a_stamped_record(LO, HI), event, NOW), Ignore)


def test_a_stale_event_is_stale_however_old_it_is() -> None:
    event = a_subscription_event(a_subscription(), created=LO - 40 * MAX_AGE)

    assert isinstance(decide(a_stamped_record(LO, HI), event, NOW), Ignore)


@pytest.mark.parametrize("created", [LO - WINDOW, LO, HI, HI + WINDOW])
def test_an_event_within_the_stamps_doubt_is_fetched(created: int) -> None:
    event = a_subscription_event(a_subscription(), created=created)

    decision = decide(a_stamped_record(LO, HI), event, NOW)

    assert decision == FetchSubscription(subscription_id="sub_1")


def test_an_event_after_the_stamp_and_its_window_is_applied_without_a_call() -> None:
    newer, created = a_subscription(status="past_due"), HI + WINDOW + 1

    decision = decide(a_stamped_record(LO, HI), a_subscription_event(newer, created=created), NOW)

    assert decision == Apply(subscription=newer, stamp=Stamp(lo=created, hi=created))


def test_a_newer_event_over_an_hour_old_is_fetched() -> None:
    record = a_stamped_record(NOW - 3 * MAX_AGE, NOW - 3 * MAX_AGE)
    event = a_subscription_event(a_subscription(), created=NOW - MAX_AGE - 1)

    assert isinstance(decide(record, event, NOW), FetchSubscription)


def test_a_test_clocks_event_is_fetched() -> None:
    event = a_subscription_event(a_subscription(test_clock_id="clock_1"))

    assert isinstance(decide(a_stamped_record(LO, HI), event, NOW), FetchSubscription)


def test_a_payload_that_cannot_be_read_is_fetched() -> None:
    event = a_subscription_event(None)

    assert isinstance(decide(a_stamped_record(LO, HI), event, NOW), FetchSubscription)


def test_a_record_without_a_stamp_is_fetched() -> None:
    record = a_record(version=1, subscription=a_subscription())

    assert isinstance(
        decide(record, a_subscription_event(a_subscription()), NOW), FetchSubscription
    )


@pytest.mark.parametrize(
    ("record", "subscription_id"),
    [
        (a_record(), "sub_1"),
        (a_stamped_record(LO, HI), "sub_2"),
    ],
)
def test_a_session_of_an_unknown_subscription_lists(
    record: Record, subscription_id: str | None
) -> None:
    decision = decide(record, a_session_event(subscription_id=subscription_id), NOW)

    assert decision == ListSubscriptions(customer_id="cus_1")


@pytest.mark.parametrize("subscription_id", ["sub_1", "sub_2", None])
def test_a_session_of_a_known_subscription_changes_no_subscription(
    subscription_id: str | None,
) -> None:
    record = a_stamped_record(LO, HI).model_copy(
        update={"other_live": (a_subscription(subscription_id="sub_2"),)}
    )

    assert decide(record, a_session_event(subscription_id=subscription_id), NOW) == Keep()


def test_an_event_of_a_former_customer_takes_nothing_away() -> None:
    record = a_stamped_record(LO, HI).model_copy(update={"former_customers": ("cus_0",)})
    ended = a_subscription(subscription_id="sub_0", status="canceled")

    for event in (
        a_subscription_event(ended, customer_id="cus_0"),
        a_session_event(customer_id="cus_0", subscription_id="sub_0"),
    ):
        assert decide(record, event, NOW) == Ignore(reason="of a former customer")


def test_the_stored_subscription_counts_even_if_its_customer_is_a_former_one() -> None:
    record = a_stamped_record(LO, HI).model_copy(update={"former_customers": ("cus_0",)})
    ended = a_subscription(status="canceled")

    decision = decide(record, a_subscription_event(ended, customer_id="cus_0"), NOW)

    assert decision == ListSubscriptions(customer_id="cus_1", ended=ended)


@pytest.mark.parametrize(
    ("status", "delayed", "decision"),
    [
        ("active", False, Keep()),
        ("active", True, FetchSubscription(subscription_id="sub_1")),
        ("incomplete", True, FetchSubscription(subscription_id="sub_1")),
        ("incomplete", False, FetchSubscription(subscription_id="sub_1")),
        ("canceled", True, Keep()),
    ],
)
def test_a_delayed_payment_makes_us_look_unless_all_is_settled(
    status: Status, *, delayed: bool, decision: Decision
) -> None:
    record = a_stamped_record(LO, HI, status=status)

    assert decide(record, a_session_event(delayed=delayed), NOW) == decision
