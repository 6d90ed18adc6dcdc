"""A customer hears of what asks something of them, and of nothing else."""

from typing import Any

import pytest

from billing.contracts.facts import FactEvent
from billing.domain.record import Record
from billing.notifications import (
    LONGEST_NEWS,
    MAILED,
    Money,
    Notification,
    notification_of,
    topic_of,
)
from tests.support.builders import NOW, a_purchase, a_record, a_subscription, an_invoice
from tests.support.facts import a_fact
from tools.event_schemas import contracts

FAILED = an_invoice(attempts=1, failed_attempts=1)
DUE = Money(amount=2900, currency="usd")


def chosen(fact: FactEvent, at: int = NOW, record: Record | None = None) -> Notification | None:
    """What a fact calls for, by default with a record that says no more than the fact."""
    return notification_of(fact, record or Record(user_id=fact.user_id), at)


def holding(**invoice: Any) -> Record:
    """The record with the invoice that the facts are about."""
    return a_record(invoices={"in_1": an_invoice(**invoice)})


def failure(attempt: int = 1, **invoice: Any) -> FactEvent:
    after = an_invoice(**{"attempts": 1, "failed_attempts": 1, **invoice})
    return a_fact("PaymentFailed", f"in_1:{attempt}", after=after)


def test_a_first_subscription_is_welcomed_until_the_end_of_its_period() -> None:
    subscription = a_subscription()

    assert chosen(a_fact("SubscriptionActivated", after=subscription)) == Notification(
        mail="welcome", date=subscription.current_period_end
    )


def test_a_subscription_is_welcomed_once_its_first_payment_is_confirmed() -> None:
    before = a_subscription(status="incomplete")
    welcome = chosen(a_fact("SubscriptionActivated", before=before, after=a_subscription()))

    assert welcome is not None
    assert welcome.mail == "welcome"


def test_a_subscription_that_comes_back_is_not_welcomed_again() -> None:
    before = a_subscription(status="unpaid")

    assert chosen(a_fact("SubscriptionActivated", before=before, after=a_subscription())) is None


def test_a_customer_of_old_whom_we_only_got_to_know_is_not_welcomed() -> None:
    of_old = a_subscription(subscription_created=NOW - LONGEST_NEWS - 1)

    assert chosen(a_fact("SubscriptionActivated", after=of_old)) is None


def test_who_is_in_arrears_is_not_welcomed() -> None:
    assert chosen(a_fact("SubscriptionActivated", after=a_subscription(status="past_due"))) is None


def test_a_failed_payment_says_what_is_left_to_pay_and_when_it_is_tried_again() -> None:
    fact = failure(amount_paid=900, next_attempt_at=NOW + 86_400)

    assert chosen(fact) == Notification(
        mail="payment_retried", amount=Money(amount=2000, currency="usd"), date=NOW + 86_400
    )


def test_a_failed_payment_that_is_not_tried_again_says_so() -> None:
    assert chosen(failure()) == Notification(mail="payment_failed", amount=DUE)


@pytest.mark.parametrize("next_attempt_at", [None, NOW + 86_400])
def test_a_first_payment_that_failed_says_nothing_of_keeping_access(
    next_attempt_at: int | None,
) -> None:
    fact = failure(billing_reason="subscription_create", next_attempt_at=next_attempt_at)

    assert chosen(fact) == Notification(mail="first_payment_failed", amount=DUE)


@pytest.mark.parametrize(
    "meanwhile",
    [
        {"failed_attempts": 1, "status": "paid"},
        {"failed_attempts": 2},
        {"failed_attempts": 1, "action_required_attempt": 1},
        {"failed_attempts": 1, "action_required_attempt": 2},
    ],
)
def test_a_failed_payment_is_no_news_once_the_record_knows_more(meanwhile: dict[str, Any]) -> None:
    assert chosen(failure(), record=holding(failed_attempts=1)) is not None
    assert chosen(failure(), record=holding(**meanwhile)) is None


def test_a_failed_payment_says_what_is_left_to_pay_by_now() -> None:
    record = holding(failed_attempts=1, amount_paid=900)

    assert chosen(failure(), record=record) == Notification(
        mail="payment_failed", amount=Money(amount=2000, currency="usd")
    )


