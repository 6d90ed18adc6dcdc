"""Subscription schedules: changes of a subscription that are planned ahead, phase by phase.

Whoever looks finds the subscription in the phase that its schedule says: a phase begins before
the period that starts with it is billed. A schedule that ended never acts again.
"""

from __future__ import annotations

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.pagination import COMPARISONS, LIST, page
from local.stripe_simulator.params import (
    Params,
    Spec,
    boolean,
    changes_of,
    created,
    hash_of,
    merged,
    metadata,
    moment,
    one_of,
    required,
    text,
    unsupported,
)
from local.stripe_simulator.resources import plain
from local.stripe_simulator.resources.catalogue import prices
from local.stripe_simulator.resources.customers import customers
from local.stripe_simulator.resources.invoices import invoice_drafts
from local.stripe_simulator.resources.subscriptions import schedule_changes as changes
from local.stripe_simulator.resources.subscriptions import schedule_phases as phases
from local.stripe_simulator.resources.subscriptions import (
    subscription_cancellation,
    subscription_creation,
    subscription_updates,
)
from local.stripe_simulator.resources.subscriptions import subscription_lifecycle as lifecycle
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

WARNING_SECONDS = 7 * lifecycle.DAY
RUNNING = ("not_started", "active")
PRORATIONS = one_of("always_invoice", "create_prorations", "none")
END_BEHAVIOR = one_of("cancel", "release")
CREATE: Spec = {
    "billing_mode": hash_of({"type": required(one_of("classic", "flexible"))}),
    "customer": text(),
    "default_settings": hash_of(phases.SETTINGS),
    "end_behavior": END_BEHAVIOR,
    "from_subscription": text(),
    "metadata": metadata,
    "phases": phases.PHASES,
    "start_date": moment("now"),
    "pause_schedules": unsupported("scheduled pauses"),
}
UPDATE: Spec = {
    "default_settings": CREATE["default_settings"],
    "end_behavior": END_BEHAVIOR,
    "metadata": metadata,
    "phases": phases.PHASES,
    "proration_behavior": PRORATIONS,
    "pause_schedules": unsupported("scheduled pauses"),
}
MOMENTS = ("canceled_at", "completed_at", "released_at")


def create(world: World, params: Params) -> Json:
    if params.get("from_subscription"):
        return _from_subscription(world, params)
    for name in ("customer", "phases"):
        if not params.get(name):
            raise invalid(f"Missing required param: {name}.", name, "parameter_missing")
    customer = world.store.get("customer", params["customer"], "customer")
    start = params.get("start_date") or "now"
    plan = phases.build(world, params["phases"], world.now() if start == "now" else int(start))
    _charge_in_currency_of(world, customer["id"], plan)
    schedule = _new(world, customer, params, plan)
    world.emit("subscription_schedule.created", schedule)
    return move_on(world, schedule)


def _charge_in_currency_of(world: World, customer_id: str, plan: list[Json]) -> None:
    """Fix the customer's currency; phases in any other are refused now, not when they begin."""
    for phase in plan:
        customer = world.store.get("customer", customer_id)
        price = world.store.get("price", phase["items"][0]["price"])
        sold_in = prices.currency_for(world, price, customer["currency"])
        customers.charge_in(world, customer, sold_in)


