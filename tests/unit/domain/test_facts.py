"""Facts follow from before and after alone."""

from typing import Any

import pytest

from billing.domain.derive import with_derived
from billing.domain.facts import MOST_PURCHASES_TOLD, NEWS, Fact, facts_between
from billing.domain.policy import Policy
from billing.domain.record import Invoice, Purchase, Record
from tests.support.builders import (
    NOW,
    a_purchase,
    a_record,
    a_stamped_record,
    a_subscription,
    an_invoice,
)

POLICY = Policy()


def told(before: Record, after: Record) -> list[Fact]:
    """The facts between two records as they would be stored."""
    old, new = (with_derived(record, POLICY, NOW) for record in (before, after))
    return facts_between(old, new, "evt_1", POLICY, NOW)


def types(before: Record, after: Record) -> list[str]:
    return [fact.type for fact in told(before, after)]


def keys(before: Record, after: Record) -> list[str]:
    return [fact.key for fact in told(before, after)]


def with_invoices(*invoices: Invoice, **subscription: Any) -> Record:
    record = a_stamped_record(1, 2, **subscription)
    return record.model_copy(update={"invoices": {i.invoice_id: i for i in invoices}})


def with_purchase(purchase: Purchase) -> Record:
    return a_record(version=1, purchases={purchase.purchase_id: purchase})


def test_a_first_subscription_is_activated_and_opens_access() -> None:
    facts = told(a_record(), a_stamped_record(1, 2))

    assert [fact.key for fact in facts] == [
        "SubscriptionActivated:user_1:1",
        "AccessChanged:user_1:1",
    ]
    assert {(fact.cause, fact.customer_id, fact.occurred_at) for fact in facts} == {
        ("evt_1", "cus_1", NOW)
    }
    assert facts[1].before == {"level": "none", "reason": "no_subscription"}
    assert facts[1].after == {"level": "full", "reason": "active"}


def test_no_change_is_no_fact() -> None:
    assert types(a_stamped_record(1, 2), a_stamped_record(5, 6)) == []


def test_a_renewal_is_no_change_of_the_subscription() -> None:
    renewed = a_stamped_record(1, 2, current_period_end=NOW + 9_999_999)

    assert types(a_stamped_record(1, 2), renewed) == []


def test_an_incomplete_subscription_activates_once_it_is_paid() -> None:
    incomplete = a_stamped_record(1, 2, status="incomplete")

    assert types(a_record(), incomplete) == []
    assert types(incomplete, a_stamped_record(1, 2)) == ["SubscriptionActivated", "AccessChanged"]


def test_an_incomplete_subscription_that_expires_tells_nothing() -> None:
    expired = a_stamped_record(1, 2, status="incomplete_expired")

    assert types(a_stamped_record(1, 2, status="incomplete"), expired) == []


def test_another_price_or_quantity_is_a_change() -> None:
    before = a_stamped_record(1, 2)

    assert types(before, a_stamped_record(1, 2, price_id="price_2")) == ["SubscriptionChanged"]
    assert types(before, a_stamped_record(1, 2, quantity=2)) == ["SubscriptionChanged"]


def test_a_cancellation_is_scheduled_by_either_of_stripes_fields() -> None:
    before = a_stamped_record(1, 2)

    for field in ({"cancel_at": NOW + 500}, {"cancel_at_period_end": True}):
        scheduled = a_stamped_record(1, 2, **field)
        assert types(before, scheduled) == ["CancellationScheduled"]
        assert types(scheduled, before) == ["CancellationUndone"]


def test_an_end_ends_access_too() -> None:
    ended = a_stamped_record(1, 2, status="canceled")

    assert types(a_stamped_record(1, 2), ended) == ["SubscriptionEnded", "AccessChanged"]


def test_a_subscription_that_takes_the_ended_ones_place_is_told_as_both() -> None:
    before = a_stamped_record(1, 2)
    after = a_stamped_record(1, 2, subscription_id="sub_2")

    assert types(before, after) == ["SubscriptionEnded", "SubscriptionActivated"]


def test_a_live_subscription_that_takes_a_live_ones_place_is_told_though_unpaid() -> None:
    """So that who only reads the facts knows the plan, also once this one is paid for."""
    before = a_stamped_record(1, 2)
    in_arrears = a_stamped_record(1, 2, subscription_id="sub_2", status="past_due")
    both = in_arrears.model_copy(update={"other_live": (a_subscription(status="past_due"),)})

    assert "SubscriptionActivated" in types(before, both)
    assert "SubscriptionEnded" not in types(before, both)


def test_each_further_live_subscription_is_found_once() -> None:
    double = a_subscription(subscription_id="sub_2")
    found = a_stamped_record(1, 2).model_copy(update={"other_live": (double,)})

    assert types(a_stamped_record(1, 2), found) == ["DuplicateSubscriptionFound"]
    assert types(found, found) == []


def test_a_pause_of_collection_is_a_change() -> None:
    paused = a_stamped_record(1, 2, pause_collection="void")

    assert types(a_stamped_record(1, 2), paused) == ["SubscriptionChanged"]


def test_each_failed_attempt_is_told_once_even_if_one_was_skipped() -> None:
    none, twice = with_invoices(an_invoice()), with_invoices(an_invoice(failed_attempts=2))

    assert keys(none, twice) == ["PaymentFailed:in_1:1", "PaymentFailed:in_1:2"]
    assert keys(twice, with_invoices(an_invoice(failed_attempts=3))) == ["PaymentFailed:in_1:3"]
    assert keys(twice, twice) == []


