"""What is learnt ends in the record in the same way, whatever order it was learnt in."""

from itertools import permutations
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from billing.domain.merge import (
    CLOSED_KEPT,
    PURCHASES_KEPT,
    changes_between,
    with_customer,
    with_event,
    with_invoice,
    with_invoices,
    with_listed,
    with_listed_invoices,
    with_purchases,
    with_subscription,
    without_checkout,
)
from billing.domain.record import CheckoutSlot, Invoice, Stamp
from tests.support.builders import (
    NOW,
    a_purchase,
    a_record,
    a_stamped_record,
    a_subscription,
    a_subscription_event,
    an_invoice,
)

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


#: What Stripe may say of one invoice, in any order.
words = st.builds(
    an_invoice,
    status=st.sampled_from(["draft", "open", "uncollectible", "paid"]),
    attempts=st.integers(0, 3),
    failed_attempts=st.integers(0, 3),
    as_of=st.integers(NOW, NOW + 2),
    next_attempt_at=st.none() | st.integers(NOW, NOW + 1),
)


@given(st.lists(words, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_what_is_heard_of_an_invoice_ends_alike_in_any_order_and_any_number_of_times(
    heard: list[Invoice], random: Random
) -> None:
    again = [*heard, *heard]
    random.shuffle(again)

    assert with_invoices(a_record(), again) == with_invoices(a_record(), heard)


def test_an_invoice_never_goes_back() -> None:
    paid = with_invoice(a_record(), an_invoice(status="paid", as_of=NOW))

    assert with_invoice(paid, an_invoice(status="open", as_of=NOW + 9)) == paid


def test_a_late_failure_of_a_paid_invoice_is_still_heard() -> None:
    paid = with_invoice(a_record(), an_invoice(status="paid"))

    invoice = with_invoice(paid, an_invoice(failed_attempts=1)).invoices["in_1"]

    assert (invoice.status, invoice.failed_attempts) == ("paid", 1)


def test_what_is_open_is_kept_and_of_what_is_closed_the_last_ones() -> None:
    closed = [
        an_invoice(invoice_id=f"in_{n:02}", status="void", invoice_created=NOW + n)
        for n in range(CLOSED_KEPT + 1)
    ]
    old = {"open": an_invoice(invoice_id="open", invoice_created=1)}
    old |= {"paid": an_invoice(invoice_id="paid", status="paid", invoice_created=2)}

    kept = with_invoices(a_record(), [*old.values(), *closed]).invoices

    assert set(kept) == {i.invoice_id for i in closed[1:]} | {"open", "paid"}


def test_an_old_invoice_that_is_paid_at_last_is_kept_until_the_next_word() -> None:
    closed = [
        an_invoice(invoice_id=f"in_{n:02}", status="void", invoice_created=NOW + n)
        for n in range(CLOSED_KEPT)
    ]
    record = with_invoices(a_record(), [an_invoice(invoice_id="old"), *closed])
    void = an_invoice(invoice_id="old", status="void", invoice_created=1)

    assert "old" in with_invoice(record, void).invoices
    newer = an_invoice(invoice_id="new", status="void", invoice_created=NOW + 99)
    assert "old" not in with_invoices(record, [void, newer]).invoices


def test_a_draft_that_a_list_should_show_and_does_not_was_deleted() -> None:
    drafts = [
        an_invoice(invoice_id="mine", status="draft"),
        an_invoice(invoice_id="other", status="draft", subscription_id="sub_2"),
        an_invoice(invoice_id="older", status="draft", invoice_created=1),
    ]
    record = with_invoices(a_record(), drafts)
    listed = [an_invoice(invoice_id="in_2", invoice_created=NOW - 7200)]

    assert set(with_listed_invoices(record, listed, "sub_1").invoices) == {"other", "older", "in_2"}
    assert set(with_listed_invoices(record, listed).invoices) == {"older", "in_2"}
    assert with_listed_invoices(record, []).invoices == {}


def test_purchases_are_kept_within_bounds_and_what_stands_of_each_thing_always() -> None:
    old = a_purchase(purchase_id="old", lookup_key="rare", purchase_created=1)
    failed = [
        a_purchase(purchase_id=f"pi_{n:03}", status="failed", purchase_created=NOW + n)
        for n in range(PURCHASES_KEPT + 1)
    ]

    kept = with_purchases(a_record(), [old, *failed]).purchases

    assert set(kept) == {"old", *(p.purchase_id for p in failed[1:])}


def test_what_was_bought_stays_bought_when_its_lookup_key_passes_on() -> None:
    bought = with_purchases(a_record(), [a_purchase()])

    again = with_purchases(bought, [a_purchase(lookup_key=None, amount_refunded=1)])

    assert again.purchases["pi_1"] == a_purchase(amount_refunded=1)


def test_a_trials_end_is_noted_only_while_the_trial_lasts() -> None:
    announced = a_subscription_event(None, trial_notice=NOW + 9)
    trial = a_stamped_record(1, 2, status="trialing", trial_end=NOW + 9)

    assert with_event(trial, announced).trial_notice == NOW + 9
    extended = a_stamped_record(1, 2, status="trialing", trial_end=NOW + 99)
    over, another = a_stamped_record(1, 2), a_stamped_record(1, 2, subscription_id="sub_2")
    for other in (over, another, extended):
        assert with_event(other, announced) == other
