"""The rules a to g of the reducer, each at its border."""

from typing import Any

import pytest

from billing.domain.decide import (
    MAX_AGE,
    WINDOW,
    Apply,
    CheckDebt,
    Decision,
    FetchCustomer,
    FetchPurchase,
    FetchSubscription,
    Ignore,
    Keep,
    ListSubscriptions,
    SyncCustomer,
    decide,
    decide_on_debt,
)
from billing.domain.derive import with_derived
from billing.domain.events import CustomerEvent
from billing.domain.merge import CLOSED_KEPT
from billing.domain.policy import Policy
from billing.domain.record import CheckoutSlot, CustomerState, Invoice, Record, Stamp, Status
from tests.support.builders import (
    NOW,
    a_purchase_event,
    a_record,
    a_session_event,
    a_stamped_record,
    a_subscription,
    a_subscription_event,
    an_invoice,
    an_invoice_event,
)

LO, HI = NOW - 100, NOW - 90


def test_at_first_contact_everything_that_the_customer_has_is_listed() -> None:
    unknown = a_record(synced_customer_id=None)
    ended = a_subscription(status="canceled")

    assert decide(unknown, a_subscription_event(ended), NOW) == SyncCustomer(
        customer_id="cus_1", ended=ended
    )
    for event in (a_session_event(), an_invoice_event(an_invoice()), a_purchase_event()):
        assert decide(unknown, event, NOW) == SyncCustomer(customer_id="cus_1")


def test_a_first_subscription_lists_all_of_the_customers_subscriptions() -> None:
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


def test_a_subscription_that_loses_its_standing_may_yield_to_another() -> None:
    record = a_stamped_record(LO, HI).model_copy(
        update={"other_live": (a_subscription(subscription_id="sub_2"),)}
    )
    paused = a_subscription_event(a_subscription(status="paused"), created=HI + WINDOW + 1)

    assert decide(record, paused, NOW) == ListSubscriptions(customer_id="cus_1")


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


def test_a_schedule_makes_us_look_at_its_subscription_or_at_nothing() -> None:
    record = a_stamped_record(LO, HI)

    looked = decide(record, a_subscription_event(None, subscription_id="sub_1"), NOW)
    assert looked == FetchSubscription(subscription_id="sub_1")
    nothing = decide(record, a_subscription_event(None, subscription_id=None), NOW)
    assert isinstance(nothing, Ignore)


def test_a_trials_end_is_announced_even_if_the_record_is_newer() -> None:
    late = a_subscription_event(a_subscription(), created=LO - WINDOW - 1, trial_notice=NOW + 9)

    assert (
        decide(a_stamped_record(LO, HI, status="trialing", trial_end=NOW + 9), late, NOW) == Keep()
    )
    extended = a_stamped_record(LO, HI, status="trialing", trial_end=NOW + 99)
    for other in (a_stamped_record(LO, HI), extended):
        assert isinstance(decide(other, late, NOW), Ignore)


def an_invoice_of(record: Record, invoice: Invoice, created: int = NOW) -> Decision:
    return decide(record, an_invoice_event(invoice, created=created), NOW)


def test_an_invoice_of_a_subscription_in_good_standing_is_merged_without_a_call() -> None:
    record = a_stamped_record(LO, HI)

    for status in ("open", "paid", "void"):
        assert an_invoice_of(record, an_invoice(status=status)) == Keep()


@pytest.mark.parametrize("status", ["past_due", "unpaid", "paused", "incomplete"])
def test_an_invoice_that_is_settled_makes_us_look_at_a_subscription_in_bad_standing(
    status: Status,
) -> None:
    record = a_stamped_record(LO, HI, status=status)
    paid = an_invoice(status="paid")

    assert an_invoice_of(record, paid) == FetchSubscription(subscription_id="sub_1")
    assert an_invoice_of(record, an_invoice()) == Keep()
    assert an_invoice_of(record, paid, created=LO - WINDOW - 1) == Keep()


def test_an_invoice_of_an_ended_subscription_is_merged() -> None:
    record = a_stamped_record(LO, HI, status="canceled")

    assert an_invoice_of(record, an_invoice(status="void")) == Keep()


