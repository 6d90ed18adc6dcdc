"""What an update of a subscription comes to: worked out first, stored and billed afterwards.

A `Change` is complete before anything is stored, so that it can also wait for its payment
("Pending updates"). What it credits and charges are invoice items ("Prorations"); it is billed at
once where the billing cycle restarts or a trial begins or ends, or with
`proration_behavior=always_invoice`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.params import Params
from local.stripe_simulator.resources.invoices.invoice_drafts import Line
from local.stripe_simulator.resources.subscriptions import (
    prorations,
    subscription_billing,
    subscription_items,
)
from local.stripe_simulator.resources.subscriptions.item_changes import Items
from local.stripe_simulator.resources.subscriptions.prorations import Debit, Proration, Span
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World


@dataclass(frozen=True)
class Change:
    """A subscription's new fields and items, what that prorates, and what to bill at once."""

    fields: Json
    items: tuple[Json, ...]
    removed: tuple[Json, ...] = ()
    prorations: tuple[tuple[str, Proration], ...] = ()
    debits: Mapping[str, tuple[Debit, ...]] = field(default_factory=dict)
    used: tuple[Line, ...] = ()  # of metered items that go, for which nobody would ask any more
    renewed: bool = False  # every item begins a period, which is billed at once

    def applied_to(self, subscription: Json) -> Json:
        """The subscription with this change, not stored."""
        items = subscription_items.replace_in(subscription, self.items)
        return {**subscription, **self.fields, "items": items}


@dataclass(frozen=True)
class Cycle:
    """How the billing cycle goes on: the fields that say so, and whether it begins anew now."""

    fields: Json
    restarts: bool = False


@dataclass(frozen=True)
class Prorating:
    """When prorations count from, and whether there are any (`proration_behavior`)."""

    at: int
    behavior: str = "create_prorations"


def work_out(
    world: World, before: Json, items: Items, cycle: Cycle, prorating: Prorating
) -> Change:
    """What it comes to if a subscription goes on with these items in this cycle."""
    if before["billing_mode"]["type"] == "classic":
        cycle = _restarted_by(world, before, items, cycle)
    turn = _Turn(world, before, {**before, **cycle.fields}, cycle, prorating.at)
    placed = tuple(turn.placed(item) for item in items.all)
    change = Change(cycle.fields, placed, items.removed, renewed=cycle.restarts)
    if prorating.behavior == "none" or before["status"] in ("trialing", "paused"):
        return change
    return turn.prorated(change)


def _restarted_by(world: World, before: Json, items: Items, cycle: Cycle) -> Cycle:
    """In classic mode another interval, or the first price that isn't free, restarts the cycle.

    "Compare classic and flexible billing mode": in flexible mode nothing does but the parameter.
    """
    former = {item["id"]: item["price"] for item in before["items"]["data"]}
    intervals = any(
        item["price"]["recurring"] != former[item["id"]]["recurring"] for item in items.kept
    )
    freed = _are_free(former.values()) and not _are_free(item["price"] for item in items.all)
    trialing = {**before, **cycle.fields}["status"] == "trialing"
    if cycle.restarts or trialing or not (intervals or freed):
        return cycle
    return Cycle({**cycle.fields, "billing_cycle_anchor": world.now()}, restarts=True)


def _are_free(prices: Iterable[Json]) -> bool:
    return all(price["unit_amount"] == 0 for price in prices)


