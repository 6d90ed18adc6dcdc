"""What one simulated Stripe account knows: objects, time, randomness, events, timers, deliveries.

Resource modules change it through these methods only. Ids come from the injected random source,
so a seed fixes a whole run. There are two times: the account's own (`wall`), which is the injected
clock, scaled and moved on; and the time of a test clock, at which everything that concerns its
customers happens. `time` and `now` give the one that counts where they are asked.
"""

from __future__ import annotations

import random
import string
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from local.stripe_simulator.cards import TestMethod
from local.stripe_simulator.deliveries import Deliveries
from local.stripe_simulator.events import RETENTION_SECONDS, EventLog, Recorded, event_object
from local.stripe_simulator.journal import Journal
from local.stripe_simulator.store import Json, Store
from local.stripe_simulator.timers import Timer, Timers

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
    upcoming_invoice_days: int = 7  # before a renewal, when `invoice.upcoming` tells of it
    after_last_retry: str = "cancel"  # or "mark_unpaid", "leave_past_due"
    delayed_payment_seconds: float = 60.0  # how long a bank debit is `processing`
    delivery_retry_scale: float = 1.0  # 0.001 turns an hour between attempts into 3.6 s
    test_clock_advance_seconds: float = 0.0  # how long a test clock is `advancing`
    time_scale: float = 1.0  # 3600 lets an hour pass in each second
    rate_limit: Literal["off", "sandbox", "live"] = "off"


class RequestInfo(NamedTuple):
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
DAY = 86400
FIXED = ("clock", "settings", "reactions", "handlers")  # what the world was made with
TEST_CLOCK = "test_helpers.test_clock"
# Fields that lead from an object to the customer whose test clock it lives by.
LINKS = ("test_clock", "customer", "subscription", "invoice", "payment_intent", "charge")
Reaction = Callable[["World", Json], None]
TimerHandler = Callable[["World", str], None]


