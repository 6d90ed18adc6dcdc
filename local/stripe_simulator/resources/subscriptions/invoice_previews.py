"""Previews of invoices (`POST /v1/invoices/create_preview`): what would be billed, to the cent.

A preview is the draft that the real thing makes: it is done, and then all of it undone. So it
can't differ from what is billed for the same instant.
"""

from __future__ import annotations

from typing import Any

from local.stripe_simulator.errors import StripeError, invalid
from local.stripe_simulator.money import currency
from local.stripe_simulator.params import (
    Params,
    Spec,
    boolean,
    hash_of,
    list_of,
    metadata,
    moment,
    one_of,
    required,
    text,
    timestamp,
    unsupported,
)
from local.stripe_simulator.resources.catalogue.discounts import DISCOUNTS
from local.stripe_simulator.resources.invoices import invoice_items
from local.stripe_simulator.resources.subscriptions import (
    subscription_cancellation,
    subscription_creation,
    subscription_lifecycle,
    subscription_pauses,
    subscription_schedules,
    subscription_trials,
    subscription_updates,
)
from local.stripe_simulator.resources.subscriptions.subscription_cancellation import period_end
from local.stripe_simulator.resources.subscriptions.subscription_params import (
    BILLING_MODE,
    ITEM_CHANGE,
    MOST_ITEMS,
    PRORATION_BEHAVIOR,
    TAX_RATES,
)
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

DETAILS: Spec = {
    "billing_cycle_anchor": hash_of(
        {"type": required(one_of("now", "timestamp", "unchanged")), "timestamp": timestamp}
    ),
    "billing_mode": BILLING_MODE,
    "billing_schedules": unsupported("billing in advance"),
    "cancel_at": moment("min_period_end", "max_period_end"),
    "cancel_at_period_end": boolean,
    "cancel_now": boolean,
    "default_tax_rates": TAX_RATES,
    "items": list_of(hash_of(ITEM_CHANGE), maximum=MOST_ITEMS),
    "metadata": metadata,
    "pause": hash_of(subscription_pauses.PAUSE),
    "proration_behavior": PRORATION_BEHAVIOR,
    "proration_date": timestamp,
    "resume_at": one_of("now"),
    "start_date": timestamp,
    "trial_end": moment("now"),
}
PREVIEW: Spec = {
    "automatic_tax": hash_of({"enabled": required(boolean)}),
    "currency": currency,
    "customer": text(),
    "customer_account": unsupported("accounts as customers"),
    "customer_details": unsupported("previews for customers who aren't there"),
    "discounts": DISCOUNTS,
    "invoice_items": unsupported("previews of further invoice items"),
    "issuer": unsupported("Connect"),
    "on_behalf_of": unsupported("Connect"),
    "preview_mode": one_of("next"),
    "schedule": unsupported("previews of subscription schedules"),
    "schedule_details": unsupported("previews of subscription schedules"),
    "subscription": text(),
    "subscription_details": hash_of(DETAILS),
}
STILL = {"auto_advance": False, "automatically_finalizes_at": None}  # nothing comes of a preview
CHANGING = ("cancel_at", "cancel_at_period_end", "default_tax_rates", "items", "metadata",
            "proration_behavior", "proration_date", "trial_end")  # fmt: skip


def preview(world: World, params: Params) -> Json:
    """The invoice that a change, a new subscription or the next renewal would make."""
    try:
        draft = _draft(world, params)
    finally:
        world.undo()
    return {**draft, "id": world.new_id("upcoming_in_1", 23), **STILL}


def upcoming(world: World, subscription: Json) -> Json:
    """The next renewal's invoice, as `invoice.upcoming` tells of it: without an id."""
    try:
        draft = _renewal(world, subscription["id"])
    finally:
        world.undo()
    draft = {**draft, "automatically_finalizes_at": None}
    return {key: value for key, value in draft.items() if key != "id"}


def announce_due(world: World, subscription_id: str) -> None:
    """Tell of a renewal some days before it; nothing renews what ends before."""
    subscription = world.store.get("subscription", subscription_id)
    ends_at = period_end(subscription)
    due_at = ends_at - world.settings.upcoming_invoice_days * subscription_trials.DAY
    told = world.private.get(subscription_id, {}).get("announced") == ends_at
    if told or due_at > world.now() or not _renews(subscription):
        return
    announced = upcoming(world, subscription)
    private = world.private.get(subscription_id, {})
    world.private[subscription_id] = {**private, "announced": ends_at}
    world.emit("invoice.upcoming", announced)


def _renews(subscription: Json) -> bool:
    cancel_at = subscription["cancel_at"]
    return subscription["status"] in subscription_lifecycle.RENEWING and (
        cancel_at is None or cancel_at > period_end(subscription)
    )