def _from_subscription(world: World, params: Params) -> Json:
    other = next((name for name in params if name not in ("from_subscription", "metadata")), None)
    if other is not None:
        raise invalid(f"You cannot set `{other}` if `from_subscription` is set.", other)
    subscription = world.store.get("subscription", params["from_subscription"], "from_subscription")
    if subscription["schedule"] is not None:
        raise invalid(
            "You cannot migrate a subscription that is already attached to a schedule: "
            f"`{subscription['schedule']}`.",
            "from_subscription",
        )
    if subscription["status"] not in lifecycle.RENEWING:
        raise invalid(
            f"You cannot migrate a subscription that is {subscription['status']}.",
            "from_subscription",
        )
    customer = world.store.get("customer", subscription["customer"])
    settings = {
        "default_payment_method": subscription["default_payment_method"],
        "collection_method": subscription["collection_method"],
        "description": subscription["description"],
    }
    described = {
        **params,
        "default_settings": settings,
        "billing_mode": subscription["billing_mode"],
        "end_behavior": "cancel" if subscription["cancel_at"] else "release",
    }
    phase = changes.of_subscription(subscription)
    schedule = _new(world, customer, described, [phase])
    schedule = world.store.update(
        schedule, status="active", subscription=subscription["id"], current_phase=_dates(phase)
    )
    world.emit("subscription_schedule.created", schedule)
    _attach(world, subscription, schedule)
    _set_timers(world, schedule)
    return schedule


def _new(world: World, customer: Json, params: Params, plan: list[Json]) -> Json:
    mode = params.get("billing_mode", {}).get("type", "flexible")
    flexible = {"proration_discounts": "included"} if mode == "flexible" else None
    return world.store.insert(
        {
            "id": world.new_id("sub_sched_1", 23),
            "object": "subscription_schedule",
            "application": None,
            "billing_mode": {"flexible": flexible, "type": mode},
            "canceled_at": None,
            "completed_at": None,
            "created": world.now(),
            "current_phase": None,
            "customer": customer["id"],
            "customer_account": None,
            "default_settings": _default_settings(params.get("default_settings", {})),
            "end_behavior": params.get("end_behavior", "release"),
            "livemode": False,
            "metadata": merged({}, params.get("metadata")),
            "pause_schedules": [],
            "phases": plan,
            "released_at": None,
            "released_subscription": None,
            "status": "not_started",
            "subscription": None,
            "test_clock": customer["test_clock"],
        }
    )


def _default_settings(given: Params, former: Json | None = None) -> Json:
    settings: Json = {
        "application_fee_percent": None,
        "automatic_tax": phases.automatic_tax(enabled=False),
        "billing_cycle_anchor": "automatic",
        "billing_thresholds": None,
        "collection_method": "charge_automatically",
        "default_payment_method": None,
        "description": None,
        "invoice_settings": phases.invoice_settings({}),
        "on_behalf_of": None,
        "transfer_data": None,
        **(former or {}),
        **given,
    }
    if "automatic_tax" in given:
        settings["automatic_tax"] = phases.automatic_tax(enabled=given["automatic_tax"]["enabled"])
    if "invoice_settings" in given:
        settings["invoice_settings"] = phases.invoice_settings(given["invoice_settings"])
    return settings


def _dates(phase: Json) -> Json:
    return {"end_date": phase["end_date"], "start_date": phase["start_date"]}


def _attach(world: World, subscription: Json, schedule: Json) -> None:
    """Say on the subscription which schedule owns it, and that it ends when this says so."""
    world.store.update(subscription, schedule=schedule["id"])
    last = schedule["phases"][-1]
    end = last["end_date"] if schedule["end_behavior"] == "cancel" else None
    _end_at(world, subscription, end, last["proration_behavior"])


def _end_at(world: World, before: Json, end: int | None, prorations: str) -> None:
    """Tell the subscription's new version, once it ends then."""
    if end == before["cancel_at"] or (end is not None and end <= world.now()):
        changed = world.store.get("subscription", before["id"])
        lifecycle.tell(world, changed, before)
    else:
        _change(world, before, {"cancel_at": end, "proration_behavior": prorations})


def _change(world: World, before: Json, params: Params) -> None:
    """Update a subscription as its own route does, for which a schedule's is off limits."""
    _, invoice = subscription_updates.make(world, before, params)
    if invoice is not None:
        subscription_updates.settle(world, before, invoice, params)


