"""Trials: how they begin, end and move the billing cycle ("Use free trials").

A trial's end is the billing cycle anchor unless the subscription was given one of its own.
"""

from __future__ import annotations

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.params import Params
from local.stripe_simulator.resources.subscriptions.subscription_cancellation import (
    end,
    future,
    period_end,
)
from local.stripe_simulator.resources.subscriptions.subscription_changes import Cycle
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

DAY = 86400
TRIAL_WARNING_SECONDS = 3 * DAY
MOST_SECONDS = 730 * DAY  # "at most two years from `billing_cycle_anchor`"


def end_of(world: World, params: Params) -> int | None:
    """When the trial that `params` ask for at creation ends; none without one."""
    if params.get("trial_period_days"):
        if params.get("trial_end") is not None:
            raise invalid(
                "You may only specify one of these parameters: trial_end, trial_period_days.",
                "trial_end",
            )
        return world.now() + int(params["trial_period_days"]) * DAY
    given = params.get("trial_end")
    return None if given in (None, "now") else _end(world, given)


def _end(world: World, given: int | str) -> int:
    at = future(world, given, "trial_end")
    if at > world.now() + MOST_SECONDS:
        raise invalid(
            "Invalid timestamp: can be no more than two years in the future.", "trial_end"
        )
    return at


def cycle(world: World, before: Json, params: Params) -> Cycle:
    """What `trial_end` and `billing_cycle_anchor` of an update do to the billing cycle."""
    trial_end = params.get("trial_end")
    anchor = params.get("billing_cycle_anchor", {}).get("type")
    trialing = before["status"] == "trialing"
    if trial_end == "now":
        return _ended(world, before) if trialing else _anchored(world, anchor)
    if trial_end is None:
        if trialing and anchor == "now":
            raise invalid(
                "You cannot set `billing_cycle_anchor` to `now` during a trial.",
                "billing_cycle_anchor",
            )
        return _anchored(world, anchor)
    at = _end(world, trial_end)
    moved: Json = {"trial_end": at, "billing_cycle_anchor": at}
    if trialing:
        return Cycle(moved)
    classic = before["billing_mode"]["type"] == "classic"
    since = before["trial_start"] if classic and before["trial_start"] else world.now()
    return Cycle({**moved, "status": "trialing", "trial_start": since}, restarts=True)


def _anchored(world: World, anchor: str | None) -> Cycle:
    if anchor == "now":
        return Cycle({"billing_cycle_anchor": world.now()}, restarts=True)
    return Cycle({})


def _ended(world: World, before: Json) -> Cycle:
    fields: Json = {"status": "active", "trial_end": world.now()}
    if before["trial_settings"]["end_behavior"]["billing_cycle_anchor"] != "unchanged":
        fields["billing_cycle_anchor"] = world.now()
    return Cycle(fields, restarts=True)


def set_timers(world: World, subscription: Json, before: Json | None = None) -> None:
    """Have the end of the period and of the trial seen to, where they are others than before."""
    if before is not None and _ends(before) == _ends(subscription):
        return
    subscription_id, now = subscription["id"], world.now()
    ends_at = period_end(subscription)
    world.schedule(ends_at, "subscription.renew", subscription_id)
    announced_at = ends_at - world.settings.upcoming_invoice_days * DAY
    if announced_at > now:
        world.schedule(announced_at, "subscription.announce_invoice", subscription_id)
    if subscription["status"] == "trialing":
        warn_at = max(subscription["trial_end"] - TRIAL_WARNING_SECONDS, now)
        world.schedule(warn_at, "subscription.warn_of_trial_end", subscription_id)


def _ends(subscription: Json) -> tuple[int, str, int | None]:
    return period_end(subscription), subscription["status"], subscription["trial_end"]


def warn_of_trial_end(world: World, subscription_id: str) -> None:
    """Tell of a trial's end three days before, or at once if it is nearer; once for each end."""
    subscription = world.store.get("subscription", subscription_id)
    trial_end = subscription["trial_end"]
    private = world.private.get(subscription_id, {})
    if subscription["status"] != "trialing" or private.get("warned_of") == trial_end:
        return
    if trial_end - TRIAL_WARNING_SECONDS <= world.now():
        world.private[subscription_id] = {**private, "warned_of": trial_end}
        world.emit("customer.subscription.trial_will_end", subscription)


def lacks_card(world: World, subscription: Json) -> bool:
    """Whether the end of a trial finds no card, and the subscription is not to be billed then."""
    behavior = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    if behavior == "create_invoice" or subscription["collection_method"] == "send_invoice":
        return False
    customer = world.store.get("customer", subscription["customer"])
    settings = customer["invoice_settings"]
    return not (subscription["default_payment_method"] or settings["default_payment_method"])


def ends_without_card(world: World, before: Json, params: Params) -> bool:
    ended = before["status"] == "trialing" and params.get("trial_end") == "now"
    return ended and lacks_card(world, {**before, **_given(params)})


def _given(params: Params) -> Json:
    method = params.get("default_payment_method")
    return {"default_payment_method": method} if method else {}


def end_without_card(world: World, before: Json) -> Json:
    """Cancel or pause a subscription whose trial is over, as its settings say."""
    behavior = before["trial_settings"]["end_behavior"]["missing_payment_method"]
    if behavior == "cancel":
        return end(world, before, "cancellation_requested")
    return pause(world, before, "trial_end_without_payment_method")


def pause(world: World, before: Json, reason: str, **fields: object) -> Json:
    paused = {"subscription": {"type": reason}, "transitioned_at": world.now(),
              "type": "subscription"}  # fmt: skip
    subscription = world.store.update(
        before, **fields, status="paused", status_details={"paused": paused}
    )
    world.emit("customer.subscription.paused", subscription)
    world.emit("customer.subscription.updated", subscription, before)
    return subscription


TIMERS = {"subscription.warn_of_trial_end": warn_of_trial_end}
