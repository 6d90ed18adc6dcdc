"""What one simulated Stripe account knows: objects, time, randomness, events, timers, deliveries.

Resource modules change it through these methods only. Time is the injected clock plus how far
the engine was advanced; ids come from the injected random source, so a seed fixes a whole run.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from local.stripe_simulator.cards import TestCard
from local.stripe_simulator.deliveries import Deliveries
from local.stripe_simulator.events import EventLog, Recorded, event_object
from local.stripe_simulator.journal import Journal
from local.stripe_simulator.store import Json, Store
from local.stripe_simulator.timers import Timers

ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Settings:
    """How the account is set up; what a Stripe user chooses in the dashboard."""

    base_url: str = "http://127.0.0.1:12111"
    secret_key: str | None = None  # None accepts every sk_test_ key
    account_id: str = "acct_1LocalStripe0000"
    account_name: str = "Local Stripe"
    country: str = "US"
    currency: str = "usd"
    payment_retry_days: tuple[int, ...] = (1, 2, 2, 2, 2, 2, 2)  # 8 tries, within 2 weeks
    after_last_retry: str = "cancel"  # or "mark_unpaid", "leave_past_due"
    delivery_retry_scale: float = 1.0  # 0.001 turns an hour between attempts into 3.6 s


@dataclass(frozen=True)
class RequestInfo:
    """The request that causes what happens now; timers have none."""

    id: str | None = None
    idempotency_key: str | None = None

    def as_json(self) -> Json:
        return {"id": self.id, "idempotency_key": self.idempotency_key}


class Undoable(Protocol):
    """A part of the world that can go back to its last mark."""

    def mark(self) -> None: ...

    def undo(self) -> None: ...


NO_REQUEST = RequestInfo()
Reaction = Callable[["World", Json], None]


@dataclass
class World:
    clock: Callable[[], float]
    rng: random.Random
    settings: Settings
    reactions: Mapping[str, Reaction] = field(default_factory=dict)
    store: Store = field(default_factory=Store)
    timers: Timers = field(default_factory=Timers)
    events: EventLog = field(default_factory=EventLog)
    request: RequestInfo = NO_REQUEST
    cards: Journal[TestCard] = field(default_factory=Journal)  # payment method id -> how it behaves
    private: Journal[Json] = field(default_factory=Journal)  # what an object keeps but never shows
    detached: Journal[bool] = field(default_factory=Journal)  # payment methods not to use again
    _advanced_by: float = 0.0
    _frozen_at: float | None = None

    def __post_init__(self) -> None:
        self.deliveries = Deliveries(self.rng, self.settings.delivery_retry_scale)

    def time(self) -> float:
        """Seconds since the epoch; while a timer runs, the moment at which it was due."""
        return self.clock() + self._advanced_by if self._frozen_at is None else self._frozen_at

    def now(self) -> int:
        return int(self.time())

    def new_id(self, prefix: str, size: int = 24) -> str:
        return prefix + self.token(size)

    def token(self, size: int) -> str:
        return "".join(self.rng.choices(ALPHABET, k=size))

    def emit(self, kind: str, obj: Json, before: Json | None = None) -> None:
        """Record that something happened to `obj`; `before` is its former version, for `*.updated`.

        An update that changes nothing is no event.
        """
        if obj == before:
            return
        self.events.add(Recorded(kind, obj, before, self.now()))
        if react := self.reactions.get(kind):
            react(self, obj)

    def schedule(self, at: float, kind: str, object_id: str) -> None:
        """Have the timer of that kind look at the object at that moment."""
        self.timers.add(at, kind, object_id)

    def begin(self, request: RequestInfo) -> None:
        """What happens from here on is caused by `request`, and can be undone."""
        self.request = request
        for part in self._undoable():
            part.mark()

    def undo(self) -> None:
        """Take back all that the request did: it is refused."""
        self.events.take()
        for part in self._undoable():
            part.undo()

    def _undoable(self) -> tuple[Undoable, ...]:
        return (
            self.store,
            self.timers,
            self.deliveries,
            self.cards,
            self.private,
            self.detached,
        )

    def publish_events(self) -> None:
        """Turn what was recorded into event objects, in their lifecycle's order, to deliver."""
        for recorded in self.events.take():
            destinations = self.deliveries.destinations_for(recorded.kind)
            event = event_object(
                self.new_id("evt_1", 23), recorded, self.request.as_json(), len(destinations)
            )
            self.store.insert(event)
            self.deliveries.add(event, destinations, self.time())

    def run_due(self, until: float, run: Callable[[str, str], Any]) -> None:
        """Run every timer due by `until`, in order, each at its own moment."""
        while (timer := self.timers.pop_due(until)) is not None:
            self._frozen_at = timer.at
            try:
                run(timer.kind, timer.object_id)
            finally:
                self.publish_events()
                self._frozen_at = None

    def advance(self, to: float) -> None:
        """Move the clock forward to `to`; it runs on from there."""
        self._advanced_by += max(to - self.time(), 0.0)