def _set_timers(world: World, schedule: Json) -> None:
    for phase in schedule["phases"]:
        for at in (phase["start_date"], phase["end_date"]):
            if at > world.now():
                world.schedule(at, "subscription_schedule.move_on", schedule["id"])
    warn_at = schedule["phases"][-1]["end_date"] - WARNING_SECONDS
    if warn_at > world.now():
        world.schedule(warn_at, "subscription_schedule.warn", schedule["id"])


def move_on(world: World, schedule: Json) -> Json:
    """Start, enter the phase that is due or end, as far as it is time for that."""
    now = world.now()
    if schedule["status"] not in RUNNING:
        return schedule
    if schedule["status"] == "not_started":
        if schedule["phases"][0]["start_date"] <= now:
            schedule = _start(world, schedule)
        _set_timers(world, schedule)
        return schedule
    if schedule["current_phase"]["end_date"] > now:
        return schedule
    phase = phases.current(schedule["phases"], now)
    if phase is None:
        return _finish(world, schedule)
    return _enter(world, schedule, phase, phase["proration_behavior"])


def _start(world: World, schedule: Json) -> Json:
    """Create the subscription; its first invoice stays a draft for an hour, as a renewal's."""
    phase = phases.current(schedule["phases"], world.now()) or schedule["phases"][0]
    params = changes.parameters_of(phase, schedule["default_settings"])
    params["customer"] = schedule["customer"]
    params["billing_mode"] = {"type": schedule["billing_mode"]["type"]}
    if phase["start_date"] < world.now():
        params["backdate_start_date"] = schedule["phases"][0]["start_date"]
        params["proration_behavior"] = phase["proration_behavior"]
    last = schedule["phases"][-1]
    if schedule["end_behavior"] == "cancel":
        params["cancel_at"] = last["end_date"]
    method = params.get("collection_method", "charge_automatically")
    waiting = invoice_drafts.advancing(world, method)
    subscription, _ = subscription_creation.begin(world, params, **waiting)
    subscription = world.store.update(subscription, schedule=schedule["id"])
    world.emit("customer.subscription.created", subscription)
    started = world.store.update(
        schedule, status="active", subscription=subscription["id"], current_phase=_dates(phase)
    )
    world.emit("subscription_schedule.updated", started, schedule)
    return started


def _enter(world: World, before: Json, phase: Json, prorations: str) -> Json:
    """Change the subscription into `phase`."""
    subscription = world.store.get("subscription", before["subscription"])
    change = changes.change_into(subscription, phase, before["default_settings"])
    items = subscription["items"]["data"]
    whole = all(item["current_period_end"] <= world.now() for item in items)
    # Then nothing is left to prorate, but what was used of an item that goes is billed.
    change["proration_behavior"] = "create_prorations" if whole else prorations
    _change(world, subscription, change)
    schedule = world.store.update(before, current_phase=_dates(phase))
    world.emit("subscription_schedule.updated", schedule, before)
    return schedule


def _finish(world: World, schedule: Json) -> Json:
    """All phases are over: leave the subscription alone, or end it."""
    if schedule["end_behavior"] == "release":
        return _release(world, schedule)
    subscription = world.store.get("subscription", schedule["subscription"])
    lifecycle.end_on_schedule(world, subscription)  # on_subscription_deleted follows
    return world.store.get("subscription_schedule", schedule["id"])


def _release(world: World, before: Json, *, keep_cancel_date: bool = False) -> Json:
    schedule = _ended(
        world,
        before,
        "released",
        released_subscription=before["subscription"],
        subscription=None,
    )
    subscription = world.store.find(before["subscription"] or "")
    if subscription is not None:
        world.store.update(subscription, schedule=None)
        ends = before["end_behavior"] == "cancel" and not keep_cancel_date
        end = None if ends else subscription["cancel_at"]
        _end_at(world, subscription, end, before["phases"][-1]["proration_behavior"])
    return schedule


