"""What to write to Stripe next so that a subscription becomes what its customer wants.

Each function is given how the subscription stands and says the next write, or None where all is so.
So whoever asks twice, or carries on what another began, ends where one who asks once does. What
would undo a change later goes: a change that waits for its payment is given up before, and a
schedule released; after a change now, so that one that isn't paid leaves what was planned.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal

from pydantic import Field

from billing.domain.errors import (
    PaymentOverdue,
    PaymentProcessing,
    SubscriptionEnding,
    SubscriptionNotActive,
)
from billing.domain.record import OWING, PAID, PlannedChange, Subscription, Value

Effective = Literal["now", "period_end"]

#: What Stripe knows as reasons (Stripe, "Subscription object", ``cancellation_details.feedback``).
FEEDBACK: Final = frozenset(
    {
        "customer_service",
        "low_quality",
        "missing_features",
        "other",
        "switched_service",
        "too_complex",
        "too_expensive",
        "unused",
    }
)


class Plan(Value):
    """A price and how many of it; None where the price counts nothing."""

    price_id: str
    quantity: int | None


class PlanChange(Value):
    """The plan that is wanted, from when on, and how long one period of it is.

    ``proration_date`` (UTC seconds) pins what a change now costs to a quote.
    """

    plan: Plan
    effective: Effective
    interval: str
    interval_count: int
    proration_date: int | None = None


class PhaseItem(Value):
    """What a phase bills; ``keeps`` is what else the item has, as Stripe takes it."""

    price_id: str
    quantity: int | None
    keeps: dict[str, Any] = Field(default_factory=dict)


class Phase(Value):
    """A phase of a schedule; ``keeps`` is what else it sets, as Stripe takes it."""

    start: int
    end: int
    items: tuple[PhaseItem, ...]
    keeps: dict[str, Any] = Field(default_factory=dict)
    trial_end: int | None = None


class Schedule(Value):
    """A schedule that rules a subscription: the phase that runs, and what is planned after it."""

    id: str
    phases: tuple[Phase, ...] = Field(min_length=1)


class Standing(Value):
    """How a subscription stands at Stripe; ``pending`` is a plan that waits for its payment.

    ``bill_id`` is the invoice that it waits for, while that is open; ``processing`` says that its
    payment is under way, and can't be stopped.

    ``collected`` says that what it owes is charged at once: no bills are sent, nothing is paused.
    """

    subscription: Subscription
    collected: bool = True
    pending: Plan | None = None
    bill_id: str | None = None
    processing: bool = False
    schedule: Schedule | None = None

    @property
    def plan(self) -> Plan:
        return Plan(price_id=self.subscription.price_id, quantity=self.subscription.quantity)


class UpdateSubscription(Value):
    subscription_id: str
    params: dict[str, Any]


class CancelNow(Value):
    subscription_id: str


class GiveUpPending(Value):
    """Void the invoice that a change waits for: Stripe then forgets the change."""

    invoice_id: str


class ReleaseSchedule(Value):
    schedule_id: str


class CreateSchedule(Value):
    subscription_id: str


class UpdateSchedule(Value):
    schedule_id: str
    params: dict[str, Any]


Write = (
    UpdateSubscription
    | CancelNow
    | GiveUpPending
    | ReleaseSchedule
    | CreateSchedule
    | UpdateSchedule
)


def default_effective(
    current: Plan, wanted: Plan, places: Sequence[int | None], downgrades: Effective
) -> Effective:
    """Say from when on a change holds: an upgrade now, a downgrade as the policy has it.

    ``places`` are those of both prices in the catalogue, which lists them from the smallest to the
    largest; one that isn't sold any more has none, and is left at once.
    """
    place, wanted_place = places
    if current.price_id == wanted.price_id:
        smaller = (wanted.quantity or 1) < (current.quantity or 1)
    else:
        smaller = place is not None and wanted_place is not None and wanted_place < place
    return downgrades if smaller else "now"


def next_to_change(standing: Standing, wanted: PlanChange) -> Write | None:
    """The next write on the way to another plan.

    Raises:
        PaymentOverdue: what is owed comes first.
        PaymentProcessing: another change's payment is under way.
        SubscriptionEnding: it ends before the change would begin.
        SubscriptionNotActive: it isn't paid for yet, is paused, or isn't charged at once.
    """
    subscription = standing.subscription
    if subscription.status in OWING:
        raise PaymentOverdue(subscription.status)
    if subscription.status not in PAID:
        raise SubscriptionNotActive(subscription.status)
    if standing.processing:
        raise PaymentProcessing(f"{standing.bill_id} is being paid")
    changes = standing.plan != wanted.plan
    if changes and wanted.effective == "period_end":
        if subscription.ending:
            raise SubscriptionEnding("it ends before the change would begin")
        return next_to_give_up(standing) or _next_to_plan_ahead(standing, wanted)
    if changes and not standing.collected and subscription.status != "trialing":
        raise SubscriptionNotActive("nothing is charged without asking")
    if changes:
        return next_to_give_up(standing) or _change_now(subscription, wanted)
    return _undisturbed(standing)


def next_to_cancel(standing: Standing, reason: str | None) -> Write | None:
    """The next write on the way to the end of the period. Nothing was paid: it ends now.

    An end that is set already stays, unless it lies beyond the period: that would be billed again.
    """
    subscription = standing.subscription
    if subscription.ends_at is not None and subscription.ends_at <= subscription.current_period_end:
        return None
    if subscription.status == "incomplete":
        return CancelNow(subscription_id=subscription.subscription_id)
    details = {"feedback" if reason in FEEDBACK else "comment": reason} if reason else None
    params = {"cancel_at_period_end": True}
    return _undisturbed(standing) or UpdateSubscription(
        subscription_id=subscription.subscription_id,
        params=params | ({"cancellation_details": details} if details else {}),
    )


def next_to_reactivate(standing: Standing) -> Write | None:
    """The next write on the way to a subscription that goes on; either way of ending is undone."""
    subscription = standing.subscription
    if not subscription.ending:
        return None
    return _undisturbed(standing) or UpdateSubscription(
        subscription_id=subscription.subscription_id,
        params=(
            {"cancel_at_period_end": False}
            if subscription.cancel_at_period_end
            else {"cancel_at": ""}
        ),
    )


def next_to_give_up(standing: Standing) -> Write | None:
    """The next write on the way to no change that waits; one that is being paid goes on."""
    if standing.bill_id is None or standing.processing:
        return None
    return GiveUpPending(invoice_id=standing.bill_id)


def next_to_release(standing: Standing) -> Write | None:
    """The next write on the way to a subscription that no schedule rules."""
    schedule = standing.schedule
    return ReleaseSchedule(schedule_id=schedule.id) if schedule is not None else None


def _undisturbed(standing: Standing) -> Write | None:
    """What has to go first, because it would undo a change later."""
    return next_to_give_up(standing) or next_to_release(standing)


def _change_now(subscription: Subscription, wanted: PlanChange) -> Write:
    """Bill the difference at once, and change only when it is paid (Stripe, "Pending updates")."""
    pinned = {"proration_date": wanted.proration_date} if wanted.proration_date else {}
    return UpdateSubscription(
        subscription_id=subscription.subscription_id,
        params={
            "items": [changed_item(subscription, wanted.plan)],
            "proration_behavior": "always_invoice",
            "payment_behavior": "pending_if_incomplete",
            **pinned,
        },
    )


def changed_item(subscription: Subscription, plan: Plan) -> dict[str, Any]:
    """The subscription's item as it is to be; what else it has stays."""
    item: dict[str, Any] = {"id": subscription.item_id, "price": plan.price_id}
    return item | ({"quantity": plan.quantity} if plan.quantity is not None else {})


