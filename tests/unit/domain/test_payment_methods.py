"""Which invoice a new default payment method is charged with."""

from typing import Any

import pytest

from billing.domain.payment_methods import invoice_to_pay
from billing.domain.record import Invoice
from tests.support.builders import NOW, a_subscription, an_invoice


def to_pay(*newest_first: Invoice, **subscription: Any) -> str | None:
    overdue = a_subscription(**{"status": "past_due", **subscription})
    found = invoice_to_pay(overdue, newest_first)
    return found.invoice_id if found else None


def test_the_newest_open_invoice_is_paid_and_older_ones_are_left() -> None:
    assert to_pay(an_invoice(invoice_id="in_2"), an_invoice(invoice_id="in_1")) == "in_2"


@pytest.mark.parametrize("status", ["paid", "uncollectible"])
def test_what_is_older_than_a_newest_that_is_settled_is_left(status: str) -> None:
    assert to_pay(an_invoice(invoice_id="in_2", status=status), an_invoice()) is None


@pytest.mark.parametrize(
    "passed_over",
    [
        {"status": "void"},
        {"status": "draft"},
        {"total": 0, "status": "paid"},
        {"billing_reason": "manual"},
    ],
)
def test_what_has_no_bearing_is_passed_over(passed_over: dict[str, Any]) -> None:
    assert to_pay(an_invoice(invoice_id="in_2", **passed_over), an_invoice()) == "in_1"


def test_an_unpaid_subscriptions_newest_may_be_a_draft() -> None:
    draft = an_invoice(invoice_id="in_2", status="draft")

    assert to_pay(draft, an_invoice(), status="unpaid") == "in_2"


def test_what_a_change_of_plan_waits_for_is_not_owed() -> None:
    waiting = an_invoice(invoice_id="in_2", billing_reason="subscription_update")
    pending = {"pending_update_expires_at": NOW + 3600, "latest_invoice_id": "in_2"}

    assert to_pay(waiting, an_invoice(), **pending) == "in_1"
    assert to_pay(waiting, an_invoice(), latest_invoice_id="in_2") == "in_2"


def test_where_there_is_no_invoice_nothing_is_paid() -> None:
    assert to_pay() is None