def _ended(world: World, before: Json, status: str, event: str = "", **changes: object) -> Json:
    """The schedule, ended now in that way; told as a change and as what it is."""
    moment = f"{status}_at"
    schedule = world.store.update(
        before, status=status, current_phase=None, **{moment: world.now()}, **changes
    )
    world.emit("subscription_schedule.updated", schedule, before)
    world.emit(f"subscription_schedule.{event or status}", schedule)
    return schedule


def on_subscription_deleted(world: World, subscription: Json) -> None:
    """A schedule ends with its subscription: completed, or cut short."""
    schedule = world.store.find(subscription["schedule"] or "")
    if schedule is None or schedule["status"] not in RUNNING:
        return
    over = schedule["phases"][-1]["end_date"] <= world.now()
    if over and schedule["end_behavior"] == "cancel":
        _ended(world, schedule, "completed")
    elif subscription["cancellation_details"]["reason"] == "payment_failed":
        _ended(world, schedule, "canceled", "aborted")
    else:
        _ended(world, schedule, "canceled")


def on_customer_deleted(world: World, customer: Json) -> None:
    """What has not started never does; the others end with their subscriptions."""
    of_customer = world.store.newest_first("subscription_schedule", customer=customer["id"])
    for schedule in list(of_customer):
        if schedule["status"] == "not_started":
            _ended(world, schedule, "canceled")


def update(world: World, params: Params, schedule_id: str) -> Json:
    before = _running(world, schedule_id, "update", "updated")
    asked = {name: value for name, value in params.items() if name != "proration_behavior"}
    asked = changes_of(before, asked)
    if "default_settings" in params:
        former = before["default_settings"]
        asked["default_settings"] = _default_settings(params["default_settings"], former)
    if "phases" in params:
        asked["phases"] = _replaced(world, before, params["phases"])
        _charge_in_currency_of(world, before["customer"], asked["phases"])
    schedule = world.store.update(before, **asked)
    if schedule["current_phase"] is not None:
        schedule = _follow(world, before, schedule, params)
    world.emit("subscription_schedule.updated", schedule, before)
    _set_timers(world, schedule)
    return move_on(world, schedule)


def _replaced(world: World, schedule: Json, given: list[Params]) -> list[Json]:
    """The new phases; the current one must be among them, and start when it did."""
    if not given:
        raise invalid("A subscription schedule must have at least one phase.", "phases")
    plan = phases.build(world, given, None)
    current = schedule["current_phase"]
    if current is None:
        return plan
    if current["start_date"] not in [phase["start_date"] for phase in plan]:
        raise invalid("You can not modify the start date of the current phase.", "phases")
    if plan[-1]["end_date"] < world.now():
        raise invalid("The end of a schedule's last phase can't be in the past.", "phases")
    return plan


def _follow(world: World, before: Json, schedule: Json, params: Params) -> Json:
    """Change the running subscription as far as its current phase or its end changed."""
    start = schedule["current_phase"]["start_date"]
    phase, former = (
        next(phase for phase in each["phases"] if phase["start_date"] == start)
        for each in (schedule, before)
    )
    schedule = world.store.update(schedule, current_phase=_dates(phase))
    subscription = world.store.get("subscription", schedule["subscription"])
    _attach(world, subscription, schedule)
    asked = {key: value for key, value in phase.items() if key not in ("end_date", "trial_end")}
    if asked != {key: former[key] for key in asked if key in former}:
        change = changes.change_into(subscription, phase, schedule["default_settings"])
        change["proration_behavior"] = params.get("proration_behavior", "create_prorations")
        _change(world, world.store.get("subscription", subscription["id"]), change)
    return schedule


def _running(world: World, schedule_id: str, verb: str, done: str) -> Json:
    schedule = world.store.get("subscription_schedule", schedule_id)
    if schedule["status"] not in RUNNING:
        raise invalid(
            f"You cannot {verb} a subscription schedule that is currently in the "
            f"`{schedule['status']}` status. It must be in `{', '.join(RUNNING)}` status to be "
            f"{done}."
        )
    return schedule


