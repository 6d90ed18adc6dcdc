"""Pausing and resuming subscriptions ("Pause subscriptions"): no service, no invoices meanwhile.

A resumption that is billed waits for its invoice: the subscription stays paused until that is
paid, and for good if nobody pays it within 23 hours.
"""

from __future__ import annotations

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.events import SUBSCRIPTION_UPDATED
from local.stripe_simulator.params import Params, Spec, hash_of, one_of, required, timestamp
from local.stripe_simulator.resources.subscriptions import (
    pending_updates,
    prorations,
    subscription_billing,
    subscription_changes,
    subscription_items,
    subscription_trials,
)
from local.stripe_simulator.resources.subscriptions.prorations import Debit, Proration
from local.stripe_simulator.resources.subscriptions.subscription_changes import Change
from local.stripe_simulator.resources.subscriptions.subscription_params import (
    ANCHOR,
    PRORATION_BEHAVIOR,
)
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

PAUSE: Spec = {
    "bill_for": hash_of(
        {
            "outstanding_usage_through": hash_of({"type": required(one_of("none", "now"))}),
            "unused_time_from": hash_of(
                {"type": required(one_of("item_current_period_start", "none", "now"))}
            ),
        }
    ),
    "invoicing_behavior": one_of("invoice", "pending_invoice_item"),
    "type": one_of("subscription"),
}
RESUME: Spec = {
    "billing_cycle_anchor": ANCHOR,
    "payment_behavior": one_of("resume_on_payment_attempt", "resume_on_payment_success"),
    "proration_behavior": PRORATION_BEHAVIOR,
    "proration_date": timestamp,
}


def pause(world: World, params: Params, subscription_id: str) -> Json:
    before = world.store.get("subscription", subscription_id)
    world.events.tell_in(SUBSCRIPTION_UPDATED)
    subscription, invoice = stop(world, before, params)
    if invoice is not None:
        subscription_billing.collect(world, subscription, invoice, "allow_incomplete")
    return world.store.get("subscription", subscription_id)


def stop(world: World, before: Json, params: Params) -> tuple[Json, Json | None]:
    """Pause a subscription: (it, the draft of what that gives back, if it is to be invoiced)."""
    _check_pausable(before)
    before = pending_updates.discard(world, before)
    start_of = _asked(params, "unused_time_from")
    since = min(item["current_period_start"] for item in before["items"]["data"])
    if _asked(params, "outstanding_usage_through") == "now":
        for used in subscription_items.used(world, before):
            subscription_billing.add_usage(world, before, used)
    items = [_stopped(world, before, item, start_of) for item in before["items"]["data"]]
    subscription = subscription_trials.pause(
        world, before, "pause_requested", items=subscription_items.replace_in(before, items)
    )
    invoices = params.get("invoicing_behavior") == "invoice"
    if not invoices or not subscription_billing.has_pending(world, subscription):
        return subscription, None
    return subscription_billing.bill(world, subscription, "subscription_update", since, ())


def _asked(params: Params, what: str) -> str:
    """What to bill for when pausing: by default all that there is until now."""
    return str(params.get("bill_for", {}).get(what, {}).get("type", "now"))


def _check_pausable(subscription: Json) -> None:
    reasons = {
        "it uses `collection_method=send_invoice`": subscription["collection_method"]
        == "send_invoice",
        "it uses `billing_mode=classic`": subscription["billing_mode"]["type"] == "classic",
        "it has a subscription schedule": subscription["schedule"] is not None,
        f"its status is `{subscription['status']}`": subscription["status"]
        not in ("active", "past_due", "unpaid"),
    }
    for reason, holds in reasons.items():
        if holds:
            raise invalid(f"You cannot pause this subscription because {reason}.")


def _stopped(world: World, subscription: Json, item: Json, start_of: str) -> Json:
    """The item, its period over, with what is left of it given back."""
    now, (start, end) = world.now(), subscription_items.span(item)
    if start_of != "none" and not subscription_items.is_metered(item):
        since = now if start_of == "now" else start
        debits = subscription_items.debits(world, item["id"])
        for given in prorations.credits_of(debits, (since, end)):
            subscription_billing.add_proration(world, subscription, item["id"], given)
        subscription_items.remember(world, item["id"], prorations.kept(debits, since))
    return subscription_items.put(world, subscription_items.in_period(item, (start, now)))


