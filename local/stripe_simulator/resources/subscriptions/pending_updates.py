"""Pending updates: changes that wait until the invoice that they make is paid.

Stripe's docs, "Pending updates": what isn't paid within 23 hours (or by the end of the period or
trial, if that is sooner) is discarded, its invoice voided. Resuming a paused subscription waits
for its invoice in the same way ("Pause subscriptions").
"""

from __future__ import annotations

from typing import Any

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.params import Params
from local.stripe_simulator.resources.invoices import invoice_endings
from local.stripe_simulator.resources.subscriptions import (
    subscription_billing,
    subscription_changes,
    subscription_items,
)
from local.stripe_simulator.resources.subscriptions.subscription_cancellation import period_end
from local.stripe_simulator.resources.subscriptions.subscription_changes import Change
from local.stripe_simulator.resources.subscriptions.subscription_params import PENDABLE
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

WAITS_SECONDS = 23 * 3600


def check(params: Params) -> None:
    """Refuse what can't wait ("Pending updates reference")."""
    refused = [name for name in params if name not in PENDABLE]
    items = params.get("items", ())
    refused += [name for item in items for name in item if name not in
                ("id", "price", "price_data", "quantity", "deleted", "clear_usage")]  # fmt: skip
    if refused:
        raise invalid(
            "When `payment_behavior` is set to `pending_if_incomplete`, you can only pass "
            f"supported params. The following are not supported: {', '.join(refused)}. Visit "
            "https://stripe.com/docs/billing/pending-updates-reference#supported-attributes for "
            "more details.",
            refused[0],
        )


def draft(world: World, before: Json, change: Change, extras: list[Params] | None) -> Json:
    """Draft the invoice of a change that isn't made yet."""
    after = change.applied_to(before)
    since = min(item["current_period_start"] for item in before["items"]["data"])
    subscription_changes.add_items(world, after, change, extras)
    lines = subscription_changes.lines(world, before, after, change)
    return subscription_billing.draft(world, after, "subscription_update", lines, since)


def wait(world: World, before: Json, change: Change, invoice: Json) -> Json:
    """Keep a change until its invoice is paid; `tell` of it if that isn't at once."""
    private = world.private.get(before["id"], {})
    waiting = {"change": change, "invoice": invoice["id"], "untold": before}
    world.private[before["id"]] = {**private, **waiting}
    expires_at = world.now() + WAITS_SECONDS
    if before["status"] != "paused":
        expires_at = min(expires_at, period_end(before))
    world.schedule(expires_at, "subscription.discard_pending", before["id"])
    return world.store.update(
        before, latest_invoice=invoice["id"], pending_update=_shown(before, change, expires_at)
    )


def tell(world: World, subscription_id: str) -> None:
    """Tell of a change that waits: payment was tried, and it is not made yet."""
    before = _take_untold(world, subscription_id)
    if before is not None:
        subscription = world.store.get("subscription", subscription_id)
        world.emit("customer.subscription.updated", subscription, before)


def _take_untold(world: World, subscription_id: str) -> Json | None:
    """The subscription before a change that waits, if nobody was told of that yet."""
    private = dict(world.private.get(subscription_id, {}))
    before: Json | None = private.pop("untold", None)
    world.private[subscription_id] = private
    return before


def _shown(before: Json, change: Change, expires_at: int) -> Json:
    changed = list(change.items) != before["items"]["data"]

    def new(name: str) -> Any:
        value = change.fields.get(name, before[name])
        return None if value == before[name] else value

    return {
        "billing_cycle_anchor": new("billing_cycle_anchor"),
        "cancel_at_period_end": None,
        "discount": None,
        "discounts": None,
        "expires_at": expires_at,
        "metadata": None,
        "subscription_items": list(change.items) if changed else None,
        "trial_end": new("trial_end"),
        "trial_from_plan": None,
    }


def waiting_for(world: World, subscription: Json, invoice: Json) -> Change | None:
    """The change that waits for that invoice, if one does."""
    private = world.private.get(subscription["id"], {})
    if subscription["pending_update"] is None or private.get("invoice") != invoice["id"]:
        return None
    change: Change = private["change"]
    return change


def apply(world: World, before: Json, change: Change, invoice: Json, **fields: Any) -> Json:
    """Make a change whose invoice is paid."""
    subscription = subscription_changes.store(world, before, change)
    subscription_items.remember_billed(world, invoice)
    subscription = world.store.update(
        subscription, latest_invoice=invoice["id"], pending_update=None, **fields
    )
    world.schedule(period_end(subscription), "subscription.renew", subscription["id"])
    untold = _take_untold(world, subscription["id"])
    world.emit("customer.subscription.updated", subscription, untold or before)
    return subscription


def on_invoice_paid(world: World, before: Json, change: Change, invoice: Json) -> Json:
    """Make the change; one that is paid at once is told as if it had never waited."""
    waited = "untold" not in world.private[before["id"]]
    subscription = apply(world, before, change, invoice)
    if before["status"] == "paused":
        world.emit("customer.subscription.resumed", subscription)
    elif waited:
        world.emit("customer.subscription.pending_update_applied", subscription)
    return subscription


def discard(world: World, before: Json) -> Json:
    """Forget the change that waits, and void its invoice."""
    if before["pending_update"] is None:
        return before
    subscription = world.store.update(before, pending_update=None)
    invoice = world.store.get("invoice", world.private[before["id"]]["invoice"])
    if invoice["status"] == "open":
        invoice_endings.void(world, invoice)
    return subscription


def discard_due(world: World, subscription_id: str) -> None:
    before = world.store.get("subscription", subscription_id)
    pending = before["pending_update"]
    if pending is None or pending["expires_at"] > world.now() or before["status"] == "canceled":
        return
    subscription = discard(world, before)
    world.emit("customer.subscription.updated", subscription, before)
    world.emit("customer.subscription.pending_update_expired", subscription)


def on_invoice_voided(world: World, invoice: Json) -> None:
    """Voiding its invoice cancels a pending update."""
    parent = invoice["parent"]
    if parent is None:
        return
    before = world.store.find(parent["subscription_details"]["subscription"])
    if before is not None and waiting_for(world, before, invoice) is not None:
        subscription = world.store.update(before, pending_update=None)
        world.emit("customer.subscription.updated", subscription, before)


TIMERS = {"subscription.discard_pending": discard_due}
