"""Facts in a line, and amounts as people write them."""

from typing import Any

import pytest

from billing.domain.facts import Fact
from ops.amounts import Amount
from ops.summaries import summary_of
from tests.support.builders import NOW, a_purchase, a_subscription, an_invoice


def summary(type_: str, before: Any, after: Any) -> str:
    def stored(value: Any) -> Any:
        return value.model_dump(exclude_none=True) if hasattr(value, "model_dump") else value

    fact = Fact(
        key="key",
        type=type_,
        user_id="user_1",
        customer_id="cus_1",
        version=1,
        cause="evt_1",
        occurred_at=NOW,
        before=stored(before),
        after=stored(after),
    )
    return summary_of(fact)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (1900, "usd", "19.00 USD"),
        (5, "eur", "0.05 EUR"),
        (-250, "usd", "-2.50 USD"),
        (123_456_789, "usd", "1,234,567.89 USD"),
        (2900, "jpy", "2,900 JPY"),
        (1500, "kwd", "1.500 KWD"),
    ],
)
def test_amounts_have_their_currencys_decimals(amount: int, currency: str, text: str) -> None:
    assert Amount(amount=amount, currency=currency).text == text


def test_what_somebody_may_use_is_told_with_its_end() -> None:
    before = {"level": "full", "reason": "active"}
    after = {"level": "grace", "reason": "past_due", "until": 1_780_000_000}
    assert (
        summary("AccessChanged", before, after) == "full → grace until 2026-05-28 20:26 (past_due)"
    )


def test_a_failed_payment_is_told_with_what_comes_next() -> None:
    invoice = an_invoice(failed_attempts=2, error="card_declined", next_attempt_at=1_780_000_000)
    assert summary("PaymentFailed", None, invoice) == (
        "29.00 USD, attempt 2, card_declined, next attempt 2026-05-28 20:26"
    )


def test_a_paid_invoice_is_told_by_what_was_paid() -> None:
    paid = an_invoice(status="paid", amount_paid=2500, failed_attempts=1)
    assert summary("PaymentSucceeded", None, paid) == "25.00 USD"


def test_a_changed_plan_is_told_by_what_is_another() -> None:
    before, after = a_subscription(), a_subscription(price_id="price_agency", quantity=3)
    assert summary("SubscriptionChanged", before, after) == (
        "price_id price_standard → price_agency, quantity 1 → 3"
    )


def test_a_pause_is_told_as_such_when_it_begins_and_when_it_is_over() -> None:
    running, paused = a_subscription(), a_subscription(pause_collection="void")
    assert summary("SubscriptionChanged", running, paused) == "pause_collection none → void"
    assert summary("SubscriptionChanged", paused, running) == "pause_collection void → none"


def test_a_new_subscription_is_told_by_what_it_is() -> None:
    assert summary("SubscriptionActivated", None, a_subscription()) == "active, price_standard, 1"


def test_an_end_is_told_with_when_or_what_took_its_place() -> None:
    ended = a_subscription(status="canceled", ended_at=1_780_000_000)
    assert summary("SubscriptionEnded", a_subscription(), ended) == (
        "active → canceled, 2026-05-28 20:26"
    )
    assert summary("SubscriptionEnded", a_subscription(), None) == "replaced by another"
    planned = a_subscription(cancel_at=1_780_000_000)
    assert summary("CancellationScheduled", a_subscription(), planned) == "ends 2026-05-28 20:26"


def test_a_reversal_is_told_with_what_was_given_back() -> None:
    refunded = a_purchase(amount_refunded=19900)
    assert summary("PurchaseReversed", a_purchase(), refunded) == (
        "self_hosted, 199.00 USD, 199.00 USD given back"
    )


def test_healed_drift_is_told_by_its_kinds() -> None:
    assert summary("DriftHealed", None, {"kinds": ["differs", "invoices"]}) == "differs, invoices"


def test_a_fact_of_another_version_is_told_without_a_line() -> None:
    assert summary("SomethingNew", None, {"of": "another version"}) == ""
    assert summary("PaymentFailed", None, {"of": "another version"}) == ""
