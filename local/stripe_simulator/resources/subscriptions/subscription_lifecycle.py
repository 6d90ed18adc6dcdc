"""How a subscription goes on by itself: renewed by the clock, following its invoices, and ended.

Its status goes by its most recent invoice that isn't void (Stripe's docs: "How subscriptions
work"): paid makes it active, failed makes it past due, and after the last retry the account's
settings decide (`Settings.after_last_retry`).
"""

from __future__ import annotations

from collections.abc import Callable

from local.stripe_simulator.events import RENEW
from local.stripe_simulator.resources.invoices import (
    invoice_collection,
    invoice_drafts,
    invoice_endings,
    invoice_finalization,
)
from local.stripe_simulator.resources.subscriptions import (
    pending_updates,
    subscription_items,
    subscription_pauses,
    subscription_trials,
)
from local.stripe_simulator.resources.subscriptions.subscription_billing import bill
from local.stripe_simulator.resources.subscriptions.subscription_cancellation import (
    LIVE,
    bill_finally,
    end,
    invoices_of,
    period_end,
)
from local.stripe_simulator.resources.subscriptions.subscription_trials import DAY
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

__all__ = ["DAY", "REACTIONS", "RENEWING", "TIMERS", "bill", "end", "period_end", "renew_due"]
InPhase = Callable[[World, Json], Json]  # begins what a schedule says: the subscription after it

RENEWING = ("active", "trialing", "past_due", "unpaid")
OWING = ("incomplete", "past_due", "unpaid")


def _subscription_of(world: World, invoice: Json) -> Json | None:
    """The subscription that an invoice bills; invoices of one's own have none."""
    subscription_id = invoice_drafts.subscription_of(invoice)
    return world.store.get("subscription", subscription_id) if subscription_id else None


def on_invoice_paid(world: World, invoice: Json) -> None:
    """A paid invoice brings its subscription (back) to life, or makes the change that waits."""
    before = _subscription_of(world, invoice)
    if before is None or before["status"] in ("canceled", "incomplete_expired"):
        return
    _keep_method(world, before, invoice)
    change = pending_updates.waiting_for(world, before, invoice)
    if change is not None:
        pending_updates.on_invoice_paid(world, before, change, invoice)
    elif before["status"] in OWING and _is_settled(world, before):
        _make_active(world, before)
    elif not _is_starting(world, before):
        subscription = world.store.get("subscription", before["id"])
        world.emit("customer.subscription.updated", subscription, before)


def _is_starting(world: World, subscription: Json) -> bool:
    """Whether it is being created: nobody was told of it yet."""
    return bool(world.private.get(subscription["id"], {}).get("starting", False))


def _is_settled(world: World, subscription: Json) -> bool:
    """Whether nothing is owed of its most recent invoice, but for void and waiting ones."""
    for invoice in invoices_of(world, subscription):
        waits = pending_updates.waiting_for(world, subscription, invoice) is not None
        if invoice["status"] != "void" and not waits:
            return invoice["status"] in ("paid", "uncollectible")
    return False


def _make_active(world: World, before: Json) -> None:
    subscription = world.store.update(before, status="active")
    world.emit("customer.subscription.updated", subscription, before)


def on_invoice_written_off(world: World, invoice: Json) -> None:
    """An invoice that isn't owed any more keeps no subscription past due."""
    before = _subscription_of(world, invoice)
    if before is not None and before["status"] == "past_due" and _is_settled(world, before):
        _make_active(world, before)


def on_invoice_voided(world: World, invoice: Json) -> None:
    pending_updates.on_invoice_voided(world, invoice)
    on_invoice_written_off(world, invoice)


def _keep_method(world: World, subscription: Json, invoice: Json) -> None:
    """With `save_default_payment_method`, what paid becomes the subscription's default."""
    save = subscription["payment_settings"]["save_default_payment_method"]
    intent = invoice_collection.intent_of(world, invoice)
    if save == "on_subscription" and intent is not None and intent["status"] == "succeeded":
        world.store.update(subscription, default_payment_method=intent["payment_method"])


def on_payment_failed(world: World, invoice: Json) -> None:
    """A payment that fails makes its subscription past due; after the last try it ends.

    Of a first invoice only a debit that fails later does, for until then it was active; an older
    one doesn't while the most recent is paid.
    """
    before = _subscription_of(world, invoice)
    if before is None:
        return
    change = pending_updates.waiting_for(world, before, invoice)
    if change is not None:
        if before["status"] == "paused":
            subscription_pauses.on_resumption_failed(world, before, change, invoice)
        return
    if _is_starting(world, before) or before["status"] not in RENEWING:
        return
    if _is_settled(world, before):
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


def on_payment_processing(world: World, intent: Json) -> None:
    """Confirming the first payment is enough, though a debit takes days (`default_incomplete`)."""
    invoice = invoice_collection.open_invoice_of(world, intent)
    before = _subscription_of(world, invoice) if invoice is not None else None
    if before is not None and before["status"] == "incomplete":
        _make_active(world, before)


def on_customer_deleted(world: World, customer: Json) -> None:
    for subscription in list(world.store.newest_first("subscription", customer=customer["id"])):
        if subscription["status"] in LIVE:
            end(world, subscription, "cancellation_requested")


def is_over(world: World, subscription: Json) -> bool:
    """Whether the next period is due to begin."""
    return subscription["status"] in RENEWING and period_end(subscription) <= world.now()


