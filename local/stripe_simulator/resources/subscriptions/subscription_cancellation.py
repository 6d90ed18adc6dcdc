"""How subscriptions end: at once, at a date, or when nobody pays.

A date within a period ends that period early: what is left of it is given back when the date is
set, and charged again when it is lifted (Stripe's API reference, `cancel_at`).
"""

from __future__ import annotations

from local.stripe_simulator.errors import invalid, no_such
from local.stripe_simulator.events import SUBSCRIPTION_CANCELED
from local.stripe_simulator.params import Params
from local.stripe_simulator.resources.invoices import invoice_collection, invoice_items
from local.stripe_simulator.resources.invoices.invoice_drafts import subscription_of
from local.stripe_simulator.resources.subscriptions import (
    prorations,
    subscription_billing,
    subscription_items,
)
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

LIVE = ("active", "trialing", "past_due", "unpaid", "incomplete", "paused")


def period_end(subscription: Json) -> int:
    """The earliest end among the items' current periods."""
    return min(int(item["current_period_end"]) for item in subscription["items"]["data"])


def scheduled(world: World, subscription: Json, params: Params) -> Json:
    """What changes when an end is set or lifted.

    In flexible billing mode an end of period is a date: `cancel_at` is set and
    `cancel_at_period_end` stays false (Stripe's changelog of 2025-09-30.clover).
    """
    if "cancel_at" not in params and "cancel_at_period_end" not in params:
        return {}
    if params.get("cancel_at") is not None and params.get("cancel_at_period_end"):
        raise invalid(
            "You may only specify one of these parameters: cancel_at, cancel_at_period_end.",
            "cancel_at",
        )
    at_period_end = params.get("cancel_at_period_end", False)
    cancel_at = _cancel_at(world, subscription, params.get("cancel_at"))
    if at_period_end:
        cancel_at = min(_natural_ends(subscription))
    details = subscription["cancellation_details"]
    if cancel_at is None:
        reason, canceled_at = None, None
    else:
        reason, canceled_at = "cancellation_requested", world.now()
        world.schedule(cancel_at, "subscription.cancel", subscription["id"])
    classic = subscription["billing_mode"]["type"] == "classic"
    return {
        "cancel_at": cancel_at,
        "cancel_at_period_end": at_period_end and classic,
        "canceled_at": canceled_at,
        "cancellation_details": {**details, "reason": reason},
    }


def _cancel_at(world: World, subscription: Json, given: int | str | None) -> int | None:
    if given is None:
        return None
    if given == "min_period_end":
        return min(_natural_ends(subscription))
    if given == "max_period_end":
        return max(_natural_ends(subscription))
    return future(world, given, "cancel_at")


def _natural_ends(subscription: Json) -> list[int]:
    return [_end_of(subscription, item) for item in subscription["items"]["data"]]


def _end_of(subscription: Json, item: Json) -> int:
    """Where the item's period would end, had no date been set before."""
    if subscription["status"] == "trialing":
        return int(subscription["trial_end"])
    start = item["current_period_start"]
    return subscription_items.whole_period(subscription, item, start)[1]


def future(world: World, given: int | str, param: str) -> int:
    at = int(given)
    if at <= world.now():
        raise invalid(f"Invalid timestamp: {param} must be in the future.", param)
    return at


def end(world: World, subscription: Json, reason: str) -> Json:
    """Cancel a subscription at once, and stop collecting its invoices."""
    now = world.now()
    subscription = world.store.get("subscription", subscription["id"])
    subscription = world.store.update(
        subscription,
        canceled_at=subscription["canceled_at"] or now,
        cancellation_details={**subscription["cancellation_details"], "reason": reason},
        ended_at=now,
        pending_update=None,
        status="canceled",
    )
    for invoice in invoices_of(world, subscription):
        invoice_collection.stop_collecting(world, invoice)
    world.emit("customer.subscription.deleted", subscription)
    return subscription


def invoices_of(world: World, subscription: Json) -> list[Json]:
    """All that a subscription was billed, newest first."""
    of_customer = world.store.newest_first("invoice", customer=subscription["customer"])
    return [invoice for invoice in of_customer if subscription_of(invoice) == subscription["id"]]


def cancel(world: World, params: Params, subscription_id: str) -> Json:
    """End a subscription now; what is pending is billed, kept or dropped, as is asked for."""
    subscription = world.store.get("subscription", subscription_id)
    if subscription["status"] in ("canceled", "incomplete_expired"):
        raise no_such("subscription", subscription_id)
    world.events.tell_in(SUBSCRIPTION_CANCELED)
    details = {**subscription["cancellation_details"], **params.get("cancellation_details", {})}
    subscription = world.store.update(subscription, cancellation_details=details)
    invoice_now, prorate = params.get("invoice_now", False), params.get("prorate", False)
    if prorate:
        give_back(world, subscription)
    if not invoice_now and not prorate:
        _drop_prorations(world, subscription)
    ended = end(world, subscription, "cancellation_requested")
    return bill_finally(world, ended, "subscription_update") if invoice_now else ended


def give_back(world: World, subscription: Json) -> None:
    """Credit the time that was billed and won't be used."""
    if subscription["status"] == "trialing":
        return
    now, classic = world.now(), subscription["billing_mode"]["type"] == "classic"
    items = subscription["items"]["data"]
    full = subscription_items.full_prices(world, subscription, items, now)
    for item in items:
        if subscription_items.is_metered(item):
            continue
        debits = (full[item["id"]],) if classic else subscription_items.debits(world, item["id"])
        for given in prorations.credits_of(debits, (now, item["current_period_end"])):
            subscription_billing.add_proration(world, subscription, item["id"], given)
        subscription_items.remember(world, item["id"], prorations.kept(debits, now))


def _drop_prorations(world: World, subscription: Json) -> None:
    """Without a final invoice or credit, an end at once removes what prorations are pending."""
    for item in invoice_items.pending(world, subscription["customer"], subscription["id"]):
        if item["proration"]:
            world.emit("invoiceitem.deleted", item)
            world.store.delete(item)


def bill_finally(world: World, subscription: Json, reason: str) -> Json:
    """Bill what is still pending on a subscription that has ended, and what was used of it."""
    if not subscription_items.used(world, subscription) and not subscription_billing.has_pending(
        world, subscription
    ):
        return subscription
    invoice = final_draft(world, subscription, reason)
    subscription = world.store.update(subscription, latest_invoice=invoice["id"])
    subscription_billing.collect(world, subscription, invoice, "allow_incomplete")
    return world.store.get("subscription", subscription["id"])


def final_draft(world: World, subscription: Json, reason: str) -> Json:
    since = min(item["current_period_start"] for item in subscription["items"]["data"])
    lines = subscription_items.used(world, subscription)
    return subscription_billing.draft(world, subscription, reason, lines, since)
