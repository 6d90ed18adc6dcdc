"""Dunning follows from what is owed, and one execution waits for its end."""

from typing import Any

import pytest

from billing.domain.derive import say_the_same, with_derived
from billing.domain.dunning import dunning_of
from billing.domain.policy import Policy
from billing.domain.record import Dunning, Record, Status
from tests.support.builders import NOW, a_stamped_record, an_invoice

DAY = 86_400
POLICY = Policy(grace_days=7)
PAID = an_invoice(invoice_id="in_0", status="paid", invoice_created=NOW - 40 * DAY)


def owing(standing: Status = "past_due", finalized: int = NOW, **invoice: Any) -> Record:
    owed = an_invoice(finalized_at=finalized, **invoice)
    return a_stamped_record(1, 2, status=standing).model_copy(
        update={"invoices": {"in_0": PAID, "in_1": owed}}
    )


@pytest.mark.parametrize("status", ["past_due", "unpaid"])
def test_what_is_owed_opens_dunning_though_no_failed_event_came(status: Status) -> None:
    assert dunning_of(owing(status), POLICY) == Dunning(
        invoice_id="in_1", since=NOW, until=NOW + 7 * DAY
    )


def test_a_failed_renewal_opens_dunning_before_the_subscription_says_so() -> None:
    assert dunning_of(owing("active", failed_attempts=1), POLICY) is not None
    assert dunning_of(owing("active"), POLICY) is None


def test_a_change_that_is_not_paid_for_is_taken_back_rather_than_dunned() -> None:
    change = owing("active", failed_attempts=1, billing_reason="subscription_update")

    assert dunning_of(change, POLICY) is None


@pytest.mark.parametrize("status", ["incomplete", "incomplete_expired", "canceled"])
def test_what_never_gave_access_or_is_over_opens_no_dunning(status: Status) -> None:
    assert dunning_of(owing(status, failed_attempts=1), POLICY) is None


@pytest.mark.parametrize("status", ["paid", "void", "draft"])
def test_a_settled_invoice_ends_dunning(status: str) -> None:
    assert dunning_of(owing(status=status), POLICY) is None


def test_a_debt_given_up_still_counts_while_stripe_holds_it_against_the_subscription() -> None:
    assert dunning_of(owing("unpaid", status="uncollectible"), POLICY) is not None
    forgiven = owing("active", status="uncollectible", failed_attempts=3)
    assert dunning_of(forgiven, POLICY) is None


def test_where_nothing_was_ever_paid_grace_is_over_at_once() -> None:
    record = owing()
    never_paid = record.model_copy(update={"invoices": {"in_1": record.invoices["in_1"]}})

    dunning = dunning_of(never_paid, POLICY)

    assert dunning is not None
    assert dunning.until == dunning.since


def test_the_first_who_comes_waits_and_nobody_takes_its_place() -> None:
    opened = with_derived(owing(), POLICY, NOW)
    first = with_derived(opened, POLICY, NOW, waiter="first")
    second = with_derived(first, POLICY, NOW, waiter="second")

    waiting = [r.dunning.execution if r.dunning else "none" for r in (opened, first, second)]
    assert waiting == [None, "first", "first"]


def test_whose_wait_is_over_does_not_wait_for_the_next_debt() -> None:
    over = owing(finalized=NOW - 8 * DAY, failed_attempts=1)
    waited = with_derived(over, POLICY, NOW, waiter="first")
    next_debt = an_invoice(invoice_id="in_2", invoice_created=NOW, finalized_at=NOW)
    paid = waited.invoices["in_1"].model_copy(update={"status": "paid"})
    invoices = {"in_1": paid, "in_2": next_debt}

    later = with_derived(waited.model_copy(update={"invoices": invoices}), POLICY, NOW, "second")

    assert later.dunning is not None
    assert (later.dunning.invoice_id, later.dunning.execution) == ("in_2", "second")


def test_whose_wait_is_over_does_not_wait_for_grace_that_a_new_policy_adds() -> None:
    over = owing(finalized=NOW - 8 * DAY, failed_attempts=1)
    waited = with_derived(over, POLICY, NOW, waiter="first")

    later = with_derived(waited, Policy(grace_days=30), NOW, waiter="second")

    assert later.dunning is not None
    assert later.dunning.execution == "second"


def test_who_wakes_too_late_for_a_shorter_grace_gives_way_to_who_comes() -> None:
    waited = with_derived(owing(failed_attempts=1), Policy(grace_days=14), NOW, waiter="first")

    changed = with_derived(waited, Policy(grace_days=2), NOW)
    later = with_derived(changed, Policy(grace_days=2), NOW, waiter="second")

    assert later.dunning is not None
    assert later.dunning.execution == "second"


def test_who_waits_for_a_debt_goes_on_to_the_next_if_it_comes_in_time() -> None:
    waited = with_derived(owing(failed_attempts=1), POLICY, NOW, waiter="first")
    next_debt = an_invoice(invoice_id="in_2", invoice_created=NOW, finalized_at=NOW)
    paid = waited.invoices["in_1"].model_copy(update={"status": "paid"})
    invoices = {"in_1": paid, "in_2": next_debt}

    later = with_derived(waited.model_copy(update={"invoices": invoices}), POLICY, NOW, "second")

    assert later.dunning is not None
    assert later.dunning.execution == "first"


def test_two_looks_at_the_same_truth_say_the_same() -> None:
    record = owing()
    later = {"in_0": PAID, "in_1": record.invoices["in_1"].model_copy(update={"as_of": NOW + 9})}

    assert say_the_same(record, record.model_copy(update={"version": 9, "invoices": later}))
    assert not say_the_same(record, record.model_copy(update={"invoices": {}}))
