"""Subscriptions: started by the API or by Checkout, renewed by the clock, ended by either.

A subscription follows its invoices: paid makes it active, failed makes it past due, and after
the last retry the account's settings decide (`Settings.after_last_retry`).
"""

from __future__ import annotations

from local.stripe_simulator import periods
from local.stripe_simulator.errors import declined, invalid, no_such, not_simulated
from local.stripe_simulator.events import API_SUBSCRIBE, RENEW
from local.stripe_simulator.pagination import LIST, page, whole
from local.stripe_simulator.params import (
    Params,
    Spec,
    boolean,
    clearable,
    hash_of,
    integer,
    list_of,
    merged,
    metadata,
    moment,
    one_of,
    required,
    text,
    unsupported,
)
from local.stripe_simulator.resources import (
    customers,
    invoices,
    payment_intents,
    payment_methods,
    subscription_items,
)
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

DAY = 86400
INCOMPLETE_SECONDS = 23 * 3600
TRIAL_WARNING_SECONDS = 3 * DAY
LIVE = ("active", "trialing", "past_due", "unpaid", "incomplete", "paused")
RENEWING = ("active", "trialing", "past_due", "unpaid")
STATUSES = (*LIVE, "canceled", "incomplete_expired")

QUANTITY = integer(0, 999_999)
TRIAL_SETTINGS = hash_of(
    {
        "end_behavior": required(
            hash_of({"missing_payment_method": required(one_of("cancel", "create_invoice"))})
        )
    }
)
CANCELLATION_DETAILS = hash_of(
    {
        "comment": text(),
        "feedback": clearable(
            one_of(
                "customer_service",
                "low_quality",
                "missing_features",
                "other",
                "switched_service",
                "too_complex",
                "too_expensive",
                "unused",
            )
        ),
    }
)
SETTINGS: Spec = {
    "cancel_at": moment("min_period_end", "max_period_end"),
    "cancel_at_period_end": boolean,
    "default_payment_method": text(),
    "description": text(500),
    "metadata": metadata,
    "off_session": boolean,
    "automatic_tax": hash_of({"enabled": required(boolean)}),
    "payment_settings": hash_of({"save_default_payment_method": one_of("off", "on_subscription")}),
    "proration_behavior": one_of("always_invoice", "create_prorations", "none"),
    "trial_end": moment("now"),
    "trial_settings": TRIAL_SETTINGS,
    "discounts": unsupported("discounts"),
    "add_invoice_items": unsupported("extra invoice items"),
    "collection_method": one_of("charge_automatically"),
}
CREATE: Spec = {
    **SETTINGS,
    "customer": required(text()),
    "items": required(
        list_of(
            hash_of({"price": required(text()), "quantity": QUANTITY, "metadata": metadata}),
            maximum=20,
        )
    ),
    "payment_behavior": one_of("allow_incomplete", "default_incomplete", "error_if_incomplete"),
    "trial_period_days": integer(0, 730),
    "billing_mode": hash_of({"type": required(one_of("classic", "flexible"))}),
    "currency": text(3),
    "billing_cycle_anchor": unsupported("a billing cycle anchor of one's own"),
    "backdate_start_date": unsupported("backdating"),
}
UPDATE: Spec = {
    **SETTINGS,
    "cancellation_details": CANCELLATION_DETAILS,
    "items": list_of(
        hash_of(
            {
                "id": text(),
                "price": text(),
                "quantity": QUANTITY,
                "metadata": metadata,
                "deleted": unsupported("removing items"),
            }
        ),
        maximum=20,
    ),
    "payment_behavior": one_of("allow_incomplete", "default_incomplete", "error_if_incomplete"),
    "pause_collection": unsupported("paused collection"),
    "billing_cycle_anchor": unsupported("moving the billing cycle"),
    "proration_date": unsupported("prorations"),
}


