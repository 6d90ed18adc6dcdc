"""What is learnt ends in the record in the same way, whatever order it was learnt in."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from billing.domain.merge import (
    changes_between,
    with_customer,
    with_listed,
    with_subscription,
    without_checkout,
)
from billing.domain.record import CheckoutSlot, Stamp
from tests.support.builders import NOW, a_record, a_stamped_record, a_subscription

STAMP = Stamp(lo=NOW - 1, hi=NOW + 1)


def test_a_paid_subscription_outranks_an_older_unpaid_one() -> None:
    unpaid = a_subscription(subscription_id="sub_old", status="unpaid", subscription_created=1)
    active = a_subscription(subscription_id="sub_new", subscription_created=2)

    record = with_listed(a_record(), [unpaid, active], STAMP)

    assert record.subscription == active
    assert record.other_live == (unpaid,)


def test_of_two_paid_subscriptions_the_later_is_the_duplicate() -> None:
    first = a_subscription(subscription_id="sub_z", subscription_created=1)
    second = a_subscription(subscription_id="sub_a", subscription_created=2)

    record = with_listed(a_record(), [second, first], STAMP)

    assert (record.subscription, record.other_live) == (first, (second,))


def test_of_ended_subscriptions_the_newest_is_kept_for_history() -> None:
    old = a_subscription(subscription_id="sub_1", status="canceled", subscription_created=1)
    new = a_subscription(subscription_id="sub_2", status="canceled", subscription_created=2)

    record = with_listed(a_record(), [old, new], STAMP)

    assert (record.subscription, record.other_live) == (new, ())


def test_an_incomplete_subscription_is_no_duplicate() -> None:
    active = a_subscription()
    incomplete = a_subscription(subscription_id="sub_2", status="incomplete")

    assert with_listed(a_record(), [incomplete, active], STAMP).other_live == ()


def test_no_answer_of_stripes_takes_back_an_end_that_was_told() -> None:
    ended = a_subscription(status="canceled")

    record = with_listed(a_stamped_record(1, 2), [a_subscription()], STAMP, ended)

    assert record.subscription == ended


def test_a_customer_without_subscriptions_leaves_the_record_as_it_was() -> None:
    assert with_listed(a_record(), [], STAMP) == a_record()


@given(st.lists(st.sampled_from(["active", "past_due", "incomplete", "canceled"]), max_size=4))
def test_the_choice_does_not_depend_on_the_order_of_the_list(statuses: list[str]) -> None:
    subscriptions = [
        a_subscription(subscription_id=f"sub_{i}", status=status, subscription_created=i // 2)
        for i, status in enumerate(statuses)
    ]

    chosen = {
        with_listed(a_record(), order, STAMP).model_dump_json()
        for order in permutations(subscriptions)
    }

    assert len(chosen) == 1


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_a_stamp_never_falls(lo: int, hi: int, new_lo: int, new_hi: int) -> None:
    record = a_stamped_record(lo, hi)

    stamp = with_subscription(record, a_subscription(), Stamp(lo=new_lo, hi=new_hi)).stamp

    assert stamp == Stamp(lo=max(lo, new_lo), hi=max(hi, new_hi))


def test_a_trial_is_remembered_after_it_is_over() -> None:
    trialing = with_subscription(a_record(), a_subscription(trial_end=NOW), STAMP)

    assert with_subscription(trialing, a_subscription(), STAMP).had_trial


def test_a_trial_of_another_subscription_counts_too() -> None:
    tried = a_subscription(subscription_id="sub_0", status="canceled", trial_end=5)

    assert with_listed(a_record(), [tried, a_subscription()], STAMP).had_trial


def test_a_replaced_customer_is_remembered_once() -> None:
    record = with_customer(with_customer(a_record(), "cus_2"), "cus_2")

    assert (record.customer_id, record.former_customers) == ("cus_2", ("cus_1",))


def test_a_former_customer_never_comes_back() -> None:
    record = with_customer(a_record(), "cus_2")

    assert with_customer(record, "cus_1") == record


def test_only_its_own_session_frees_the_checkout_slot() -> None:
    slot = CheckoutSlot(op_seq=1, price_id="price_1", quantity=1, session_id="cs_1")
    record = a_record(checkout=slot)

    assert without_checkout(record, "cs_2").checkout == slot
    assert without_checkout(record, None).checkout == slot
    assert without_checkout(record, "cs_1").checkout is None


def test_changes_name_what_differs_and_nothing_else() -> None:
    before = a_stamped_record(1, 2)
    after = a_stamped_record(1, 2, status="past_due")

    assert changes_between(before, after) == {"status": {"before": "active", "after": "past_due"}}