def tell(world: World, subscription: Json, before: Json) -> None:
    """Tell of a change; of one that is made when a period is over, the renewal tells."""
    if not is_over(world, subscription):
        world.emit("customer.subscription.updated", subscription, before)


def renew_due(world: World, subscription_id: str, in_phase: InPhase) -> None:
    """Begin the next period, if this one is over, and the phase that may begin with it."""
    before = world.store.get("subscription", subscription_id)
    if not is_over(world, before):
        return
    if _is_canceled(world, before):
        end_on_schedule(world, before)
    elif before["status"] == "trialing" and subscription_trials.lacks_card(world, before):
        subscription_trials.end_without_card(world, before)
    else:
        subscription = in_phase(world, before)
        if is_over(world, subscription):
            _renew(world, subscription, before)


def _is_canceled(world: World, subscription: Json) -> bool:
    return subscription["cancel_at"] is not None and subscription["cancel_at"] <= world.now()


def _renew(world: World, subscription: Json, before: Json) -> None:
    """Move the periods on, draft the invoice, and let it be collected an hour later.

    `before` is the version that was told last: what has changed since is told with the renewal.
    """
    world.events.tell_in(RENEW)
    subscription, invoice = advance(world, subscription)
    _leave(world, subscription, invoice)
    subscription_trials.set_timers(world, subscription)
    world.emit("customer.subscription.updated", subscription, before)


def advance(world: World, before: Json) -> tuple[Json, Json]:
    """Begin the next period of the items whose period is over: (subscription, its draft)."""
    since = min(item["current_period_start"] for item in before["items"]["data"])
    over = [item for item in before["items"]["data"] if item["current_period_end"] <= world.now()]
    after = {**before, "status": "active" if before["status"] == "trialing" else before["status"]}
    if before["status"] == "trialing" and _anchors_at_end(before):
        after["billing_cycle_anchor"] = before["trial_end"]
    begun = {item["id"]: _next_period(world, after, item) for item in over}
    items = [begun.get(item["id"], item) for item in before["items"]["data"]]
    used = [item for item in subscription_items.billed_by_usage(before) if item in over]
    ahead = [item for item in begun.values() if not subscription_items.is_metered(item)]
    subscription = world.store.update(
        before,
        billing_cycle_anchor=after["billing_cycle_anchor"],
        items=subscription_items.replace_in(before, items),
        status=after["status"],
    )
    settings = _collected(world, subscription)
    return bill(world, subscription, "subscription_cycle", since, [*used, *ahead], **settings)


def _collected(world: World, subscription: Json) -> Json:
    """How a renewal's draft goes on: collected in an hour, or not where collection is paused."""
    paused = subscription["pause_collection"]
    if subscription["status"] == "unpaid" or (paused and paused["behavior"] == "keep_as_draft"):
        return {"auto_advance": False}
    if paused:
        return {"auto_advance": True}  # `_leave` finalizes it
    return invoice_drafts.advancing(world, subscription["collection_method"])


def _anchors_at_end(before: Json) -> bool:
    return bool(before["trial_settings"]["end_behavior"]["billing_cycle_anchor"] == "now")


def _next_period(world: World, subscription: Json, item: Json) -> Json:
    start = item["current_period_end"]
    whole = subscription_items.whole_period(subscription, item, start)
    span = subscription_items.until_canceled(subscription, (start, whole[1]))
    return subscription_items.put(world, subscription_items.in_period(item, span))


def _leave(world: World, subscription: Json, invoice: Json) -> None:
    """Leave a renewal's draft as it is, unless paused collection ends it at once."""
    paused = subscription["pause_collection"]
    if not paused or not invoice["auto_advance"]:
        return
    invoice = invoice_finalization.finalize(world, invoice)
    if invoice["status"] == "open" and paused["behavior"] == "void":
        invoice_endings.void(world, invoice)
    elif invoice["status"] == "open":
        invoice_endings.give_up(world, invoice)


def end_on_schedule(world: World, subscription: Json) -> None:
    """End a subscription at its date; prorations that are pending are collected then."""
    ended = end(world, subscription, "cancellation_requested")
    bill_finally(world, ended, "subscription_cycle")


def cancel_due(world: World, subscription_id: str) -> None:
    subscription = world.store.get("subscription", subscription_id)
    if subscription["status"] in LIVE and _is_canceled(world, subscription):
        end_on_schedule(world, subscription)


def collect_again(world: World, subscription_id: str) -> None:
    before = world.store.get("subscription", subscription_id)
    paused = before["pause_collection"]
    if before["status"] in LIVE and paused and (paused["resumes_at"] or 0) == world.now():
        subscription = world.store.update(before, pause_collection=None)
        world.emit("customer.subscription.updated", subscription, before)


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
    "invoice.marked_uncollectible": on_invoice_written_off,
    "invoice.paid": on_invoice_paid,
    "invoice.payment_failed": on_payment_failed,
    "invoice.voided": on_invoice_voided,
    "payment_intent.processing": on_payment_processing,
    "customer.deleted": on_customer_deleted,
}
TIMERS = {
    "subscription.cancel": cancel_due,
    "subscription.collect_again": collect_again,
    "subscription.expire": expire_due,
    **pending_updates.TIMERS,
    **subscription_trials.TIMERS,
}
