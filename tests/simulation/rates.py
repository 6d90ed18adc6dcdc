"""How often rules for a record's order go wrong: ours, and variants of them.

Nothing is lost in these histories and nobody reconciles, so that a record which ends wrong shows,
rather than is healed. Wrong policies go on here after the first thing that must never be.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from unittest.mock import patch

import billing.reducer
from billing.domain import decide
from billing.domain.decide import Apply, Decision, Ignore, Keep
from billing.domain.events import CustomerEvent, PurchaseEvent, SubscriptionEvent
from billing.domain.record import Record, Stamp
from billing.gateway.stripe_gateway import StripeGateway
from billing.reducer import Reducer
from tests.simulation import mutants, play
from tests.simulation.actions import Reconcile
from tests.simulation.cloud import Broken
from tests.simulation.convergence import Convergence
from tests.simulation.histories import History, drawn
from tests.simulation.invariants import NEVER_BACK, Violation
from tests.simulation.judge import Judge
from tests.simulation.world import World

#: What may come of a history.
ENDS_WRONG, GOES_BACK = "ends wrong", "goes back"
#: A lag (seconds) that is longer than the window allows for.
LONG_LAG = 6


@dataclass(frozen=True)
class Variant:
    """Rules under another name; ``lag`` is by how much ``created`` comes late, where it is set."""

    name: str
    applied: Callable[[], AbstractContextManager[None]]
    lag: int | None = None


def effects(variant: Variant, seed: int) -> frozenset[str]:
    """What comes of a history under a variant: of the two named above, those that do."""
    history = _unhealed(drawn(seed), variant.lag)
    world = World(history.setting)
    Judge(world)
    seen: set[str] = set()
    world.wrote_record = partial(_noted, world.wrote_record, seen)
    world.passes = partial(_noted, world.passes, seen)
    world.cloud.ended = partial(_noted, world.cloud.ended, seen)
    try:
        with variant.applied():
            play.happen(history, world)
            play.come_to_rest(world)
        Convergence(world).check()
    except (Violation, Broken):
        seen.add(ENDS_WRONG)
    return frozenset(seen)


def counted(variant: Variant, seeds: range) -> Counter[str]:
    """In how many histories each of them comes of a variant."""
    return Counter(effect for seed in seeds for effect in effects(variant, seed))


def _noted(hook: Callable[..., None], seen: set[str], *told: Any) -> None:
    """Let somebody look on who would stop a history at once."""
    try:
        hook(*told)
    except Violation as violation:
        if violation.invariant == NEVER_BACK:
            seen.add(GOES_BACK)


def _unhealed(history: History, lag: int | None) -> History:
    weather = replace(history.setting.weather, lost=0.0)
    if lag is not None:
        weather = replace(weather, lag=lag)
    actions = tuple(a for a in history.actions if not isinstance(a.action, Reconcile))
    return History(replace(history.setting, weather=weather), actions)


def _of_a_library(record: Record, event: Any, newer: bool) -> Decision:
    """What libraries do: store what an event shows, at most if it is newer. They never ask."""
    if isinstance(event, PurchaseEvent):
        return decide._decide_purchase(record, event)
    if isinstance(event, CustomerEvent):
        return decide._decide_customer(record, event)
    if not isinstance(event, SubscriptionEvent):
        return Keep()
    known = record.stamp.hi if record.stamp else 0
    if event.payload is None or (newer and event.created <= known):
        return Ignore(reason="not newer")
    return Apply(subscription=event.payload, stamp=Stamp(lo=event.created, hi=event.created))


@contextmanager
def library(*, newer: bool) -> Iterator[None]:
    """Snapshots as libraries keep them."""

    def decided(record: Record, event: Any, _now: int) -> Decision:
        return _of_a_library(record, event, newer)

    with patch.object(billing.reducer, "decide", decided):
        yield


@contextmanager
def own_clock() -> Iterator[None]:
    """What is fetched is taken to be true when it was asked for, by the node's own clock."""

    def stamp(self: Any, started: float, _answers: Any) -> Stamp:
        process = self._http._kernel.current
        now = process.kernel.now + process.skew
        asked = math.floor(now - (self._monotonic() - started))
        return Stamp(lo=asked, hi=asked)

    with patch.object(StripeGateway, "_stamp", stamp):
        yield


@contextmanager
def created_after_fetch() -> Iterator[None]:
    """What an event had us fetch is taken to be as old as the event."""
    original = Reducer._after

    def after(self: Reducer, before: Record, decision: Decision, cause: Any, now: int) -> Record:
        made = original(self, before, decision, cause, now)
        told = cause.event
        if not isinstance(told, SubscriptionEvent) or made.stamp in (None, before.stamp):
            return made
        stamp = Stamp(lo=told.created, hi=told.created)
        return made.model_copy(
            update={"stamp": stamp.raised_to(before.stamp) if before.stamp else stamp}
        )

    with patch.object(Reducer, "_after", after):
        yield


@contextmanager
def window(seconds: int) -> Iterator[None]:
    """Another width of the doubt around a stamp."""
    with patch.object(decide, "WINDOW", seconds):
        yield


_ORDER = (
    mutants.blind_snapshot,
    mutants.strict_created,
    mutants.no_compare_and_swap,
    mutants.version_after_fetch,
    mutants.shared_stamp,
    mutants.point_stamp,
    own_clock,
    created_after_fetch,
    mutants.fetch_one_instead_of_list,
)
VARIANTS = (
    Variant("ours", nullcontext),
    Variant("a library, whatever comes last", partial(library, newer=False)),
    Variant("a library, newer created wins", partial(library, newer=True)),
    *(Variant(applied.__name__, applied) for applied in _ORDER),
    Variant("no window", partial(window, 0)),
    Variant(f"ours, created lags by {LONG_LAG} s", nullcontext, LONG_LAG),
    Variant(f"a window of 8 s, created lags by {LONG_LAG} s", partial(window, 8), LONG_LAG),
)