def test_an_invoice_of_another_subscription_lists_unless_it_is_known() -> None:
    other = an_invoice(subscription_id="sub_2")
    record = a_stamped_record(LO, HI)
    known = record.model_copy(update={"other_live": (a_subscription(subscription_id="sub_2"),)})
    merged = record.model_copy(update={"invoices": {"in_1": other}})

    assert an_invoice_of(record, other) == ListSubscriptions(customer_id="cus_1")
    assert an_invoice_of(known, other) == Keep()
    assert isinstance(an_invoice_of(merged, other), Ignore)
    assert an_invoice_of(record, an_invoice(subscription_id=None)) == Keep()


def test_an_invoice_that_says_nothing_new_is_ignored() -> None:
    record = a_stamped_record(LO, HI).model_copy(update={"invoices": {"in_1": an_invoice()}})

    assert isinstance(an_invoice_of(record, an_invoice()), Ignore)
    assert isinstance(an_invoice_of(record, an_invoice(status="draft")), Ignore)


def test_an_invoice_older_than_those_that_are_kept_is_not_brought_back() -> None:
    closed = {
        f"in_{n}": an_invoice(invoice_id=f"in_{n}", status="paid", invoice_created=NOW + n)
        for n in range(CLOSED_KEPT)
    }
    record = a_stamped_record(LO, HI).model_copy(update={"invoices": closed})

    assert isinstance(an_invoice_of(record, an_invoice(invoice_id="old")), Ignore)
    assert an_invoice_of(record, an_invoice(invoice_id="new", invoice_created=NOW + 1)) == Keep()


def test_a_purchase_is_always_looked_at() -> None:
    event = a_purchase_event(payment_intent_id="pi_1", session_id=None)

    assert decide(a_record(), event, NOW) == FetchPurchase(
        payment_intent_id="pi_1", session_id=None
    )


def test_a_checkout_that_expired_frees_its_slot_and_else_says_nothing() -> None:
    slot = CheckoutSlot(op_seq=1, price_id="price_self_hosted", session_id="cs_1")
    event = a_purchase_event(expired=True)

    assert decide(a_record(checkout=slot), event, NOW) == Keep()
    assert isinstance(decide(a_record(), event, NOW), Ignore)


def a_customer_event(**fields: Any) -> CustomerEvent:
    return CustomerEvent.model_validate(
        {"event_id": "evt_4", "created": NOW, "customer_id": "cus_1", **fields}
    )


def test_a_customer_is_looked_at_unless_the_record_is_newer() -> None:
    record = a_record(customer_stamp=Stamp(lo=LO, hi=HI))

    assert decide(record, a_customer_event(), NOW) == FetchCustomer(customer_id="cus_1")
    stale = decide(record, a_customer_event(created=LO - WINDOW - 1), NOW)
    assert isinstance(stale, Ignore)


def test_the_subscriptions_stamp_says_nothing_of_the_customer() -> None:
    record = a_stamped_record(NOW + 100, NOW + 101)

    assert decide(record, a_customer_event(), NOW) == FetchCustomer(customer_id="cus_1")


def test_a_deleted_customer_is_listed_once_and_never_looked_at_again() -> None:
    deleted = a_customer_event(deleted=True)
    gone = a_record(customer=CustomerState(customer_id="cus_1", deleted=True))

    assert decide(a_record(), deleted, NOW) == SyncCustomer(customer_id="cus_1")
    for event in (deleted, a_customer_event()):
        assert isinstance(decide(gone, event, NOW), Ignore)


def test_who_owes_nothing_is_not_looked_at_when_grace_ends() -> None:
    owed = a_stamped_record(LO, HI, status="past_due").model_copy(
        update={"invoices": {"in_1": an_invoice()}}
    )

    assert isinstance(decide_on_debt(a_stamped_record(LO, HI)), Ignore)
    assert decide_on_debt(with_derived(owed, Policy(), NOW)) == CheckDebt(subscription_id="sub_1")