def _next_to_plan_ahead(standing: Standing, wanted: PlanChange) -> Write | None:
    """Plan the change for the end of the period, in place of what was planned before."""
    schedule, period_end = standing.schedule, standing.subscription.current_period_end
    if schedule is None:
        return CreateSchedule(subscription_id=standing.subscription.subscription_id)
    if len(schedule.phases) > 1:
        planned = planned_change(schedule, standing.plan)
        is_so = _is(planned, wanted.plan, period_end)
        return None if is_so else ReleaseSchedule(schedule_id=schedule.id)
    (current,) = schedule.phases
    return UpdateSchedule(
        schedule_id=schedule.id,
        params={
            "end_behavior": "release",
            "proration_behavior": "none",
            "phases": [
                {
                    **_phase_params(current, current.items),
                    "start_date": current.start,
                    "end_date": period_end,
                    **({"trial_end": current.trial_end} if current.trial_end else {}),
                },
                {
                    **_phase_params(current, _items_with(current, standing.plan, wanted.plan)),
                    "proration_behavior": "none",
                    "duration": {
                        "interval": wanted.interval,
                        "interval_count": wanted.interval_count,
                    },
                },
            ],
        },
    )


def _is(planned: PlannedChange | None, plan: Plan, at: int) -> bool:
    return planned is not None and (planned.price_id, planned.quantity, planned.at) == (
        plan.price_id,
        plan.quantity,
        at,
    )


def planned_change(schedule: Schedule, plan: Plan) -> PlannedChange | None:
    """The next change of the plan that a schedule makes, None where it makes none."""
    present, *following = schedule.phases
    places = (n for n, item in enumerate(present.items) if item.price_id == plan.price_id)
    place = next(places, None)
    for phase in following:
        if place is None or place >= len(phase.items):
            return None
        item = phase.items[place]
        if Plan(price_id=item.price_id, quantity=item.quantity) != plan:
            return PlannedChange(
                schedule_id=schedule.id,
                at=phase.start,
                price_id=item.price_id,
                quantity=item.quantity,
            )
    return None


def _items_with(phase: Phase, plan: Plan, wanted: Plan) -> tuple[PhaseItem, ...]:
    new = {"price_id": wanted.price_id, "quantity": wanted.quantity}
    return tuple(
        item.model_copy(update=new) if item.price_id == plan.price_id else item
        for item in phase.items
    )


def _phase_params(phase: Phase, items: tuple[PhaseItem, ...]) -> dict[str, Any]:
    """A phase as Stripe takes it; a discount or tax rate that isn't named would be lost."""
    return {
        "items": [
            {"price": item.price_id, **item.keeps}
            | ({"quantity": item.quantity} if item.quantity is not None else {})
            for item in items
        ],
        **phase.keeps,
    }
