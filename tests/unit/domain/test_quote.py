"""Quotes: what they depend on, how long they hold, and what Stripe is asked for."""

from typing import Any

import pytest

from billing.contracts.stripe_plans import StripePreview
from billing.domain.errors import QuoteOutdated
from billing.domain.plan_change import Plan, PlanChange
from billing.domain.quote import (
    QUOTE_SECONDS,
    Quote,
    change_preview,
    check_holds,
    pinned_by,
    renewal_preview,
)
from billing.domain.record import Subscription
from tests.support.builders import NOW, a_subscription

LARGE = Plan(price_id="large", quantity=1)


def a_quote(subscription: Subscription) -> Quote:
    return Quote(
        user_id="user_1",
        pinned=pinned_by(subscription),
        wanted=LARGE,
        effective="now",
        proration_date=NOW,
        amount_due=5_419,
        total=5_419,
        expires_at=NOW + QUOTE_SECONDS,
    )


@pytest.mark.parametrize("later", [0, QUOTE_SECONDS - 1])
def test_a_quote_holds_for_ten_minutes(later: int) -> None:
    subscription = a_subscription()

    check_holds(a_quote(subscription), subscription, NOW + later)

    assert QUOTE_SECONDS == 600


@pytest.mark.parametrize("later", [QUOTE_SECONDS, QUOTE_SECONDS + 86_400])
def test_and_no_longer(later: int) -> None:
    subscription = a_subscription()

    with pytest.raises(QuoteOutdated, match="expired"):
        check_holds(a_quote(subscription), subscription, NOW + later)


@pytest.mark.parametrize(
    "change",
    [
        {"subscription_id": "sub_2"},
        {"item_id": "si_2"},
        {"price_id": "price_2"},
        {"quantity": 7},
        {"quantity": None},
        {"currency": "eur"},
        {"status": "trialing"},
        {"current_period_end": 1},
        {"latest_invoice_id": "in_2"},
    ],
)
def test_a_quote_holds_no_more_once_what_it_depends_on_has_changed(change: dict[str, Any]) -> None:
    quote = a_quote(a_subscription())

    with pytest.raises(QuoteOutdated, match="changed"):
        check_holds(quote, a_subscription(**change), NOW)


@pytest.mark.parametrize(
    "change", [{"default_payment_method_id": "pm_2"}, {"cancel_at": NOW + 1}, {"canceled_at": NOW}]
)
def test_what_has_no_bearing_on_the_price_may_change(change: dict[str, Any]) -> None:
    check_holds(a_quote(a_subscription()), a_subscription(**change), NOW)


def wanted(proration_date: int | None = NOW) -> PlanChange:
    return PlanChange(
        plan=LARGE,
        effective="now",
        interval="month",
        interval_count=1,
        proration_date=proration_date,
    )


def test_what_is_billed_now_is_asked_for_as_it_will_be_changed() -> None:
    assert change_preview(a_subscription(), wanted()) == {
        "subscription": "sub_1",
        "subscription_details": {
            "items": [{"id": "si_1", "price": "large", "quantity": 1}],
            "proration_behavior": "always_invoice",
            "proration_date": NOW,
        },
    }


@pytest.mark.parametrize(
    ("fields", "beginning"),
    [
        ({}, {}),
        ({"status": "trialing"}, {}),
        ({"schedule_id": "sub_sched_1"}, {"billing_cycle_anchor": {"type": "now"}}),
        ({"schedule_id": "sub_sched_1", "status": "trialing"}, {"trial_end": "now"}),
    ],
)
def test_a_schedule_has_no_say_in_what_the_renewal_bills(
    fields: dict[str, Any], beginning: dict[str, Any]
) -> None:
    asked = renewal_preview(a_subscription(**fields), wanted())

    assert asked["subscription_details"] == {
        "items": [{"id": "si_1", "price": "large", "quantity": 1}],
        "proration_behavior": "none",
        **beginning,
    }


# -- Stripe's previews ----------------------------------------------------------------------------


def a_preview(**fields: Any) -> StripePreview:
    usual = {"currency": "usd", "subtotal": 0, "total": 0, "amount_due": 0, "starting_balance": 0}
    lines = {"object": "list", "data": fields.pop("lines", []), "has_more": False, "url": "/v1"}
    return StripePreview.model_validate({**usual, **fields, "lines": lines})


@pytest.mark.parametrize(
    ("starting", "total", "after"),
    [
        (0, 500, 0),
        (-300, 500, 0),
        (-700, 500, -200),
        (300, 500, 0),
        (0, -500, -500),
        (-300, -500, -800),
        (300, -500, -200),
        (700, -500, 0),
    ],
)
def test_credit_is_used_up_and_debt_is_charged(starting: int, total: int, after: int) -> None:
    assert a_preview(starting_balance=starting, total=total).balance_after == after


def test_a_line_says_what_it_is_for() -> None:
    details = {"subscription_item_details": {"proration": False}}
    prorated = {"subscription_item_details": {"proration": True}}
    line = {"amount": 1_000, "period": {"start": 1, "end": 2}}
    discounted = {**line, "discount_amounts": [{"amount": 150}, {"amount": 50}]}

    period, part, item = a_preview(
        lines=[{**discounted, "parent": details}, {**line, "parent": prorated}, line]
    ).lines.data

    assert (period.recurring, period.proration, period.discounted) == (True, False, 800)
    assert (part.recurring, part.proration, part.discounted) == (False, True, 1_000)
    assert (item.recurring, item.proration) == (False, False)
