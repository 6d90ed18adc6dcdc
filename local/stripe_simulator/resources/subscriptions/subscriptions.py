"""Subscriptions: created, changed and canceled through the API."""

from __future__ import annotations

from local.stripe_simulator import periods
from local.stripe_simulator.errors import declined, invalid, no_such, not_simulated
from local.stripe_simulator.events import API_SUBSCRIBE
from local.stripe_simulator.pagination import LIST, page, whole
from local.stripe_simulator.params import (
    Params,
    boolean,
    merged,
    one_of,
    text,
)
from local.stripe_simulator.resources.customers import customers
from local.stripe_simulator.resources.invoices import invoice_collection, invoice_finalization
from local.stripe_simulator.resources.payments import payment_intents, payment_methods
from local.stripe_simulator.resources.subscriptions import subscription_items
from local.stripe_simulator.resources.subscriptions import subscription_lifecycle as lifecycle
from local.stripe_simulator.resources.subscriptions.subscription_params import (
    CANCELLATION_DETAILS,
    CREATE,
    UPDATE,
)
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

INCOMPLETE_SECONDS = 23 * 3600
STATUSES = (*lifecycle.LIVE, "canceled", "incomplete_expired")


def new(world: World, customer: Json, params: Params) -> Json:
    """Store a subscription with its items, active or in trial; nothing is billed or told yet."""
    subscription_id = world.new_id("sub_1", 23)
    now = world.now()
    trial_end = trial_end_of(world, params)
    prices = [
        _recurring_price(world, given["price"], index)
        for index, given in enumerate(params["items"])
    ]
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
            "test_clock": customer["test_clock"],
            "transfer_data": None,
            "trial_end": trial_end,
            "trial_settings": _trial_settings(params.get("trial_settings")),
            "trial_start": now if trial_end else None,
        }
    )
    lifecycle.set_timers(world, subscription)
    return subscription


def _trial_settings(given: Params | None) -> Json:
    behavior = (given or {}).get("end_behavior", {})
    missing = behavior.get("missing_payment_method", "create_invoice")
    return {"end_behavior": {"billing_cycle_anchor": None, "missing_payment_method": missing}}


def _recurring_price(world: World, price_id: str, index: int) -> Json:
    """The price of `items[index]`, which must be one that can be subscribed to."""
    param = f"items[{index}][price]"
    price = world.store.get("price", price_id, param)
    if price["recurring"] is None:
        raise invalid(
            "The price specified is set to `type=one_time` but this field only accepts prices "
            "with `type=recurring`.",
            param,
        )
    if not price["active"]:
        raise invalid(
            "The price specified is inactive. This field only accepts active prices.", param
        )
    return price


def trial_end_of(world: World, params: Params) -> int | None:
    """When the trial that `params` ask for ends; none without one."""
    if params.get("trial_period_days"):
        return world.now() + int(params["trial_period_days"]) * lifecycle.DAY
    given = params.get("trial_end")
    if given in (None, "now"):
        return None
    return _future(world, given, "trial_end")


def _future(world: World, given: int | str, param: str) -> int:
    at = int(given)
    if at <= world.now():
        raise invalid(f"Invalid timestamp: {param} must be in the future.", param)
    return at


def create(world: World, params: Params) -> Json:
    world.events.tell_in(API_SUBSCRIBE)
    customer = world.store.get("customer", params["customer"], "customer")
    method = _method_for(world, customer, params)
    behavior = params.get("payment_behavior", "allow_incomplete")
    _refuse_unpayable(world, params, method, behavior)
    first_price = _recurring_price(world, params["items"][0]["price"], 0)
    customers.charge_in(world, customer, first_price["currency"])
    subscription = new(world, customer, params)
    subscription, invoice = lifecycle.bill(world, subscription, "subscription_create", world.now())
    invoice = invoice_finalization.finalize(world, invoice)
    if invoice["status"] == "open" and behavior != "default_incomplete":
        invoice = invoice_collection.collect(world, invoice, method)
    if invoice["status"] == "open":
        subscription = world.store.update(subscription, status="incomplete")
        expires_at = world.now() + INCOMPLETE_SECONDS
        world.schedule(expires_at, "subscription.expire", subscription["id"])
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
        changes.update(_cancellation(world, {**before, **changes}, params))
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
    for index, given in enumerate(params["items"]):
        item = items.get(given.get("id") or "")
        if item is None:
            raise not_simulated("adding items to a subscription", "items")
        new_price = given.get("price")
        price = _recurring_price(world, new_price, index) if new_price else None
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
        cancel_at = lifecycle.period_end(subscription)
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
        return lifecycle.period_end(subscription)
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
    lifecycle.set_timers(world, subscription)
    return subscription


def cancel(world: World, params: Params, subscription_id: str) -> Json:
    subscription = world.store.get("subscription", subscription_id)
    if subscription["status"] in ("canceled", "incomplete_expired"):
        raise no_such("subscription", subscription_id)
    if params.get("invoice_now") or params.get("prorate"):
        raise not_simulated("a final invoice", "invoice_now")
    details = {**subscription["cancellation_details"], **params.get("cancellation_details", {})}
    subscription = world.store.update(subscription, cancellation_details=details)
    return lifecycle.end(world, subscription, "cancellation_requested")


def listing(world: World, params: Params) -> Json:
    where = {"customer": params["customer"]} if params.get("customer") else {}
    found = (
        subscription
        for subscription in world.store.newest_first("subscription", **where)
        if _listed(subscription, params)
        and params.get("test_clock") in (None, subscription["test_clock"])
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
            "test_clock": text(),
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
