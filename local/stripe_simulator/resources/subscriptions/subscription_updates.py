"""Subscriptions updated through the API: worked out, stored, billed and paid.

"Update a subscription" (Stripe's API reference); what may fail to be paid goes by
`payment_behavior`.
"""

from __future__ import annotations

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.events import SUBSCRIPTION_UPDATED
from local.stripe_simulator.params import Params
from local.stripe_simulator.resources.subscriptions import (
    item_changes,
    pending_updates,
    subscription_billing,
    subscription_cancellation,
    subscription_changes,
    subscription_items,
    subscription_lifecycle,
    subscription_settings,
    subscription_trials,
)
from local.stripe_simulator.resources.subscriptions.subscription_changes import (
    Change,
    Cycle,
    Prorating,
)
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

OF_ENDED = ("cancellation_details", "metadata")
CANCELLATION = ("cancel_at", "cancel_at_period_end")
OF_INCOMPLETE = ("default_payment_method", "metadata", "payment_settings")


def update(world: World, params: Params, subscription_id: str) -> Json:
    before = world.store.get("subscription", subscription_id)
    check_status(before, params)
    world.events.tell_in(SUBSCRIPTION_UPDATED)
    if subscription_trials.ends_without_card(world, before, params):
        return subscription_trials.end_without_card(world, before)
    subscription, invoice = make(world, before, params)
    if invoice is None:
        return subscription
    return settle(world, before, invoice, params)


def check_status(before: Json, params: Params) -> None:
    status = before["status"]
    if status in ("canceled", "incomplete_expired") and any(
        name not in OF_ENDED for name in params
    ):
        raise invalid(
            "A canceled subscription can only update its cancellation_details and metadata."
        )
    if status == "incomplete" and any(name not in OF_INCOMPLETE for name in params):
        raise invalid(
            "You cannot update a subscription in `incomplete` status in a way that results in "
            "proration or invoicing; pay its latest invoice first."
        )
    if before["schedule"] and any(name in params for name in CANCELLATION):
        raise invalid(
            f"The subscription is managed by the subscription schedule `{before['schedule']}`, and "
            "updating any cancelation behavior directly is not allowed. Please update the schedule "
            "instead."
        )
    if params.get("payment_behavior") == "pending_if_incomplete":
        pending_updates.check(params)


def make(world: World, before: Json, params: Params) -> tuple[Json, Json | None]:
    """Make the change, or let it wait: (the subscription, the draft that bills it at once)."""
    change = work_out(world, before, params)
    extras = params.get("add_invoice_items")
    behavior = params.get("proration_behavior", "create_prorations")
    bills = subscription_changes.bills_now(before, change, behavior, extras=bool(extras))
    before = pending_updates.discard(world, before) if bills else before
    if bills and params.get("payment_behavior") == "pending_if_incomplete":
        draft = pending_updates.draft(world, before, change, extras)
        return pending_updates.wait(world, before, change, draft), draft
    after = subscription_changes.store(world, before, change)
    subscription_changes.add_items(world, after, change, extras)
    invoice = _bill(world, before, after, change) if bills else None
    after = world.store.get("subscription", before["id"])
    subscription_trials.set_timers(world, after, before)
    subscription_lifecycle.tell(world, after, before)
    return after, invoice


def _bill(world: World, before: Json, after: Json, change: Change) -> Json:
    since = min(item["current_period_start"] for item in before["items"]["data"])
    lines = subscription_changes.lines(world, before, after, change)
    invoice = subscription_billing.draft(world, after, "subscription_update", lines, since)
    subscription_items.remember_billed(world, invoice)
    world.store.update(after, latest_invoice=invoice["id"])
    return invoice


def work_out(world: World, before: Json, params: Params) -> Change:
    """What the parameters come to, discounts redeemed; nothing else is stored."""
    settings = subscription_settings.changes(world, before, params)
    told = {**before, **settings}  # a new discount counts for the prorations of the same change
    items = item_changes.changed(world, told, params.get("items"))
    at = subscription_changes.proration_date(world, before, params.get("proration_date"))
    cycle = subscription_trials.cycle(world, told, params)
    ending = subscription_cancellation.scheduled(world, {**told, **cycle.fields}, params)
    cycle = Cycle({**settings, **cycle.fields, **ending}, cycle.restarts)
    prorating = Prorating(at, params.get("proration_behavior", "create_prorations"))
    return subscription_changes.work_out(world, told, items, cycle, prorating)


def settle(world: World, before: Json, invoice: Json, params: Params) -> Json:
    """Have a change's invoice paid; a failure makes the subscription past due, or it waits."""
    subscription = world.store.get("subscription", before["id"])
    if subscription["status"] == "unpaid":  # its invoices are left as drafts
        pending_updates.tell(world, before["id"])
        return subscription
    behavior = params.get("payment_behavior", "allow_incomplete")
    away = params.get("off_session", False)
    invoice = subscription_billing.collect(world, subscription, invoice, behavior, off_session=away)
    pending_updates.tell(world, before["id"])
    subscription = world.store.get("subscription", before["id"])
    in_doubt = subscription_billing.is_in_doubt(world, invoice)
    if in_doubt and subscription["status"] == "active" and not subscription["pending_update"]:
        overdue = world.store.update(subscription, status="past_due")
        world.emit("customer.subscription.updated", overdue, subscription)
    return world.store.get("subscription", before["id"])