def _draft(world: World, params: Params) -> Json:
    details = params.get("subscription_details", {})
    if "subscription" not in params:
        if "items" in details:
            return _of_new(world, params, details)
        return _renewal(world, _next_of(world, params.get("customer")))
    subscription = world.store.get("subscription", params["subscription"], "subscription")
    if params.get("customer") not in (None, subscription["customer"]):
        raise invalid(
            f"The subscription {subscription['id']} does not belong to that customer.",
            "subscription",
        )
    if details.get("cancel_now"):
        return _of_end(world, subscription, details)
    if details.get("resume_at"):
        return _of_resumption(world, subscription, details)
    if details.get("pause"):
        return _of_pause(world, subscription, details["pause"])
    return _of_change(world, subscription, params, details)


def _next_of(world: World, customer_id: str | None) -> str:
    if customer_id is None:
        raise invalid(
            "You must provide one of `customer`, `subscription` or `subscription_details[items]`.",
            "customer",
            "parameter_missing",
        )
    world.store.get("customer", customer_id, "customer")
    found = world.store.newest_first("subscription", customer=customer_id)
    renewing = [each for each in found if _renews(each)]
    if not renewing:
        raise _none(customer_id)
    return str(min(renewing, key=period_end)["id"])


def _none(customer_id: str) -> StripeError:
    return StripeError(
        404, f"No upcoming invoices for customer: '{customer_id}'", code="invoice_upcoming_none"
    )


def _of_new(world: World, params: Params, details: Params) -> Json:
    """The first invoice of a subscription to be created."""
    if "customer" not in params:
        raise invalid("Missing required param: customer.", "customer", "parameter_missing")
    anchor = details.get("billing_cycle_anchor", {})
    created: Params = {name: details[name] for name in (*CHANGING, "billing_mode")
                       if name in details}  # fmt: skip
    created.pop("proration_date", None)
    if "timestamp" in anchor:
        created["billing_cycle_anchor"] = anchor["timestamp"]
    start = details.get("start_date")
    if start is not None and start < world.now():
        created["backdate_start_date"] = start
    subscription, invoice = subscription_creation.begin(
        world, {**created, **_shared(params), "customer": params["customer"]}
    )
    if invoice is None:
        return _renewal(world, subscription["id"])
    return invoice


def _shared(params: Params) -> Params:
    return {name: params[name] for name in ("automatic_tax", "discounts") if name in params}


def _of_end(world: World, subscription: Json, details: Params) -> Json:
    """The final invoice of a subscription that is canceled now (`invoice_now`)."""
    if details.get("proration_behavior", "create_prorations") != "none":
        subscription_cancellation.give_back(world, subscription)
    if not invoice_items.pending(world, subscription["customer"], subscription["id"]):
        raise _none(subscription["customer"])
    return subscription_cancellation.final_draft(world, subscription, "subscription_update")


def _of_resumption(world: World, subscription: Json, details: Params) -> Json:
    resumed: Params = {name: details[name] for name in ("billing_cycle_anchor",
                       "proration_behavior", "proration_date") if name in details}  # fmt: skip
    subscription_pauses.check_resumable(subscription)
    invoice = subscription_pauses.start_resuming(world, subscription, resumed)
    return _renewal(world, subscription["id"]) if invoice is None else invoice


def _of_pause(world: World, subscription: Json, given: Params) -> Json:
    _, invoice = subscription_pauses.stop(world, subscription, given)
    if invoice is None:
        raise _none(subscription["customer"])
    return invoice


def _of_change(world: World, subscription: Json, params: Params, details: Params) -> Json:
    """The invoice that a change makes at once, or else the next one after it."""
    changed: Params = {name: details[name] for name in CHANGING if name in details}
    changed.update(_shared(params))
    anchor = details.get("billing_cycle_anchor")
    if anchor is not None:
        if anchor["type"] == "timestamp":
            raise invalid(
                "An existing subscription's billing cycle anchor can only be `now` or `unchanged`.",
                "subscription_details[billing_cycle_anchor][type]",
            )
        changed["billing_cycle_anchor"] = anchor
    if not changed:
        return _renewal(world, subscription["id"])
    subscription_updates.check_status(subscription, changed)
    after, invoice = subscription_updates.make(world, subscription, changed)
    return _renewal(world, after["id"]) if invoice is None else invoice


def _renewal(world: World, subscription_id: str) -> Json:
    """The draft of the next renewal, made when it falls due."""
    subscription = world.store.get("subscription", subscription_id)
    if not _renews(subscription):
        raise _none(subscription["customer"])
    with world.at(period_end(subscription)):
        subscription = subscription_schedules.in_phase(world, subscription)
        _, invoice = subscription_lifecycle.advance(world, subscription)
    return invoice


ROUTES = (Route("POST", "/v1/invoices/create_preview", preview, PREVIEW),)
TIMERS: Any = {"subscription.announce_invoice": announce_due}
