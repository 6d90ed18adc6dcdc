"""Subscriptions created: their first period, its invoice, and its payment.

"Create a subscription" (Stripe's API reference); first periods that are short or lie in the past
as in "Set the subscription billing renewal date" and "Backdate subscriptions".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from local.stripe_simulator import periods
from local.stripe_simulator.errors import invalid
from local.stripe_simulator.events import API_SUBSCRIBE
from local.stripe_simulator.pagination import whole
from local.stripe_simulator.params import Params
from local.stripe_simulator.resources.catalogue import prices
from local.stripe_simulator.resources.customers import customers
from local.stripe_simulator.resources.invoices import invoice_collection
from local.stripe_simulator.resources.invoices.invoice_drafts import Line
from local.stripe_simulator.resources.payments import setup_intents
from local.stripe_simulator.resources.subscriptions import (
    item_changes,
    subscription_billing,
    subscription_cancellation,
    subscription_items,
    subscription_settings,
    subscription_trials,
)
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

INCOMPLETE_SECONDS = 23 * 3600
MOST_LINES = 250


def new(world: World, customer: Json, params: Params) -> Json:
    """Store a subscription with its items, active or in trial; nothing is billed or told yet."""
    blank = _blank(world, customer, params)
    blank = {**blank, "currency": _currency(world, customer, params)}
    items = [
        item_changes.new(world, blank, given, f"items[{index}]")
        for index, given in enumerate(params["items"])
    ]
    item_changes.check(blank, tuple(items))
    blank = {**blank, "items": subscription_items.replace_in(blank, items)}
    blank = {**blank, **_anchor(world, blank, params)}
    blank.update(subscription_settings.changes(world, blank, params))
    placed = [_placed(world, blank, item) for item in items]
    blank["items"] = subscription_items.replace_in(blank, placed)
    blank.update(subscription_cancellation.scheduled(world, blank, params))
    if blank["cancel_at"] is not None and blank["status"] != "trialing":
        placed = [_clipped(blank, item) for item in placed]
    for item in placed:
        world.store.insert(item)
    blank["items"] = subscription_items.replace_in(blank, placed)
    subscription = world.store.insert(blank)
    if blank["cancel_at"] is not None:
        world.schedule(blank["cancel_at"], "subscription.cancel", blank["id"])
    subscription_trials.set_timers(world, subscription)
    return subscription


def _currency(world: World, customer: Json, params: Params) -> str:
    """The currency to sell the first item in, which all the others must be offered in."""
    first = params["items"][0]
    if "price_data" in first:
        return str(first["price_data"]["currency"])
    price = world.store.get("price", first.get("price") or "", "items[0][price]")
    return prices.currency_for(world, price, params.get("currency") or customer["currency"])


def _placed(world: World, subscription: Json, item: Json) -> Json:
    """The item in its first period: the trial, or what is left of the one around now."""
    if subscription["status"] == "trialing":
        return subscription_items.in_period(item, (world.now(), subscription["trial_end"]))
    start, end = subscription_items.whole_period(subscription, item, world.now())
    return subscription_items.in_period(item, (max(start, subscription["start_date"]), end))


def _clipped(subscription: Json, item: Json) -> Json:
    span = subscription_items.until_canceled(subscription, subscription_items.span(item))
    return subscription_items.in_period(item, span)


def _anchor(world: World, subscription: Json, params: Params) -> Json:
    """What the billing periods are counted from."""
    given = [name for name in ("billing_cycle_anchor", "billing_cycle_anchor_config")
             if params.get(name) is not None]  # fmt: skip
    if len(given) == 2:
        raise invalid(
            "You may only specify one of these parameters: billing_cycle_anchor, "
            "billing_cycle_anchor_config.",
            "billing_cycle_anchor",
        )
    if given == ["billing_cycle_anchor"]:
        return {"billing_cycle_anchor": _given_anchor(world, subscription, params)}
    if given:
        return _configured(world, subscription, params["billing_cycle_anchor_config"])
    return {}


def _given_anchor(world: World, subscription: Json, params: Params) -> int:
    at = int(params["billing_cycle_anchor"])
    since = subscription["trial_end"] or world.now()
    if at < world.now():
        raise invalid(
            "Invalid timestamp: billing_cycle_anchor must be in the future.", "billing_cycle_anchor"
        )
    for item in subscription["items"]["data"]:
        if at > periods.next_end(since, since, item["price"]["recurring"]):
            raise invalid(
                "billing_cycle_anchor cannot be later than next natural billing date "
                f"({periods.next_end(since, since, item['price']['recurring'])}) for plan",
                "billing_cycle_anchor",
            )
    return at


def _configured(world: World, subscription: Json, config: Params) -> Json:
    """The next moment of that day (and month, and time), for monthly and yearly prices."""
    for item in subscription["items"]["data"]:
        if item["price"]["recurring"]["interval"] not in ("month", "year"):
            raise invalid(
                "billing_cycle_anchor_config is only valid with monthly and yearly prices.",
                "billing_cycle_anchor_config",
            )
    now = datetime.fromtimestamp(world.now(), UTC)
    parts = {part: config.get(part) for part in ("hour", "minute", "second")}
    moment = now.replace(**{part: value for part, value in parts.items() if value is not None})
    for month in range(moment.month, moment.month + 49):
        years, index = divmod(month - 1, 12)
        if config.get("month") not in (None, index + 1):
            continue
        day = _on_day(moment, moment.year + years, index + 1, config["day_of_month"])
        if day is not None and day >= now:
            return {
                "billing_cycle_anchor": int(day.timestamp()),
                "billing_cycle_anchor_config": {
                    "day_of_month": config["day_of_month"],
                    "hour": config.get("hour"),
                    "minute": config.get("minute"),
                    "month": config.get("month"),
                    "second": config.get("second"),
                },
            }
    raise invalid(
        "There is no such day in that month.", "billing_cycle_anchor_config[day_of_month]"
    )


def _on_day(moment: datetime, year: int, month: int, day: int) -> datetime | None:
    try:
        return moment.replace(year=year, month=month, day=day)
    except ValueError:
        return None


def _start_date(world: World, params: Params) -> int:
    start = params.get("backdate_start_date")
    if start is None:
        return world.now()
    if start > world.now():
        raise invalid(
            "Invalid timestamp: backdate_start_date must be in the past.", "backdate_start_date"
        )
    return int(start)


def _blank(world: World, customer: Json, params: Params) -> Json:
    subscription_id = world.new_id("sub_1", 23)
    now = world.now()
    start, trial_end = _start_date(world, params), subscription_trials.end_of(world, params)
    mode = params.get("billing_mode", {}).get("type", "flexible")
    return {
        "id": subscription_id,
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": subscription_settings.automatic_tax(enabled=False),
        "billing_cycle_anchor": trial_end or (start if mode == "flexible" else now),
        "billing_cycle_anchor_config": None,
        "billing_mode": {
            "flexible": {"proration_discounts": "included"} if mode == "flexible" else None,
            "type": mode,
        },
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {
            "comment": None,
            "feedback": None,
            "feedback_option": None,
            "reason": None,
        },
        "collection_method": "charge_automatically",
        "created": now,
        "currency": "",
        "customer": customer["id"],
        "customer_account": None,
        "days_until_due": None,
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": None,
            "footer": None,
            "issuer": {"type": "self"},
        },
        "items": whole([], f"/v1/subscription_items?subscription={subscription_id}"),
        "latest_invoice": None,
        "livemode": False,
        "managed_payments": None,
        "metadata": {},
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": start,
        "status": "trialing" if trial_end else "active",
        "test_clock": customer["test_clock"],
        "transfer_data": None,
        "trial_end": trial_end,
        "trial_settings": subscription_settings.trial_settings(None),
        "trial_start": now if trial_end else None,
    }


def first_lines(world: World, subscription: Json, behavior: str) -> list[Line]:
    """What the first invoice bills: the periods since the start, unless none is to be prorated."""
    found = [
        subscription_items.line(world, subscription, item, part)
        for item in subscription["items"]["data"]
        if not subscription_items.is_metered(item)
        for part in _parts(subscription, item)
    ]
    if behavior == "none":
        now = world.now()
        found = [line for line in found if not line.proration and line.start >= now]
    if len(found) > MOST_LINES:
        raise invalid(
            f"Backdating isn't supported if the invoice has more than {MOST_LINES} lines.",
            "backdate_start_date",
        )
    return found


def _parts(subscription: Json, item: Json) -> Iterator[tuple[int, int]]:
    """The periods from the subscription's start to the end of the item's current one."""
    start, (current, end) = subscription["start_date"], subscription_items.span(item)
    if subscription["status"] == "trialing":
        yield current, end
        return
    while start < current:
        until = min(subscription_items.whole_period(subscription, item, start)[1], current)
        yield start, until
        start = until
    yield current, end


def create(world: World, params: Params) -> Json:
    """Create a subscription and have its first invoice paid, as `payment_behavior` says."""
    world.events.tell_in(API_SUBSCRIBE)
    if params.get("payment_behavior") == "pending_if_incomplete":
        raise invalid(
            "`payment_behavior=pending_if_incomplete` is only supported on updates.",
            "payment_behavior",
        )
    subscription, invoice = begin(world, params)
    if invoice is not None:
        subscription = _pay(world, subscription, invoice, params)
    if invoice is None or invoice["amount_due"] == 0:
        subscription = _ask_for_card(world, subscription)
    world.emit("customer.subscription.created", subscription)
    return subscription


def begin(world: World, params: Params, **settings: Any) -> tuple[Json, Json | None]:
    """The subscription and the draft of its first invoice, if there is anything to bill."""
    customer = world.store.get("customer", params["customer"], "customer")
    currency = _currency(world, customer, params)
    if params.get("currency") not in (None, currency):
        raise invalid(
            f"The price specified supports currencies of `{currency}`. This doesn't match the "
            f"expected currency: `{params['currency']}`.",
            "currency",
        )
    customers.charge_in(world, customer, currency)
    subscription = new(world, customer, params)
    subscription_billing.add_extras(world, subscription, params.get("add_invoice_items"))
    lines = first_lines(world, subscription, params.get("proration_behavior", ""))
    if not lines and not subscription_billing.has_pending(world, subscription):
        return subscription, None
    invoice = subscription_billing.draft(
        world, subscription, "subscription_create", lines, world.now(), **settings
    )
    subscription_items.remember_billed(world, invoice)
    return world.store.update(subscription, latest_invoice=invoice["id"]), invoice


def _pay(world: World, subscription: Json, invoice: Json, params: Params) -> Json:
    """Have the first invoice paid; unpaid, the subscription is incomplete for 23 hours."""
    behavior = params.get("payment_behavior", "allow_incomplete")
    automatic = subscription["collection_method"] == "charge_automatically"
    method = invoice_collection.payment_method_of(world, invoice)
    needed = invoice["amount_due"] > 0 and behavior != "default_incomplete"
    if automatic and needed and method is None:
        raise invalid(subscription_billing.NO_METHOD, code="resource_missing")
    away = params.get("off_session", False)
    private = world.private.get(subscription["id"], {})
    world.private[subscription["id"]] = {**private, "starting": True}
    paid = subscription_billing.collect(world, subscription, invoice, behavior, off_session=away)
    world.private[subscription["id"]] = private
    subscription = world.store.get("subscription", subscription["id"])
    in_doubt = subscription_billing.is_in_doubt(world, paid)
    if not in_doubt or subscription["status"] not in ("active", "incomplete"):
        return subscription
    expires_at = world.now() + INCOMPLETE_SECONDS
    world.schedule(expires_at, "subscription.expire", subscription["id"])
    return world.store.update(subscription, status="incomplete")


def _ask_for_card(world: World, subscription: Json) -> Json:
    """Where nothing is to pay yet and no card is there, a setup intent collects one."""
    customer = world.store.get("customer", subscription["customer"])
    settings = customer["invoice_settings"]
    card = subscription["default_payment_method"] or settings["default_payment_method"]
    if card or subscription["collection_method"] == "send_invoice":
        return subscription
    intent = setup_intents.new(world, {"customer": customer["id"], "usage": "off_session"})
    world.private[intent["id"]] = {"subscription": subscription["id"]}
    return world.store.update(subscription, pending_setup_intent=intent["id"])


def on_setup_succeeded(world: World, intent: Json) -> None:
    """The card that a subscription waited for is there."""
    subscription = world.store.find(world.private.get(intent["id"], {}).get("subscription", ""))
    if subscription is None or subscription["pending_setup_intent"] != intent["id"]:
        return
    changes: Json = {"pending_setup_intent": None}
    if subscription["payment_settings"]["save_default_payment_method"] == "on_subscription":
        changes["default_payment_method"] = intent["payment_method"]
    changed = world.store.update(subscription, **changes)
    world.emit("customer.subscription.updated", changed, subscription)


REACTIONS = {"setup_intent.succeeded": on_setup_succeeded}