@dataclass
class World:
    clock: Callable[[], float]
    rng: random.Random
    settings: Settings
    reactions: Mapping[str, Reaction] = field(default_factory=dict)
    handlers: Mapping[str, TimerHandler] = field(default_factory=dict)  # of timers, by kind
    store: Store = field(default_factory=Store)
    timers: Timers = field(default_factory=Timers)
    events: EventLog = field(default_factory=EventLog)
    request: RequestInfo = NO_REQUEST
    cards: Journal[TestMethod] = field(default_factory=Journal)  # how each payment method behaves
    private: Journal[Json] = field(default_factory=Journal)  # what an object keeps but never shows
    detached: Journal[bool] = field(default_factory=Journal)  # payment methods not to use again
    test_clock: str | None = None  # the one by which what happens now happens
    time_scale: float = 1.0
    _frozen_at: float | None = None  # the test clock's moment
    _wall_at: float | None = None  # the moment at which the account's own timer is due
    _days: deque[tuple[float, int]] = field(default_factory=deque)  # (when, events made so far)
    _events_made: int = 0
    _events_forgotten: int = 0

    def __post_init__(self) -> None:
        self._started = self._since = self.clock()
        self.time_scale = self.settings.time_scale
        self.deliveries = Deliveries(self.rng, self.settings.delivery_retry_scale)

    def time(self) -> float:
        """Seconds since the epoch, for what happens now: by its test clock, or by the account's."""
        return self.wall() if self._frozen_at is None else self._frozen_at

    def wall(self) -> float:
        """The account's own time, by which events are stamped and sent; while a timer runs, its."""
        if self._wall_at is not None:
            return self._wall_at
        return self._since + (self.clock() - self._started) * self.time_scale

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
        self.events.add(Recorded(kind, obj, before, int(self.wall())))
        if react := self.reactions.get(kind):
            react(self, obj)

    def schedule(self, at: float, kind: str, object_id: str) -> None:
        """Have the timer of that kind look at the object at that moment, by the object's clock."""
        self.timers.add(at, kind, object_id, self.clock_of(object_id) or self.test_clock)

    def schedule_on_account(self, at: float, kind: str, object_id: str) -> None:
        """The same by the account's own time, whatever the object."""
        self.timers.add(at, kind, object_id)

    def clock_of(self, object_id: str) -> str | None:
        """The test clock by which an object lives: its own, or that of what it belongs to."""
        obj = self.store.find(object_id)
        if obj is None:
            return None
        if obj["object"] == TEST_CLOCK:
            return object_id
        for link in LINKS:
            owner = obj.get(link)
            if isinstance(owner, str) and (found := self.clock_of(owner)):
                return found
        return None

    @contextmanager
    def on_clock(self, clock_id: str | None, at: float | None = None) -> Iterator[None]:
        """Let what happens inside happen by that test clock: where it stands, or `at`."""
        clock = self.store.find(clock_id) if clock_id else None
        outer = self.test_clock, self._frozen_at
        if clock is not None:
            self.test_clock = clock_id
            self._frozen_at = clock["frozen_time"] if at is None else at
        try:
            yield
        finally:
            self.test_clock, self._frozen_at = outer

    @contextmanager
    def at(self, moment: float) -> Iterator[None]:
        """Let what happens inside happen at that moment, as a preview of it."""
        outer, self._frozen_at = self._frozen_at, moment
        try:
            yield
        finally:
            self._frozen_at = outer

    def begin(self, request: RequestInfo) -> None:
        """What happens from here on is caused by `request`, and can be undone."""
        self.request = request
        self._mark()

    def _mark(self) -> None:
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
            self._events_made += 1
            self.deliveries.add(event, destinations, self.wall())

    def run_due(self, until: float) -> None:
        """Run the account's timers due by `until`, in order, each at its own moment."""
        while (timer := self.timers.pop_due(until)) is not None:
            self._wall_at = timer.at
            try:
                self._run(timer)
            finally:
                self._wall_at = None

    def run_clock(self, clock_id: str, until: float) -> None:
        """Run the timers of a test clock due by `until`, in order, each at its own moment."""
        while (timer := self.timers.pop_due(until, clock_id)) is not None:
            with self.on_clock(clock_id, timer.at):
                self._run(timer)

    def _run(self, timer: Timer) -> None:
        self._mark()
        try:
            self.handlers[timer.kind](self, timer.object_id)
        finally:
            self.publish_events()
            self.tidy()

    def tidy(self) -> None:
        """Keep memory small, once something is done for good.

        Forget how to undo it, pack what isn't in use and, once a day, forget events after 30.
        """
        self._mark()
        self.store.tidy()
        now = self.wall()
        if not self._days or now >= self._days[-1][0] + DAY:
            self._days.append((now, self._events_made))
            self._forget_before(now - RETENTION_SECONDS)

    def _forget_before(self, oldest: float) -> None:
        while self._days[0][0] <= oldest:
            _, made = self._days.popleft()
            self.store.forget_oldest("event", made - self._events_forgotten)
            self._events_forgotten = made
        self.deliveries.forget_before(oldest)

    def state(self) -> dict[str, Any]:
        """All that changes, by name: what a snapshot holds."""
        parts = {name: part for name, part in vars(self).items() if name not in FIXED}
        return {**parts, "_since": self.wall()}

    def restore(self, state: dict[str, Any]) -> None:
        """Be as `state` says; time runs on from there."""
        vars(self).update(state)
        self._started = self.clock()
        self.deliveries.hand_out_again(self.wall())

    def restart_time(self) -> None:
        """Let the account's time be the injected clock's again."""
        self._since = self._started = self.clock()

    def advance(self, to: float) -> None:
        """Move the account's time forward to `to`; it runs on from there."""
        self._since += max(to - self.wall(), 0.0)

    def scale_time(self, scale: float) -> None:
        """Let time run `scale` times as fast as the injected clock from here on; 0 stops it."""
        self._since, self._started = self.wall(), self.clock()
        self.time_scale = scale