@pytest.mark.parametrize("failed_attempts", [0, 1])
def test_of_an_attempt_to_confirm_one_mail_asks_for_that_whichever_event_came_first(
    failed_attempts: int,
) -> None:
    """Stripe sends two events of it, in any order: by the time of the mail both are recorded."""
    told_then = an_invoice(failed_attempts=failed_attempts, action_required_attempt=1)
    to_confirm = a_fact("PaymentActionRequired", "in_1:1", before=an_invoice(), after=told_then)
    record = holding(failed_attempts=1, action_required_attempt=1)

    assert chosen(failure(), record=record) is None
    assert chosen(to_confirm, record=record) == Notification(mail="action_required", amount=DUE)


def test_the_two_facts_of_one_attempt_are_one_topic_and_the_next_attempt_is_another() -> None:
    asked = a_fact("PaymentActionRequired", "in_1:1", before=an_invoice(), after=FAILED)

    assert topic_of(failure()) == topic_of(asked) == "PaymentAttempt:in_1:1"
    assert topic_of(failure(attempt=2)) != topic_of(asked)


def test_every_other_fact_is_a_topic_of_its_own() -> None:
    fact = a_fact("SubscriptionActivated", after=a_subscription())

    assert topic_of(fact) == fact.id


@pytest.mark.parametrize("status", ["paid", "void", "uncollectible", "draft"])
def test_a_failed_payment_of_an_invoice_that_nobody_can_pay_is_no_news(status: str) -> None:
    assert chosen(failure(status=status)) is None


def test_of_two_failed_attempts_that_came_together_only_the_newest_is_told() -> None:
    together = {"attempts": 2, "failed_attempts": 2}

    assert chosen(failure(attempt=1, **together)) is None
    assert chosen(failure(attempt=2, **together)) is not None


def test_who_is_asked_to_confirm_a_payment_is_not_told_besides_that_it_failed() -> None:
    assert chosen(failure(action_required_attempt=1)) is None
    assert chosen(failure(attempt=2, failed_attempts=2, action_required_attempt=1)) is not None


def test_a_payment_to_confirm_says_what_is_left_to_pay() -> None:
    fact = a_fact("PaymentActionRequired", "in_1:1", before=an_invoice(), after=FAILED)

    assert chosen(fact) == Notification(mail="action_required", amount=DUE)


def test_a_payment_to_confirm_is_no_news_once_a_later_attempt_failed() -> None:
    fact = a_fact("PaymentActionRequired", "in_1:1", before=an_invoice(), after=FAILED)

    assert chosen(fact, record=holding(failed_attempts=2)) is None


def test_a_payment_that_was_confirmed_meanwhile_asks_nothing() -> None:
    paid = an_invoice(status="paid", amount_paid=2900)

    assert chosen(a_fact("PaymentActionRequired", "in_1:1", after=paid)) is None


@pytest.mark.parametrize("status", ["paid", "void", "uncollectible"])
def test_a_recovered_payment_says_what_is_settled(status: str) -> None:
    settled = an_invoice(status=status)

    assert chosen(a_fact("PaymentRecovered", "in_1", before=FAILED, after=settled)) == (
        Notification(mail="recovered", amount=DUE)
    )


def test_a_trial_that_ends_soon_says_when() -> None:
    trial = a_subscription(status="trialing", trial_end=NOW + 1000)

    assert chosen(a_fact("TrialEnding", "sub_1:1", after=trial)) == Notification(
        mail="trial_ending", date=NOW + 1000
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "trialing", "cancel_at_period_end": True},
        {"status": "trialing", "cancel_at": NOW + 1000},
        {"status": "active"},
    ],
)
def test_a_trial_that_is_cancelled_or_over_already_is_not_announced(
    changed: dict[str, Any],
) -> None:
    trial = a_subscription(trial_end=NOW + 1000, **changed)

    assert chosen(a_fact("TrialEnding", "sub_1:1", after=trial)) is None


@pytest.mark.parametrize(
    ("cancelled", "date"),
    [
        ({"cancel_at_period_end": True}, a_subscription().current_period_end),
        ({"cancel_at": NOW + 5}, NOW + 5),
    ],
)
def test_a_scheduled_cancellation_says_when_it_ends(cancelled: dict[str, Any], date: int) -> None:
    after = a_subscription(**cancelled)

    assert chosen(a_fact("CancellationScheduled", before=a_subscription(), after=after)) == (
        Notification(mail="cancellation_scheduled", date=date)
    )