def new(world: World, customer: Json, params: Params) -> Json:
    """Store a subscription with its items, active or in trial; nothing is billed or told yet."""
    subscription_id = world.new_id("sub_1", 23)
    now = world.now()
    trial_end = trial_end_of(world, params)
    prices = [_recurring_price(world, given["price"]) for given in params["items"]]
    if len({price["currency"] for price in prices}) > 1:
        raise invalid("All prices of a subscription must have the same currency.", "items")
    ends = [trial_end or periods.next_end(now, now, price["recurring"]) for price in prices]
    items = [
        subscription_items.new(world, subscription_id, price, given, end)
        for price, given, end in zip(prices, params["items"], ends, strict=True)
    ]
    mode = params.get("billing_mode", {}).get("type", "flexible")
    automatic = params.get("automatic_tax", {}).get("enabled", False)
    subscription = world.store.insert(
        {
            "id": subscription_id,
            "object": "subscription",
            "application": None,
            "application_fee_percent": None,
            "automatic_tax": {
                "disabled_reason": None,
                "enabled": automatic,
                "liability": {"type": "self"} if automatic else None,
            },
            "billing_cycle_anchor": trial_end or now,
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
            "currency": prices[0]["currency"],
            "customer": customer["id"],
            "customer_account": None,
            "days_until_due": None,
            "default_payment_method": params.get("default_payment_method"),
            "default_source": None,
            "default_tax_rates": [],
            "description": params.get("description"),
            "discounts": [],
            "ended_at": None,
            "invoice_settings": {
                "account_tax_ids": None,
                "custom_fields": None,
                "description": None,
                "footer": None,
                "issuer": {"type": "self"},
            },
            "items": whole(items, f"/v1/subscription_items?subscription={subscription_id}"),
            "latest_invoice": None,
            "livemode": False,
            "managed_payments": None,
            "metadata": merged({}, params.get("metadata")),
            "next_pending_invoice_item_invoice": None,
            "on_behalf_of": None,
            "pause_collection": None,
            "payment_settings": {
                "payment_method_options": None,
                "payment_method_types": None,
                "save_default_payment_method": "off",
                **params.get("payment_settings", {}),
            },
            "pending_invoice_item_interval": None,
            "pending_setup_intent": None,
            "pending_update": None,
            "schedule": None,
            "start_date": now,
            "status": "trialing" if trial_end else "active",
            "test_clock": None,
            "transfer_data": None,
            "trial_end": trial_end,
            "trial_settings": _trial_settings(params.get("trial_settings")),
            "trial_start": now if trial_end else None,
        }
    )
    _set_timers(world, subscription)
    return subscription


def _trial_settings(given: Params | None) -> Json:
    behavior = (given or {}).get("end_behavior", {})
    missing = behavior.get("missing_payment_method", "create_invoice")
    return {"end_behavior": {"billing_cycle_anchor": None, "missing_payment_method": missing}}


def _recurring_price(world: World, price_id: str) -> Json:
    price = world.store.get("price", price_id, "items[0][price]")
    if price["recurring"] is None:
        raise invalid(
            "The price specified is set to `type=one_time` but this field only accepts prices "
            "with `type=recurring`.",
            "items[0][price]",
        )
    if not price["active"]:
        raise invalid(
            "The price specified is inactive. This field only accepts active prices.",
            "items[0][price]",
        )
    return price


def trial_end_of(world: World, params: Params) -> int | None:
    """When the trial that `params` ask for ends; none without one."""
    if params.get("trial_period_days"):
        return world.now() + int(params["trial_period_days"]) * DAY
    given = params.get("trial_end")
    if given in (None, "now"):
        return None
    return _future(world, given, "trial_end")


def _future(world: World, given: int | str, param: str) -> int:
    at = int(given)
    if at <= world.now():
        raise invalid(f"Invalid timestamp: {param} must be in the future.", param)
    return at


def _set_timers(world: World, subscription: Json) -> None:
    world.timers.add(period_end(subscription), "subscription.renew", subscription["id"])
    if subscription["trial_end"]:
        warn_at = max(subscription["trial_end"] - TRIAL_WARNING_SECONDS, world.now())
        world.timers.add(warn_at, "subscription.warn_of_trial_end", subscription["id"])


def period_end(subscription: Json) -> int:
    """The earliest end among the items' current periods."""
    return min(int(item["current_period_end"]) for item in subscription["items"]["data"])


def bill(world: World, subscription: Json, reason: str, since: int) -> tuple[Json, Json]:
    """Draft the invoice of the current period: (subscription, invoice)."""
    trial = subscription["status"] == "trialing"
    lines = [
        subscription_items.line(world, item, trial=trial) for item in subscription["items"]["data"]
    ]
    invoice = invoices.new(world, subscription, reason, lines, since)
    return world.store.update(subscription, latest_invoice=invoice["id"]), invoice


def create(world: World, params: Params) -> Json:
    world.events.tell_in(API_SUBSCRIBE)
    customer = world.store.get("customer", params["customer"], "customer")
    method = _method_for(world, customer, params)
    behavior = params.get("payment_behavior", "allow_incomplete")
    _refuse_unpayable(world, params, method, behavior)
    first_price = _recurring_price(world, params["items"][0]["price"])
    customers.charge_in(world, customer, first_price["currency"])
    subscription = new(world, customer, params)
    subscription, invoice = bill(world, subscription, "subscription_create", world.now())
    invoice = invoices.finalize(world, invoice)
    if invoice["status"] == "open" and behavior != "default_incomplete":
        invoice = invoices.collect(world, invoice, method)
    if invoice["status"] == "open":
        subscription = world.store.update(subscription, status="incomplete")
        expires_at = world.now() + INCOMPLETE_SECONDS
        world.timers.add(expires_at, "subscription.expire", subscription["id"])
    if "cancel_at" in params or "cancel_at_period_end" in params:
        subscription = world.store.update(
            subscription, **_cancellation(world, subscription, params)
        )
    world.emit("customer.subscription.created", subscription)
    return subscription


