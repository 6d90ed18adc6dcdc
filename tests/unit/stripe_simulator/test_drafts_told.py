"""`invoice.created` shows the draft as it is left: what becomes of it by itself, and when."""

from __future__ import annotations

import pytest

from tests.unit.stripe_simulator.account import DAY, HOUR, START, Account, Json

MONTH = 31 * DAY  # START is 15 January
FIELDS = ("status", "auto_advance", "automatically_finalizes_at", "next_payment_attempt")


def told(stripe: Account) -> tuple[object, ...]:
    """What the last `invoice.created` said; the draft is as it was told."""
    draft: Json = stripe.events(type="invoice.created")[-1]["data"]["object"]
    assert stripe.get(f"/v1/invoices/{draft['id']}") == draft
    return tuple(draft[name] for name in FIELDS)


def test_a_renewals_draft_is_told_with_its_times(stripe: Account) -> None:
    stripe.subscribe()
    stripe.wait(MONTH)
    at = START + MONTH + HOUR
    assert told(stripe) == ("draft", True, at, at)


def test_a_draft_that_is_sent_is_told_with_its_finalization(stripe: Account) -> None:
    stripe.subscribe(collection_method="send_invoice", days_until_due=30)
    assert told(stripe) == ("draft", True, START + HOUR, None)
    stripe.wait(MONTH)
    assert told(stripe) == ("draft", True, START + MONTH + HOUR, None)


def test_the_draft_of_an_unpaid_subscription_is_told_as_one_that_stays() -> None:
    stripe = Account.with_settings(payment_retry_days=(1,), after_last_retry="mark_unpaid")
    subscription = stripe.subscribe()
    method = stripe.post(
        "/v1/payment_methods/pm_card_chargeCustomerFail/attach", customer=subscription["customer"]
    )
    path = f"/v1/subscriptions/{subscription['id']}"
    stripe.post(path, default_payment_method=method["id"])
    stripe.wait(MONTH + 2 * DAY)
    assert stripe.get(path)["status"] == "unpaid"
    stripe.wait(28 * DAY)
    assert told(stripe) == ("draft", False, None, None)
    [item] = subscription["items"]["data"]
    stripe.post(
        path, items=[{"id": item["id"], "quantity": 2}], proration_behavior="always_invoice"
    )
    assert told(stripe) == ("draft", False, None, None)


def test_a_draft_that_is_kept_is_told_as_one_that_stays(stripe: Account) -> None:
    subscription = stripe.subscribe()
    stripe.post(
        f"/v1/subscriptions/{subscription['id']}", pause_collection={"behavior": "keep_as_draft"}
    )
    stripe.wait(MONTH)
    assert told(stripe) == ("draft", False, None, None)


def test_the_first_draft_of_a_schedule_is_told_with_its_times(stripe: Account) -> None:
    stripe.post(
        "/v1/subscription_schedules",
        customer=stripe.customer()["id"],
        start_date="now",
        phases=[{"items": [{"price": stripe.price()["id"]}]}],
    )
    assert told(stripe) == ("draft", True, START + HOUR, START + HOUR)


@pytest.mark.parametrize(
    ("params", "finalized_at"),
    [
        ({"auto_advance": "true"}, START + HOUR),
        ({"automatically_finalizes_at": START + DAY}, START + DAY),
        ({}, None),
    ],
)
def test_a_draft_of_ones_own_is_told_as_it_was_asked_for(
    stripe: Account, params: Json, finalized_at: int | None
) -> None:
    stripe.post("/v1/invoices", customer=stripe.customer()["id"], **params)
    assert told(stripe) == ("draft", finalized_at is not None, finalized_at, finalized_at)


def test_a_preview_is_not_finalized(stripe: Account) -> None:
    subscription = stripe.subscribe()
    preview = stripe.post("/v1/invoices/create_preview", subscription=subscription["id"])
    at = START + MONTH + HOUR
    assert tuple(preview[name] for name in FIELDS) == ("draft", False, None, at)