@pytest.mark.parametrize(
    "meanwhile",
    [
        {"cancel_at": None},
        {"status": "canceled", "cancel_at": NOW + 1000, "ended_at": NOW},
    ],
)
def test_a_cancellation_that_was_undone_or_done_meanwhile_is_not_announced(
    meanwhile: dict[str, Any],
) -> None:
    set_to_end = a_subscription(cancel_at=NOW + 1000)
    fact = a_fact("CancellationScheduled", before=a_subscription(), after=set_to_end)
    another = a_record(subscription=a_subscription(subscription_id="sub_2"))

    assert chosen(fact, record=another) is not None
    assert chosen(fact, record=a_record(subscription=a_subscription(**meanwhile))) is None


def test_an_ended_subscription_says_when_it_ended() -> None:
    after = a_subscription(status="canceled", ended_at=NOW - 60)

    assert chosen(a_fact("SubscriptionEnded", before=a_subscription(), after=after)) == (
        Notification(mail="ended", date=NOW - 60)
    )


def test_a_subscription_that_another_replaced_does_not_say_goodbye() -> None:
    assert chosen(a_fact("SubscriptionEnded", before=a_subscription(), after=None)) is None


def test_a_further_refund_says_what_was_given_back_this_time() -> None:
    fact = a_fact(
        "PurchaseReversed",
        "ch_1:1500",
        before=a_purchase(amount_refunded=500),
        after=a_purchase(amount_refunded=1500),
    )

    assert chosen(fact) == Notification(mail="refund", amount=Money(amount=1000, currency="usd"))


def test_a_refund_says_what_was_given_back_then_whatever_was_since() -> None:
    told = a_purchase(amount_refunded=500)
    fact = a_fact("PurchaseReversed", "ch_1:500", before=a_purchase(), after=told)
    record = a_record(purchases={"pi_1": a_purchase(amount_refunded=1500)})

    assert chosen(fact, record=record) == Notification(
        mail="refund", amount=Money(amount=500, currency="usd")
    )


def test_a_purchase_that_is_refunded_when_we_first_hear_of_it_says_so() -> None:
    fact = a_fact("PurchaseReversed", "ch_1:500", after=a_purchase(amount_refunded=500))

    assert chosen(fact) == Notification(mail="refund", amount=Money(amount=500, currency="usd"))


def test_an_old_refund_of_a_customer_whom_we_only_got_to_know_is_no_news() -> None:
    of_old = a_purchase(amount_refunded=500, purchase_created=NOW - LONGEST_NEWS - 1)
    known = of_old.model_copy(update={"amount_refunded": 0})

    assert chosen(a_fact("PurchaseReversed", "ch_1:500", after=of_old)) is None
    assert chosen(a_fact("PurchaseReversed", "ch_1:500", before=known, after=of_old)) is not None


def test_a_lost_dispute_is_no_refund_of_ours_even_beside_one() -> None:
    lost = a_purchase(dispute="lost", amount_refunded=500)

    assert chosen(a_fact("PurchaseReversed", "ch_1:dispute_lost", after=lost)) is None


@pytest.mark.parametrize(("age", "told"), [(LONGEST_NEWS, True), (LONGEST_NEWS + 1, False)])
def test_a_fact_replayed_after_days_is_no_news(age: int, told: bool) -> None:
    fact = a_fact("SubscriptionActivated", after=a_subscription())

    assert (chosen(fact, at=NOW + age) is not None) == told


@pytest.mark.parametrize(
    "overtaken",
    [
        failure(next_attempt_at=NOW - 1),
        a_fact("TrialEnding", "sub_1:1", after=a_subscription(status="trialing", trial_end=NOW)),
        a_fact(
            "CancellationScheduled",
            before=a_subscription(),
            after=a_subscription(cancel_at=NOW - 60),
        ),
    ],
)
def test_what_is_announced_for_a_time_that_has_passed_is_no_news(overtaken: FactEvent) -> None:
    assert chosen(overtaken) is None


def test_what_asks_nothing_of_the_customer_sends_nothing() -> None:
    quiet = {model.__name__ for model in contracts()} - MAILED

    assert quiet == {
        "AccessChanged",
        "CancellationUndone",
        "DriftHealed",
        "DuplicateSubscriptionFound",
        "PaymentSucceeded",
        "PurchaseCompleted",
        "SubscriptionChanged",
    }
    paid = an_invoice(status="paid", amount_paid=2900)
    assert chosen(a_fact("PaymentSucceeded", "in_1", after=paid)) is None