def cancel(world: World, params: Params, schedule_id: str) -> Json:
    """Cancel the schedule, and its subscription with it."""
    schedule = _running(world, schedule_id, "cancel", "canceled")
    if schedule["subscription"] is None:
        return _ended(world, schedule, "canceled")
    prorated = {name: params.get(name, True) for name in ("invoice_now", "prorate")}
    subscription_cancellation.cancel(world, prorated, schedule["subscription"])
    return world.store.get("subscription_schedule", schedule_id)


def release(world: World, params: Params, schedule_id: str) -> Json:
    schedule = _running(world, schedule_id, "release", "released")
    return _release(world, schedule, keep_cancel_date=params.get("preserve_cancel_date", False))


def listing(world: World, params: Params) -> Json:
    where = {"customer": params["customer"]} if params.get("customer") else {}
    found = (
        schedule
        for schedule in world.store.newest_first("subscription_schedule", **where)
        if _listed(schedule, params)
    )
    return page(found, params, "/v1/subscription_schedules")


def _listed(schedule: Json, params: Params) -> bool:
    if params.get("scheduled") and schedule["status"] != "not_started":
        return False
    return all(_within(schedule[name], params.get(name)) for name in MOMENTS)


def _within(moment: int | None, bounds: int | Params | None) -> bool:
    if bounds is None or isinstance(bounds, int):
        return bounds in (None, moment)
    return moment is not None and all(
        COMPARISONS[name](moment, bound) for name, bound in bounds.items()
    )


def move_on_due(world: World, schedule_id: str) -> None:
    """Enter the phase that is due: with the period that begins with it, or within one."""
    subscription_id = world.store.get("subscription_schedule", schedule_id)["subscription"]
    if subscription_id is not None:
        renew_due(world, subscription_id)
    move_on(world, world.store.get("subscription_schedule", schedule_id))


def warn(world: World, schedule_id: str) -> None:
    """Tell that the schedule ends in 7 days, if it still does."""
    schedule = world.store.get("subscription_schedule", schedule_id)
    due = schedule["phases"][-1]["end_date"] - WARNING_SECONDS
    if schedule["status"] in RUNNING and due == world.now():
        world.emit("subscription_schedule.expiring", schedule)


def in_phase(world: World, subscription: Json) -> Json:
    """The subscription in the phase that its schedule says: it may be one that begins now."""
    if subscription["schedule"] is not None:
        move_on(world, world.store.get("subscription_schedule", subscription["schedule"]))
    return world.store.get("subscription", subscription["id"])


def renew_due(world: World, subscription_id: str) -> None:
    """A renewal bills the phase that begins with it, whichever falls due first."""
    lifecycle.renew_due(world, subscription_id, in_phase)


ROUTES = (
    Route("POST", "/v1/subscription_schedules", create, CREATE),
    Route(
        "GET",
        "/v1/subscription_schedules",
        listing,
        {**LIST, **dict.fromkeys(MOMENTS, created), "customer": text(), "scheduled": boolean},
    ),
    plain.retrieve("/v1/subscription_schedules/{}", "subscription_schedule"),
    Route("POST", "/v1/subscription_schedules/{}", update, UPDATE),
    Route(
        "POST",
        "/v1/subscription_schedules/{}/cancel",
        cancel,
        {"invoice_now": boolean, "prorate": boolean},
    ),
    Route(
        "POST", "/v1/subscription_schedules/{}/release", release, {"preserve_cancel_date": boolean}
    ),
)
REACTIONS = {
    "customer.subscription.deleted": on_subscription_deleted,
    "customer.deleted": on_customer_deleted,
}
TIMERS = {
    "subscription.renew": renew_due,
    "subscription_schedule.move_on": move_on_due,
    "subscription_schedule.warn": warn,
}