def resume(world: World, params: Params, subscription_id: str) -> Json:
    before = world.store.get("subscription", subscription_id)
    check_resumable(before)
    world.events.tell_in(SUBSCRIPTION_UPDATED)
    invoice = start_resuming(world, before, params)
    if invoice is not None:
        attempts = params.get("payment_behavior") == "resume_on_payment_success"
        behavior = "allow_incomplete" if attempts else "default_incomplete"
        subscription_billing.collect(world, before, invoice, behavior)
        pending_updates.tell(world, subscription_id)
    return world.store.get("subscription", subscription_id)


def check_resumable(subscription: Json) -> None:
    if subscription["status"] != "paused":
        raise invalid(
            "You can only resume a subscription whose status is `paused`; its status is "
            f"`{subscription['status']}`."
        )
    if subscription["collection_method"] == "send_invoice":
        raise invalid(
            "You can only resume a subscription whose `collection_method` is "
            "`charge_automatically`."
        )


def start_resuming(world: World, before: Json, params: Params) -> Json | None:
    """Resume at once if nothing is to be paid now; else draft the invoice that it waits for."""
    before = pending_updates.discard(world, before)
    behavior = params.get("proration_behavior", "create_prorations")
    anchored = params.get("billing_cycle_anchor", {}).get("type", "now") == "unchanged"
    at = params.get("proration_date", world.now())
    change = _continued(world, before, at, behavior) if anchored else _anew(world, before)
    if not subscription_changes.bills_now(before, change, behavior, extras=False):
        subscription = subscription_changes.store(world, before, change)
        subscription_changes.add_items(world, subscription, change, None)
        subscription_trials.set_timers(world, subscription)
        world.emit("customer.subscription.resumed", subscription)
        world.emit("customer.subscription.updated", subscription, before)
        return None
    invoice = pending_updates.draft(world, before, change, None)
    private = world.private.get(before["id"], {})
    waits = params.get("payment_behavior") == "resume_on_payment_success"
    world.private[before["id"]] = {**private, "until_paid": waits}
    pending_updates.wait(world, before, change, invoice)
    return invoice


def _anew(world: World, before: Json) -> Change:
    """Every item begins a new period now."""
    now = world.now()
    fields = {"billing_cycle_anchor": now, "status": "active"}
    after = {**before, **fields}
    items = tuple(
        subscription_items.in_period(item, subscription_items.whole_period(after, item, now))
        for item in before["items"]["data"]
    )
    return Change(fields, items, renewed=True)


def _continued(world: World, before: Json, at: int, behavior: str) -> Change:
    """Every item goes on in the period around now; what is left of it is charged."""
    items = tuple(
        subscription_items.in_period(
            item, subscription_items.whole_period(before, item, world.now())
        )
        for item in before["items"]["data"]
    )
    fields = {"status": "active"}
    if behavior == "none":
        return Change(fields, items)
    full = subscription_items.full_prices(world, before, items, world.now())
    charged: list[tuple[str, Proration]] = []
    debits: dict[str, tuple[Debit, ...]] = {}
    for item in items:
        if item["id"] in full:
            part = (max(at, item["current_period_start"]), item["current_period_end"])
            proration = prorations.charge(full[item["id"]], part)
            charged.append((item["id"], proration))
            debits[item["id"]] = (prorations.debit_of(proration, full[item["id"]]),)
    return Change(fields, items, (), tuple(charged), debits)


def on_resumption_failed(world: World, before: Json, change: Change, invoice: Json) -> None:
    """A failed attempt resumes it too, past due, unless it was to wait for success."""
    if world.private[before["id"]].get("until_paid"):
        return
    subscription = pending_updates.apply(world, before, change, invoice, status="past_due")
    world.emit("customer.subscription.resumed", subscription)


ROUTES = (
    Route("POST", "/v1/subscriptions/{}/pause", pause, PAUSE),
    Route("POST", "/v1/subscriptions/{}/resume", resume, RESUME),
)
