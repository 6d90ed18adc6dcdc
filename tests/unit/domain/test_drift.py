"""Drift: what a record lacks, by kind, and what is none."""

from billing.domain.drift import access_drift, drift_between, drift_of
from billing.domain.policy import Policy
from tests.support.builders import NOW, a_purchase, a_record, a_subscription, an_invoice

ACTIVE = a_subscription()
HOLDING = a_record(subscription=ACTIVE, access_level="full")


def test_a_record_that_holds_what_is_listed_has_not_drifted() -> None:
    assert drift_of(HOLDING, [ACTIVE]) == ()
    assert drift_of(HOLDING, []) == ()


def test_a_record_that_shows_the_worse_of_its_subscriptions_differs() -> None:
    past_due = a_subscription(subscription_id="sub_2", status="past_due")
    held = a_record(subscription=past_due, other_live=(ACTIVE,))

    assert drift_of(held, [past_due, ACTIVE]) == ("differs",)


def test_a_live_subscription_that_is_not_held_is_missing() -> None:
    second = a_subscription(subscription_id="sub_2", subscription_created=NOW)

    assert drift_of(a_record(), [ACTIVE]) == ("missing",)
    assert drift_of(HOLDING, [second]) == ("missing",)
    assert drift_of(HOLDING.model_copy(update={"other_live": (second,)}), [second]) == ()


def test_a_subscription_that_is_held_otherwise_differs() -> None:
    assert drift_of(HOLDING, [a_subscription(price_id="price_agency")]) == ("differs",)


def test_what_ended_beside_the_one_that_is_held_is_no_drift() -> None:
    ended = a_subscription(subscription_id="sub_0", status="canceled")
    unpaid = a_subscription(subscription_id="sub_3", status="incomplete")

    assert drift_of(HOLDING, [ended, unpaid]) == ()


def test_one_that_ended_as_we_know_is_no_drift_whatever_else_is_said_of_it() -> None:
    ended = a_record(subscription=a_subscription(status="canceled"))

    assert drift_of(ended, [a_subscription(status="canceled", latest_invoice_id="in_9")]) == ()


def test_every_kind_of_difference_has_its_name() -> None:
    true = HOLDING.model_copy(
        update={
            "subscription": a_subscription(quantity=2),
            "other_live": (a_subscription(subscription_id="sub_2"),),
            "invoices": {"in_1": an_invoice()},
            "purchases": {"pi_1": a_purchase()},
        }
    )

    assert drift_between(HOLDING, true) == ("missing", "differs", "invoices", "purchases")
    assert drift_between(true, true) == ()


def test_an_invoice_of_which_stripe_says_the_same_later_is_no_drift() -> None:
    held = HOLDING.model_copy(update={"invoices": {"in_1": an_invoice(as_of=NOW)}})
    said_again = held.model_copy(update={"invoices": {"in_1": an_invoice(as_of=NOW + 10)}})
    paid = held.model_copy(update={"invoices": {"in_1": an_invoice(status="paid", as_of=NOW)}})

    assert drift_between(held, said_again) == ()
    assert drift_between(held, paid) == ("invoices",)


def test_a_draft_of_which_no_event_tells_is_no_drift_unless_it_cant_be_finalized() -> None:
    renewing = HOLDING.model_copy(update={"invoices": {"in_1": an_invoice(status="draft")}})
    stuck = an_invoice(status="draft", error="customer_tax_location_invalid")

    assert drift_between(HOLDING, renewing) == ()
    assert drift_between(renewing, HOLDING) == ()
    stuck_one = HOLDING.model_copy(update={"invoices": {"in_1": stuck}})
    assert drift_between(HOLDING, stuck_one) == ("invoices",)


def test_a_level_of_access_counts_only_where_nothing_else_explains_it() -> None:
    restricted = HOLDING.model_copy(update={"access_level": "restricted"})
    paused = a_subscription(pause_collection="void")

    assert drift_between(HOLDING, restricted) == ("access",)
    changed = restricted.model_copy(update={"subscription": paused})
    assert drift_between(HOLDING, changed) == ("differs",)


def test_a_level_that_time_has_changed_is_due_to_be_announced() -> None:
    ending = a_record(subscription=a_subscription(cancel_at=NOW + 10), access_level="full")

    assert access_drift(ending, Policy(), NOW) == ()
    assert access_drift(ending, Policy(), NOW + 10) == ("access",)