def test_a_payment_that_wants_the_customer_is_told_per_attempt() -> None:
    wanted = with_invoices(an_invoice(action_required_attempt=1))

    assert keys(with_invoices(), wanted) == ["PaymentActionRequired:in_1:1"]
    assert keys(wanted, wanted) == []


def test_a_payment_succeeds_once() -> None:
    paid = with_invoices(an_invoice(status="paid", amount_paid=2900))

    assert keys(with_invoices(an_invoice()), paid) == ["PaymentSucceeded:in_1"]
    assert keys(with_invoices(), paid) == ["PaymentSucceeded:in_1"]
    assert keys(paid, paid) == []


def test_an_invoice_for_nothing_is_no_payment() -> None:
    assert keys(with_invoices(), with_invoices(an_invoice(status="paid", total=0))) == []


def test_what_was_paid_long_before_we_knew_the_customer_is_history() -> None:
    old = {"invoice_created": NOW - NEWS - 1, "status": "paid", "amount_paid": 2900}
    unknown = with_invoices().model_copy(update={"synced_customer_id": None})

    assert keys(unknown, with_invoices(an_invoice(**old))) == []
    assert keys(with_invoices(), with_invoices(an_invoice(**old))) == ["PaymentSucceeded:in_1"]
    recent = with_invoices(an_invoice(**{**old, "invoice_created": NOW - NEWS}))
    assert keys(unknown, recent) == ["PaymentSucceeded:in_1"]


@pytest.mark.parametrize("status", ["paid", "void"])
def test_a_debt_that_is_settled_is_recovered_from(status: str) -> None:
    owed = with_invoices(an_invoice(failed_attempts=1), status="past_due")
    settled = with_invoices(an_invoice(status=status, failed_attempts=1))

    assert "PaymentRecovered:in_1" in keys(owed, settled)


def test_a_debt_that_ends_with_the_subscription_is_not_recovered_from() -> None:
    owed = with_invoices(an_invoice(failed_attempts=1), status="past_due")
    ended = with_invoices(an_invoice(status="void", failed_attempts=1), status="canceled")

    assert "PaymentRecovered" not in types(owed, ended)


def test_a_debt_that_stays_open_is_not_recovered_from_by_a_newer_payment() -> None:
    owed = with_invoices(an_invoice(failed_attempts=1), status="past_due")
    newer = an_invoice(invoice_id="in_2", status="paid", invoice_created=NOW)
    paid = with_invoices(an_invoice(failed_attempts=1), newer)

    assert "PaymentRecovered" not in types(owed, paid)


def test_another_subscription_does_not_recover_a_debt() -> None:
    owed = with_invoices(an_invoice(failed_attempts=1), status="past_due")
    void = an_invoice(failed_attempts=1, status="void")

    assert "PaymentRecovered" not in types(owed, with_invoices(void, subscription_id="sub_2"))


def test_of_many_purchases_at_first_contact_the_newest_are_told() -> None:
    bought = {
        f"pi_{n}": a_purchase(purchase_id=f"pi_{n}", purchase_created=NOW - n) for n in range(99)
    }
    unknown = a_record(synced_customer_id=None)

    told_of = keys(unknown, a_record(version=1, purchases=bought))

    assert set(told_of) == {f"PurchaseCompleted:pi_{n}" for n in range(MOST_PURCHASES_TOLD)}


def test_a_trials_end_is_announced_once_per_end() -> None:
    trial = a_stamped_record(1, 2, status="trialing", trial_end=NOW + 9)
    announced = trial.model_copy(update={"trial_notice": NOW + 9})

    assert keys(trial, announced) == [f"TrialEnding:sub_1:{NOW + 9}"]
    assert keys(announced, announced) == []


def test_a_purchase_completes_once_it_is_paid() -> None:
    pending = with_purchase(a_purchase(status="pending"))

    assert keys(a_record(), pending) == []
    assert keys(pending, with_purchase(a_purchase())) == ["PurchaseCompleted:pi_1"]


def test_each_further_refund_and_a_lost_dispute_reverse_a_purchase() -> None:
    paid, part = with_purchase(a_purchase()), with_purchase(a_purchase(amount_refunded=500))
    lost = with_purchase(a_purchase(amount_refunded=500, dispute="lost"))

    assert keys(paid, part) == ["PurchaseReversed:ch_1:500"]
    assert keys(part, lost) == ["PurchaseReversed:ch_1:dispute_lost"]
    assert keys(part, paid) == [], "a refund that failed"
    for dispute in ("needs_response", "warning_closed", "won"):
        assert keys(paid, with_purchase(a_purchase(dispute=dispute))) == []


def test_a_change_of_access_is_told_from_what_was_announced_last() -> None:
    """Time alone ends grace: what was announced is then no longer what the record gives."""
    invoices = [an_invoice(finalized_at=NOW - 8 * 86_400, failed_attempts=1)]
    paid = an_invoice(invoice_id="in_0", status="paid", invoice_created=NOW - 40 * 86_400)
    owed = with_invoices(paid, *invoices, status="past_due")
    in_grace = owed.model_copy(update={"access_level": "grace"})

    facts = facts_between(in_grace, with_derived(owed, POLICY, NOW), "evt_1", POLICY, NOW)

    assert [(fact.type, fact.before, fact.after) for fact in facts] == [
        (
            "AccessChanged",
            {"level": "grace", "reason": "past_due"},
            {"level": "restricted", "reason": "past_due"},
        )
    ]