def _method_for(world: World, customer: Json, params: Params) -> Json | None:
    method_id = params.get("default_payment_method")
    if method_id:
        method = world.store.get("payment_method", method_id, "default_payment_method")
        payment_methods.check_owner(method, customer["id"])
        return method
    method_id = customer["invoice_settings"]["default_payment_method"]
    return world.store.get("payment_method", method_id) if method_id else None


def _refuse_unpayable(world: World, params: Params, method: Json | None, behavior: str) -> None:
    """Refuse a first payment that can't even be tried, or that must not fail and would."""
    if trial_end_of(world, params) or behavior == "default_incomplete":
        return
    if method is None:
        raise invalid(
            "This customer has no attached payment source or default payment method. Please "
            "consider adding a default payment method. For more information, visit "
            "https://stripe.com/docs/billing/subscriptions/payment-methods-setting"
            "#payment-method-priority.",
            code="resource_missing",
        )
    decline = payment_intents.decline_for(world, method)
    if behavior == "error_if_incomplete" and decline is not None:
        raise declined(decline, payment_method=method)


def retrieve(world: World, _params: Params, subscription_id: str) -> Json:
    return world.store.get("subscription", subscription_id)


def update(world: World, params: Params, subscription_id: str) -> Json:
    before = world.store.get("subscription", subscription_id)
    if before["status"] in ("canceled", "incomplete_expired"):
        raise invalid(
            "A canceled subscription can only update its cancellation_details and metadata."
        )
    changes = _plain_changes(world, before, params)
    if "items" in params:
        changes["items"] = _changed_items(world, before, params)
    if "cancel_at" in params or "cancel_at_period_end" in params:
        changes.update(_cancellation(world, before, params))
    subscription = world.store.update(before, **changes)
    world.emit("customer.subscription.updated", subscription, before)
    if params.get("trial_end"):
        return _move_trial_end(world, subscription, params["trial_end"])
    return subscription


def _plain_changes(world: World, before: Json, params: Params) -> Json:
    changes: Json = {}
    if "metadata" in params:
        changes["metadata"] = merged(before["metadata"], params["metadata"])
    if "description" in params:
        changes["description"] = params["description"]
    if "default_payment_method" in params:
        if params["default_payment_method"]:
            customer = world.store.get("customer", before["customer"])
            _method_for(world, customer, params)
        changes["default_payment_method"] = params["default_payment_method"]
    if "trial_settings" in params:
        changes["trial_settings"] = _trial_settings(params["trial_settings"])
    for name in ("cancellation_details", "payment_settings", "automatic_tax"):
        if name in params:
            changes[name] = {**before[name], **params[name]}
    return changes


def _changed_items(world: World, subscription: Json, params: Params) -> Json:
    """The items after a change that bills nothing now."""
    items = {item["id"]: item for item in subscription["items"]["data"]}
    for given in params["items"]:
        item = items.get(given.get("id") or "")
        if item is None:
            raise not_simulated("adding items to a subscription", "items")
        price = _recurring_price(world, given["price"]) if given.get("price") else None
        _refuse_prorations(subscription, item, price, given, params)
        items[item["id"]] = subscription_items.change(world, item, price, given)
    return subscription_items.replace_in(subscription, list(items.values()))


def _refuse_prorations(
    subscription: Json, item: Json, price: Json | None, given: Params, params: Params
) -> None:
    if subscription["status"] == "trialing":
        return  # nothing has been paid that could be prorated
    if price and price["recurring"] != item["price"]["recurring"]:
        raise not_simulated("changing to another billing interval", "items")
    same = (
        price in (None, item["price"])
        and given.get("quantity", item["quantity"]) == (item["quantity"])
    )
    if not same and params.get("proration_behavior") != "none":
        raise not_simulated("prorations; pass proration_behavior=none", "proration_behavior")