class _Turn:
    """A subscription before and after a moment: where its items' periods go, what that costs."""

    def __init__(self, world: World, before: Json, after: Json, cycle: Cycle, at: int) -> None:
        self._world, self._before, self._after = world, before, after
        self._cycle, self._at = cycle, at
        self._former = {item["id"]: item for item in before["items"]["data"]}
        self._classic = before["billing_mode"]["type"] == "classic"
        self._new: Mapping[str, Debit] = {}

    def placed(self, item: Json) -> Json:
        """The item in the period that it has from now on."""
        now = self._world.now()
        if self._after["status"] == "trialing":
            start = now if self._cycle.restarts else item["current_period_start"] or now
            return subscription_items.in_period(item, (start, self._after["trial_end"]))
        span = subscription_items.until_canceled(self._after, self._period(item))
        return subscription_items.in_period(item, span)

    def _period(self, item: Json) -> Span:
        former, now = self._former.get(item["id"]), self._world.now()
        if self._cycle.restarts:
            return now, subscription_items.whole_period(self._after, item, now)[1]
        if self._is_over():  # the renewal that is due bills the next period, and tells of it
            return (self._at, self._at) if former is None else subscription_items.span(former)
        if former is None or former["price"]["recurring"] != item["price"]["recurring"]:
            return subscription_items.whole_period(self._after, item, self._at)
        start, end = subscription_items.span(item)
        if self._after["cancel_at"] == self._before["cancel_at"]:
            return start, end
        return start, subscription_items.whole_period(self._after, item, start)[1]

    def _is_over(self) -> bool:
        """Whether all that was billed has been used up, and is to be billed anew."""
        ended = all(item["current_period_end"] <= self._at for item in self._former.values())
        return ended and self._before["status"] != "paused"

    def prorated(self, change: Change) -> Change:
        """The change with what it gives back and charges."""
        self._new = subscription_items.full_prices(self._world, self._after, change.items, self._at)
        items = {item["id"]: item for item in change.items}
        found: list[tuple[str, Proration]] = []
        debits: dict[str, tuple[Debit, ...]] = {}
        for item_id in dict.fromkeys((*self._former, *items)):
            former, item = self._former.get(item_id), items.get(item_id)
            given, left = self._correction(former, None if change.renewed else item)
            found += [(item_id, each) for each in given]
            debits[item_id] = left
        used = () if change.renewed or self._classic else self._used(items)
        return replace(change, prorations=tuple(found), debits=debits, used=used)

    def _used(self, items: Mapping[str, Json]) -> tuple[Line, ...]:
        """In flexible mode the usage of metered items that go is billed nevertheless."""
        gone = {item_id for item_id in self._former if _differs(
            self._former[item_id], items.get(item_id))}  # fmt: skip
        lines = subscription_items.used(self._world, self._before)
        return tuple(line for line in lines if line.subscription_item in gone)

    def _correction(
        self, former: Json | None, item: Json | None
    ) -> tuple[list[Proration], tuple[Debit, ...]]:
        """What one item's change gives back and charges, and what stays debited then."""
        given, left = self._credits(former, item)
        charged = self._charge(former, item)
        if charged is None or item is None:
            return given, left
        debit = prorations.debit_of(charged, self._new[item["id"]])
        return [*given, charged], (*left, debit)

    def _credits(
        self, former: Json | None, item: Json | None
    ) -> tuple[list[Proration], tuple[Debit, ...]]:
        if former is None or subscription_items.is_metered(former):
            return [], ()
        debits, end = self._debits(former), former["current_period_end"]
        since = self._at
        if item is not None and not _differs(former, item):
            since = item["current_period_end"]
        if since >= end:
            return [], debits
        return prorations.credits_of(debits, (since, end)), prorations.kept(debits, since)

    def _charge(self, former: Json | None, item: Json | None) -> Proration | None:
        """The rest of the item's period, or what a later end adds to it."""
        if item is None or subscription_items.is_metered(item):
            return None
        since = self._at
        if former is not None and not _differs(former, item):
            since = former["current_period_end"]
        if since >= item["current_period_end"]:
            return None
        return prorations.charge(self._new[item["id"]], (since, item["current_period_end"]))

    def _debits(self, former: Json) -> tuple[Debit, ...]:
        """What there is to give back: what was debited, or in classic mode the current price."""
        if not self._classic:
            return subscription_items.debits(self._world, former["id"])
        items = self._former.values()
        full = subscription_items.full_prices(self._world, self._before, items, self._at)
        return (full[former["id"]],)


def _differs(former: Json | None, item: Json | None) -> bool:
    """Whether an item comes, goes, or costs otherwise."""
    if former is None or item is None:
        return True
    terms = [(each["price"]["id"], each.get("quantity")) for each in (former, item)]
    return terms[0] != terms[1]


def bills_now(before: Json, change: Change, behavior: str, *, extras: bool) -> bool:
    """Whether a change is billed at once; in flexible mode extras alone wait, whatever is asked."""
    if change.renewed:
        return True
    if behavior != "always_invoice":
        return False
    classic = before["billing_mode"]["type"] == "classic"
    return bool(change.prorations or change.used) or (extras and classic)


def store(world: World, before: Json, change: Change) -> Json:
    """Make a change: the subscription afterwards. Nothing is billed or told yet."""
    for item in change.items:
        subscription_items.put(world, item)
        if item["id"] in change.debits:
            subscription_items.remember(world, item["id"], change.debits[item["id"]])
    for item in change.removed:
        world.store.delete(item)
    items = subscription_items.replace_in(before, change.items)
    return world.store.update(before, **change.fields, items=items)


def add_items(
    world: World, subscription: Json, change: Change, extras: list[Params] | None
) -> None:
    """Add the change's prorations and one-time charges to what is pending on the subscription."""
    for item_id, proration in change.prorations:
        subscription_billing.add_proration(world, subscription, item_id, proration)
    for used in change.used:
        subscription_billing.add_usage(world, subscription, used)
    subscription_billing.add_extras(world, subscription, extras)


def lines(world: World, before: Json, after: Json, change: Change) -> list[Line]:
    """What is billed at once: the periods that begin, and what was used in those that end."""
    if not change.renewed:
        return []
    begun = [item for item in change.items if not subscription_items.is_metered(item)]
    used = subscription_items.used(world, before)
    return used + [subscription_items.line(world, after, item) for item in begun]


def proration_date(world: World, before: Json, given: int | None) -> int:
    """When prorations count from; only within the current period."""
    if given is None:
        return world.now()
    items = before["items"]["data"]
    start = max(item["current_period_start"] for item in items)
    end = min(item["current_period_end"] for item in items)
    if not start <= given <= end:
        raise invalid(
            "Cannot specify `proration_date` outside of the current period "
            f"(current period spans from {start} to {end}).",
            "proration_date",
        )
    return given
