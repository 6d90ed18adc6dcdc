"""How a subscription goes on by itself: renewed by the clock, following its invoices, and ended.

Paid makes it active, failed makes it past due, and after the last retry the account's settings
decide (`Settings.after_last_retry`).
"""

from __future__ import annotations

from local.stripe_simulator.events import RENEW
from local.stripe_simulator.resources.invoices import (
    invoice_collection,
    invoice_drafts,
    invoice_endings,
    invoice_finalization,
)
from local.stripe_simulator.resources.subscriptions import subscription_items
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

DAY = 86400
TRIAL_WARNING_SECONDS = 3 * DAY
LIVE = ("active", "trialing", "past_due", "unpaid", "incomplete", "paused")
RENEWING = ("active", "trialing", "past_due", "unpaid")


def set_timers(world: World, subscription: Json) -> None:
    world.schedule(period_end(subscription), "subscription.renew", subscription["id"])
    if subscription["trial_end"]:
        warn_at = max(subscription["trial_end"] - TRIAL_WARNING_SECONDS, world.now())
        world.schedule(warn_at, "subscription.warn_of_trial_end", subscription["id"])


def period_end(subscription: Json) -> int:
    """The earliest end among the items' current periods."""
    return min(int(item["current_period_end"]) for item in subscription["items"]["data"])


def bill(world: World, subscription: Json, reason: str, since: int) -> tuple[Json, Json]:
    """Draft the invoice of the current period: (subscription, invoice)."""
    trial = subscription["status"] == "trialing"
    lines = [
        subscription_items.line(world, item, trial=trial) for item in subscription["items"]["data"]
    ]
    customer = world.store.get("customer", subscription["customer"])
    invoice = invoice_drafts.new(
        world, customer, reason, lines, subscription=subscription, since=since
    )
    return world.store.update(subscription, latest_invoice=invoice["id"]), invoice


def end(world: World, subscription: Json, reason: str) -> Json:
    """Cancel a subscription at once, and stop collecting its invoices."""
    now = world.now()
    subscription = world.store.update(
        subscription,
        canceled_at=subscription["canceled_at"] or now,
        cancellation_details={**subscription["cancellation_details"], "reason": reason},
        ended_at=now,
        status="canceled",
    )
    for invoice in _invoices_of(world, subscription):
        invoice_collection.stop_collecting(world, invoice)
    world.emit("customer.subscription.deleted", subscription)
    return subscription


def _invoices_of(world: World, subscription: Json) -> list[Json]:
    of_customer = world.store.newest_first("invoice", customer=subscription["customer"])
    return [
        invoice
        for invoice in of_customer
        if invoice_drafts.subscription_of(invoice) == subscription["id"]
    ]


def _subscription_of(world: World, invoice: Json) -> Json | None:
    subscription = invoice_drafts.subscription_of(invoice)
    return world.store.get("subscription", subscription) if subscription else None


def on_invoice_paid(world: World, invoice: Json) -> None:
    """A paid invoice brings its subscription (back) to life."""
    before = _subscription_of(world, invoice)
    if before is None or before["latest_invoice"] != invoice["id"]:
        return
    if before["status"] in ("incomplete", "past_due", "unpaid"):
        subscription = world.store.update(before, status="active")
        world.emit("customer.subscription.updated", subscription, before)


def on_payment_failed(world: World, invoice: Json) -> None:
    """A renewal that fails makes its subscription past due; after the last try it ends."""
    before = _subscription_of(world, invoice)
    if invoice["billing_reason"] == "subscription_create" or before is None:
        return
    if before["status"] not in RENEWING:
        return
    last = invoice_collection.is_exhausted(world, invoice)
    outcome = world.settings.after_last_retry if last else "leave_past_due"
    if outcome == "cancel":
        end(world, before, "payment_failed")
        return
    status = "unpaid" if outcome == "mark_unpaid" else "past_due"
    if status != before["status"]:
        subscription = world.store.update(before, status=status)
        world.emit("customer.subscription.updated", subscription, before)


def on_customer_deleted(world: World, customer: Json) -> None:
    for subscription in list(world.store.newest_first("subscription", customer=customer["id"])):
        if subscription["status"] in LIVE:
            end(world, subscription, "cancellation_requested")


def renew_due(world: World, subscription_id: str) -> None:
    """Begin the next period, if this one is over."""
    before = world.store.get("subscription", subscription_id)
    now = world.now()
    if before["status"] not in RENEWING or period_end(before) > now:
        return
    canceled = before["cancel_at"] is not None and before["cancel_at"] <= now
    if canceled or _ends_without_card(world, before):
        end(world, before, "cancellation_requested")
    else:
        renew(world, before)


def _ends_without_card(world: World, subscription: Json) -> bool:
    """Whether a trial is over and should end the subscription, because no card is there."""
    if subscription["status"] != "trialing":
        return False
    customer = world.store.get("customer", subscription["customer"])
    behavior = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    card = (
        subscription["default_payment_method"]
        or customer["invoice_settings"]["default_payment_method"]
    )
    return behavior == "cancel" and card is None


def renew(world: World, before: Json) -> Json:
    """Move the periods on, draft the invoice, and let it be collected an hour later."""
    world.events.tell_in(RENEW)
    anchor = before["billing_cycle_anchor"]
    since = min(item["current_period_start"] for item in before["items"]["data"])
    items = [
        subscription_items.next_period(world, item, anchor)
        if item["current_period_end"] <= world.now()
        else item
        for item in before["items"]["data"]
    ]
    subscription = world.store.update(
        before,
        items=subscription_items.replace_in(before, items),
        status="active" if before["status"] == "trialing" else before["status"],
    )
    subscription, invoice = bill(world, subscription, "subscription_cycle", since)
    if subscription["status"] != "unpaid":
        invoice_finalization.auto_finalize(world, invoice)
    world.schedule(period_end(subscription), "subscription.renew", subscription["id"])
    world.emit("customer.subscription.updated", subscription, before)
    return subscription


def cancel_due(world: World, subscription_id: str) -> None:
    subscription = world.store.get("subscription", subscription_id)
    at = subscription["cancel_at"]
    if subscription["status"] in LIVE and at is not None and at <= world.now():
        end(world, subscription, "cancellation_requested")


def warn_of_trial_end(world: World, subscription_id: str) -> None:
    subscription = world.store.get("subscription", subscription_id)
    if subscription["status"] == "trialing":
        world.emit("customer.subscription.trial_will_end", subscription)


def expire_due(world: World, subscription_id: str) -> None:
    """Give up on a subscription whose first invoice nobody paid for 23 hours."""
    before = world.store.get("subscription", subscription_id)
    if before["status"] != "incomplete":
        return
    subscription = world.store.update(before, status="incomplete_expired", ended_at=world.now())
    world.emit("customer.subscription.updated", subscription, before)
    invoice = world.store.get("invoice", subscription["latest_invoice"])
    if invoice["status"] == "open":
        invoice_endings.void(world, invoice)


REACTIONS = {
    "invoice.paid": on_invoice_paid,
    "invoice.payment_failed": on_payment_failed,
    "customer.deleted": on_customer_deleted,
}
TIMERS = {
    "subscription.renew": renew_due,
    "subscription.cancel": cancel_due,
    "subscription.warn_of_trial_end": warn_of_trial_end,
    "subscription.expire": expire_due,
}
