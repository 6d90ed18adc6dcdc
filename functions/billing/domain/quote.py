"""Quotes: what a change of plan would cost, pinned for a few minutes.

A quote holds while the subscription is as it was: the same plan, the same period, the same latest
invoice. Its ``proration_date`` makes Stripe bill the same again (Stripe, "Preview prorations").
"""

from typing import Any

from billing.domain.errors import QuoteOutdated
from billing.domain.plan_change import Effective, Plan, PlanChange, changed_item
from billing.domain.record import Subscription, Value

#: How long a quote holds.
QUOTE_SECONDS = 600


class Pinned(Value):
    """What a quote was worked out from."""

    subscription_id: str
    item_id: str
    plan: Plan
    currency: str
    status: str
    period_end: int
    latest_invoice_id: str | None


class Quote(Value):
    """A quote; ``amount_due`` (minor currency units) is charged when it is accepted.

    A negative ``total`` is credited instead.
    """

    user_id: str
    pinned: Pinned
    wanted: Plan
    effective: Effective
    proration_date: int
    amount_due: int
    total: int
    expires_at: int


def pinned_by(subscription: Subscription) -> Pinned:
    """Read off a subscription what a quote for it depends on."""
    return Pinned(
        subscription_id=subscription.subscription_id,
        item_id=subscription.item_id,
        plan=Plan(price_id=subscription.price_id, quantity=subscription.quantity),
        currency=subscription.currency,
        status=subscription.status,
        period_end=subscription.current_period_end,
        latest_invoice_id=subscription.latest_invoice_id,
    )


def check_holds(quote: Quote, subscription: Subscription, now: int) -> None:
    """Let a quote pass that still holds (``now`` in UTC seconds).

    Raises:
        QuoteOutdated: it has expired, or the subscription has changed since.
    """
    if quote.expires_at <= now:
        raise QuoteOutdated("it has expired")
    if quote.pinned != pinned_by(subscription):
        raise QuoteOutdated("the subscription has changed since")


def change_preview(subscription: Subscription, wanted: PlanChange) -> dict[str, Any]:
    """Ask what a change now would bill, with the parameters of the change itself."""
    return {
        "subscription": subscription.subscription_id,
        "subscription_details": {
            "items": [changed_item(subscription, wanted.plan)],
            "proration_behavior": "always_invoice",
            "proration_date": wanted.proration_date,
        },
    }


def renewal_preview(subscription: Subscription, wanted: PlanChange) -> dict[str, Any]:
    """Ask what the first whole period of the new plan will bill.

    By a schedule another plan would be billed then, so under one the period is asked for as if it
    began now.
    """
    return {
        "subscription": subscription.subscription_id,
        "subscription_details": {
            "items": [changed_item(subscription, wanted.plan)],
            "proration_behavior": "none",
            **(_beginning_now(subscription) if subscription.schedule_id is not None else {}),
        },
    }


def _beginning_now(subscription: Subscription) -> dict[str, Any]:
    if subscription.status == "trialing":
        return {"trial_end": "now"}
    return {"billing_cycle_anchor": {"type": "now"}}
