"""Status, debt and policy decide what a user may use."""

from typing import Any

import pytest

from billing.domain.access import Access, access_of, has_bought
from billing.domain.policy import Policy
from billing.domain.record import Level, Record
from tests.support.builders import NOW, a_purchase, a_record, a_stamped_record, an_invoice

POLICY = Policy(grace_days=7)
DAY = 86_400
DUE = NOW - 2 * DAY
PAID = an_invoice(invoice_id="in_0", status="paid", invoice_created=NOW - 40 * DAY)
OWED = an_invoice(invoice_id="in_1", invoice_created=DUE - 3600, finalized_at=DUE)


def past_due(*invoices: Any, **fields: Any) -> Record:
    record = a_stamped_record(1, 2, status="past_due", **fields)
    return record.model_copy(update={"invoices": {i.invoice_id: i for i in invoices}})


def until(record: Record, policy: Policy = POLICY) -> int | None:
    """When grace ends; None where there is none."""
    access = access_of(record, policy, NOW)
    return access.until if access.level == "grace" else None


@pytest.mark.parametrize(
    ("status", "level"),
    [
        ("trialing", "full"),
        ("active", "full"),
        ("unpaid", "restricted"),
        ("paused", "restricted"),
        ("incomplete", "none"),
        ("canceled", "none"),
        ("incomplete_expired", "none"),
    ],
)
def test_a_status_gives_its_level(status: str, level: Level) -> None:
    access = access_of(a_stamped_record(1, 2, status=status), POLICY, NOW)

    assert (access.level, access.reason) == (level, status)


def test_without_a_subscription_there_is_no_access() -> None:
    assert access_of(a_record(), POLICY, NOW) == Access(level="none", reason="no_subscription")


def test_a_trial_that_ended_unpaid_gives_no_grace_however_far_ahead_its_test_clock_is() -> None:
    due_later = an_invoice(invoice_id="in_1", invoice_created=NOW + DAY, finalized_at=NOW + DAY)

    assert access_of(past_due(due_later), POLICY, NOW).level == "restricted"


@pytest.mark.parametrize("field", ["cancel_at", "cancel_at_period_end"])
def test_a_scheduled_cancellation_ends_access_on_time_even_if_its_event_is_late(
    field: str,
) -> None:
    ends: dict[str, Any] = {"cancel_at": NOW}
    if field == "cancel_at_period_end":
        ends = {"cancel_at_period_end": True, "current_period_end": NOW}
    record = a_stamped_record(1, 2, **ends)

    assert access_of(record, POLICY, NOW - 1) == Access(level="full", until=NOW, reason="active")
    assert access_of(record, POLICY, NOW) == Access(level="none", reason="canceled")


def test_grace_counts_from_when_the_debt_fell_due() -> None:
    assert until(past_due(PAID, OWED)) == DUE + 7 * DAY
    due_later = OWED.model_copy(update={"due_at": DUE + DAY})
    assert until(past_due(PAID, due_later)) == DUE + 8 * DAY


def test_grace_ends_to_the_second() -> None:
    record = past_due(PAID, OWED)

    assert access_of(record, POLICY, DUE + 7 * DAY - 1).level == "grace"
    assert access_of(record, POLICY, DUE + 7 * DAY).level == "restricted"


def test_a_second_unpaid_invoice_does_not_renew_grace() -> None:
    second = an_invoice(invoice_id="in_2", invoice_created=NOW - 60, finalized_at=NOW - 60)

    assert until(past_due(PAID, OWED, second)) == DUE + 7 * DAY


def test_a_debt_older_than_the_newest_payment_is_forgotten() -> None:
    older = an_invoice(invoice_id="in_2", invoice_created=PAID.invoice_created - 1)

    assert until(past_due(PAID, older, OWED)) == DUE + 7 * DAY


def test_where_nothing_was_ever_paid_there_is_no_grace() -> None:
    trial = an_invoice(invoice_id="in_0", status="paid", total=0)

    assert until(past_due(OWED)) is None
    assert until(past_due(trial, OWED)) is None


@pytest.mark.parametrize(
    "foreign",
    [{"billing_reason": "manual"}, {"subscription_id": None}, {"subscription_id": "sub_0"}],
)
def test_an_invoice_of_something_else_opens_no_grace(foreign: dict[str, Any]) -> None:
    earlier = {
        "invoice_id": "in_2",
        "invoice_created": DUE - 9 * DAY,
        "finalized_at": DUE - 9 * DAY,
    }

    assert until(past_due(PAID, OWED, an_invoice(**earlier, **foreign))) == DUE + 7 * DAY


def test_a_longer_policy_lengthens_the_grace_that_runs() -> None:
    assert until(past_due(PAID, OWED), Policy(grace_days=10)) == DUE + 10 * DAY
    assert until(past_due(PAID, OWED), Policy(grace_days=1)) is None


def test_grace_never_outlives_the_subscription() -> None:
    ending = past_due(PAID, OWED, cancel_at=NOW + DAY)

    assert until(ending) == NOW + DAY
    assert access_of(ending, POLICY, NOW + DAY).level == "restricted"


def test_a_pause_of_collection_leaves_access_unless_the_policy_says_otherwise() -> None:
    paused = a_stamped_record(1, 2, pause_collection="void")

    assert access_of(paused, POLICY, NOW).level == "full"
    assert access_of(paused, Policy(paused_collection="restricted"), NOW).level == "restricted"


@pytest.mark.parametrize(
    ("fields", "bought"),
    [
        ({}, True),
        ({"status": "pending"}, False),
        ({"status": "failed"}, False),
        ({"amount": 0}, True),
        ({"amount_refunded": 100}, True),
        ({"amount_refunded": 19900}, False),
        ({"dispute": "needs_response"}, True),
        ({"dispute": "warning_closed"}, True),
        ({"dispute": "won"}, True),
        ({"dispute": "lost"}, False),
        ({"lookup_key": "other"}, False),
    ],
)
def test_a_purchase_stands_unless_it_was_taken_back(
    fields: dict[str, Any], *, bought: bool
) -> None:
    record = a_record(purchases={"pi_1": a_purchase(**fields)})

    assert has_bought(record, "self_hosted", POLICY) is bought


def test_a_partial_refund_takes_the_purchase_back_where_the_policy_says_so() -> None:
    record = a_record(purchases={"pi_1": a_purchase(amount_refunded=100)})

    assert not has_bought(record, "self_hosted", Policy(partial_refund="revoke"))