def _cancellation(world: World, subscription: Json, params: Params) -> Json:
    """What changes when an end is set or unset.

    In flexible billing mode an end of period is a date: `cancel_at` is set and
    `cancel_at_period_end` stays false (Stripe's changelog of 2025-09-30.clover).
    """
    at_period_end = params.get("cancel_at_period_end", False)
    cancel_at = _cancel_at(world, subscription, params.get("cancel_at"))
    if at_period_end:
        cancel_at = period_end(subscription)
    details = subscription["cancellation_details"]
    if cancel_at is None:
        reason, canceled_at = None, None
    else:
        reason, canceled_at = "cancellation_requested", world.now()
        world.timers.add(cancel_at, "subscription.cancel", subscription["id"])
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
        return period_end(subscription)
    if given == "max_period_end":
        return max(int(item["current_period_end"]) for item in subscription["items"]["data"])
    return _future(world, given, "cancel_at")


def _move_trial_end(world: World, subscription: Json, given: int | str) -> Json:
    """End a trial now, or at another time."""
    if subscription["status"] != "trialing":
        raise not_simulated("adding a trial to a running subscription", "trial_end")
    end = world.now() if given == "now" else _future(world, given, "trial_end")
    items = [
        world.store.update(item, current_period_end=end) for item in subscription["items"]["data"]
    ]
    subscription = world.store.update(
        subscription,
        trial_end=end,
        billing_cycle_anchor=end,
        items=subscription_items.replace_in(subscription, items),
    )
    _set_timers(world, subscription)
    return subscription


def cancel(world: World, params: Params, subscription_id: str) -> Json:
    subscription = world.store.get("subscription", subscription_id)
    if subscription["status"] in ("canceled", "incomplete_expired"):
        raise no_such("subscription", subscription_id)
    if params.get("invoice_now") or params.get("prorate"):
        raise not_simulated("a final invoice", "invoice_now")
    details = {**subscription["cancellation_details"], **params.get("cancellation_details", {})}
    subscription = world.store.update(subscription, cancellation_details=details)
    return end(world, subscription, "cancellation_requested")


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
        invoices.stop_collecting(world, invoice)
    world.emit("customer.subscription.deleted", subscription)
    return subscription


def _invoices_of(world: World, subscription: Json) -> list[Json]:
    of_customer = world.store.newest_first("invoice", customer=subscription["customer"])
    return [
        invoice
        for invoice in of_customer
        if invoices.subscription_of(invoice) == subscription["id"]
    ]


def listing(world: World, params: Params) -> Json:
    where = {"customer": params["customer"]} if params.get("customer") else {}
    found = (
        subscription
        for subscription in world.store.newest_first("subscription", **where)
        if _listed(subscription, params)
    )
    return page(found, params, "/v1/subscriptions")


def _listed(subscription: Json, params: Params) -> bool:
    status, wanted = subscription["status"], params.get("status")
    if wanted is None and status == "canceled":
        return False
    if wanted == "ended" and status not in ("canceled", "incomplete_expired"):
        return False
    if wanted not in (None, "all", "ended", status):
        return False
    prices = [item["price"]["id"] for item in subscription["items"]["data"]]
    return "price" not in params or params["price"] in prices


def on_invoice_paid(world: World, invoice: Json) -> None:
    """A paid invoice brings its subscription (back) to life."""
    before = world.store.get("subscription", invoices.subscription_of(invoice))
    if before["latest_invoice"] != invoice["id"]:
        return
    if before["status"] in ("incomplete", "past_due", "unpaid"):
        subscription = world.store.update(before, status="active")
        world.emit("customer.subscription.updated", subscription, before)


def on_payment_failed(world: World, invoice: Json) -> None:
    """A renewal that fails makes its subscription past due; after the last try it ends."""
    before = world.store.get("subscription", invoices.subscription_of(invoice))
    if invoice["billing_reason"] == "subscription_create" or before["status"] not in RENEWING:
        return
    last = invoice["next_payment_attempt"] is None
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
        invoices.auto_finalize(world, invoice)
    world.timers.add(period_end(subscription), "subscription.renew", subscription["id"])
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
        invoices.void_open(world, invoice)


ROUTES = (
    Route("POST", "/v1/subscriptions", create, CREATE),
    Route(
        "GET",
        "/v1/subscriptions",
        listing,
        {
            **LIST,
            "customer": text(),
            "price": text(),
            "status": one_of(*STATUSES, "all", "ended"),
            "collection_method": one_of("charge_automatically"),
        },
    ),
    Route("GET", "/v1/subscriptions/{}", retrieve, {}),
    Route("POST", "/v1/subscriptions/{}", update, UPDATE),
    Route(
        "DELETE",
        "/v1/subscriptions/{}",
        cancel,
        {"invoice_now": boolean, "prorate": boolean, "cancellation_details": CANCELLATION_DETAILS},
    ),
)
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
