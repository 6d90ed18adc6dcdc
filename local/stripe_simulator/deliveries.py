"""Where events go, and which deliveries are due: bookkeeping only, the shell does the sending.

Each event has one delivery per matching destination, retried with growing delays for three days
until it succeeds, as Stripe does; `chaos` rules may make it another story. A resend by hand is
one attempt more and leaves the retries as they are.
A CLI that listens gets each event once.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Literal

from local.stripe_simulator.chaos import Rule, rule_for
from local.stripe_simulator.events import matches
from local.stripe_simulator.journal import Journal
from local.stripe_simulator.store import Json

# An immediate attempt, then these delays (seconds): about three days in all.
RETRY_DELAYS = (300, 1800, 7200, 18000, 36000, 43200, 43200, 43200, 43200)

State = Literal["pending", "held", "delivered", "failed", "dropped", "canceled"]
Order = Literal["held", "reversed", "shuffled"]


@dataclass(frozen=True)
class Secret:
    """What signs a webhook; a rolled one does so until its end (UTC seconds)."""

    value: str = field(repr=False)
    until: float | None = None


@dataclass(frozen=True)
class Destination:
    """A webhook endpoint (`url`, signed with `secrets`), a partner event source, or a CLI.

    The CLI is one that listens; its `url` is where it forwards events, or empty.
    """

    id: str
    type: Literal["webhook", "eventbridge", "cli"]
    url: str
    enabled_events: list[str]
    secrets: tuple[Secret, ...] = ()  # the newest first
    source: str = ""
    region: str = ""
    enabled: bool = True

    @property
    def where(self) -> str:
        """Where events go, for people."""
        return self.source or self.url or "printed by the CLI"

    def wants(self, kind: str) -> bool:
        return self.enabled and matches(kind, self.enabled_events)

    def secrets_at(self, now: float) -> list[str]:
        """The secrets in force: one signature each."""
        return [each.value for each in self.secrets if each.until is None or now < each.until]


@dataclass(frozen=True, slots=True)
class Attempt:
    at: float
    status: int | None
    error: str | None
    response: str = ""  # how the answer's body began
    duration: float = 0.0  # seconds

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(slots=True)
class Delivery:
    """One event, by its id and type, to one destination.

    Held ones wait for their release. Final are delivered, failed (given up), dropped, and canceled
    (the destination was disabled or deleted).
    """

    number: int
    event_id: str
    kind: str
    destination: Destination
    created: float
    by_hand: bool = False
    state: State = "pending"
    attempts: list[Attempt] = field(default_factory=list)
    next_attempt_at: float | None = None
    in_turn: bool = False  # to arrive before the next one in turn leaves
    to_lose: int = 0  # attempts that a rule loses
    place: int = 0  # in the line of what is due; other places of it are outdated


@dataclass
class Window:
    """Deliveries that leave together, shuffled."""

    ends: float
    deliveries: list[Delivery] = field(default_factory=list)


class Deliveries:
    def __init__(self, rng: random.Random, retry_scale: float) -> None:
        self.destinations: Journal[Destination] = Journal()
        self.chaos: list[Rule] = []
        self._rng = rng
        self._retry_scale = retry_scale
        self._all: dict[int, Delivery] = {}
        self._count = 0
        self._marked = 0
        self._due: list[tuple[float, int, int]] = []  # (when, place, the delivery's number)
        self._places = 0
        self._pending = 0
        self._awaited: set[tuple[str, str]] = set()  # (event, destination): not there yet
        self._windows: dict[Rule, Window] = {}

    def __iter__(self) -> Iterator[Delivery]:
        """All that are remembered, the oldest first."""
        return iter(list(self._all.values()))

    def find(self, number: int) -> Delivery | None:
        return self._all.get(number)

    def destinations_for(self, kind: str) -> list[Destination]:
        return [
            destination for destination in self.destinations.values() if destination.wants(kind)
        ]

    def add(self, event: Json, destinations: list[Destination], now: float) -> None:
        """Send a new event to those destinations, as the rules will have it."""
        for destination in destinations:
            self._awaited.add((event["id"], destination.id))
            rule = rule_for(self.chaos, destination.id, event["type"])
            for _ in range(rule.copies):
                self._dispatch(self._new(event, destination, now), rule, now)

    def resend(self, event: Json, destination: Destination, now: float) -> Delivery:
        """Send an event once more, by hand: one attempt, which no rule touches."""
        delivery = self._new(event, destination, now)
        delivery.by_hand = True
        self._schedule(delivery, now)
        return delivery

    def release(
        self, now: float, numbers: Sequence[int] | None = None, order: Order = "held"
    ) -> list[Delivery]:
        """Let held deliveries go, to arrive one after another.

        Args:
            now: The account's time.
            numbers: Which ones, in the order to arrive in; all that are held unless given.
            order: How to rearrange them.
        """
        chosen = self._all if numbers is None else numbers
        found = [each for number in chosen if (each := self._all[number]).state == "held"]
        if order == "reversed":
            found.reverse()
        elif order == "shuffled":
            self._rng.shuffle(found)
        for delivery in found:
            self._enter(delivery, "pending")
            delivery.in_turn = True
            self._schedule(delivery, now)
        return found

    def drop(self, delivery: Delivery) -> None:
        """Never send it (again); what has ended stays as it is."""
        if delivery.state in ("pending", "held"):
            self._enter(delivery, "dropped")

    def take_due(self, now: float) -> list[Delivery]:
        """Deliveries due by `now`; each is handed out once, until its attempt is recorded."""
        due = []
        while (at := self.next_at()) is not None and at <= now:
            delivery = self._all[heapq.heappop(self._due)[2]]
            delivery.next_attempt_at = None
            if self._may_leave(delivery, now):
                due.append(delivery)
        return due

    def hand_out_again(self, now: float) -> None:
        """Let those leave again that were on their way when a snapshot was made."""
        for delivery in self._all.values():
            if delivery.state == "pending" and delivery.next_attempt_at is None:
                self._schedule(delivery, now)

    def record(self, delivery: Delivery, attempt: Attempt) -> bool:
        """Note how an attempt went; whether the event arrived there for the first time."""
        delivery.attempts.append(attempt)
        if attempt.succeeded:
            self._enter(delivery, "delivered")
            return self._arrived(delivery)
        if delivery.state == "pending":
            self._try_again(delivery, attempt.at)
        return False

    def next_at(self) -> float | None:
        """When the next delivery is due."""
        while self._due and self._outdated(*self._due[0][1:]):
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    @property
    def settled(self) -> bool:
        """Whether nothing is on its way any more; what is held moves only when released."""
        return self._pending == 0

    def forget_before(self, at: float) -> None:
        """Forget the deliveries made before `at`, whose events are forgotten too."""
        for delivery in takewhile(lambda each: each.created < at, self):
            self._awaited.discard((delivery.event_id, delivery.destination.id))
            self._remove(delivery)

    def mark(self) -> None:
        """Begin what `undo` takes back: destinations, and what was resent."""
        self.destinations.mark()
        self._marked = self._count

    def undo(self) -> None:
        self.destinations.undo()
        for number in range(self._marked + 1, self._count + 1):
            self._remove(self._all[number])

    def _new(self, event: Json, destination: Destination, now: float) -> Delivery:
        self._count += 1
        self._pending += 1
        delivery = Delivery(self._count, event["id"], event["type"], destination, now)
        self._all[delivery.number] = delivery
        return delivery

    def _dispatch(self, delivery: Delivery, rule: Rule, now: float) -> None:
        delivery.to_lose = rule.lose_attempts
        if rule.drop:
            self._enter(delivery, "dropped")
        elif rule.hold:
            self._enter(delivery, "held")
        elif rule.window > 1:
            self._shuffle_in(delivery, rule, now)
        else:
            extra = self._rng.uniform(0, rule.delay_up_to) if rule.delay_up_to else 0.0
            self._schedule(delivery, now + rule.delay + extra)

    def _shuffle_in(self, delivery: Delivery, rule: Rule, now: float) -> None:
        """Give it a random place in the window, which leaves when it is full or its time ends."""
        window = self._windows.get(rule)
        if window is None or window.ends <= now:
            window = self._windows[rule] = Window(now + rule.window_seconds)
        delivery.in_turn = True
        window.deliveries.insert(self._rng.randint(0, len(window.deliveries)), delivery)
        full = len(window.deliveries) >= rule.window
        for each in window.deliveries:
            if each.state == "pending":
                self._schedule(each, now if full else window.ends)
        if full:
            del self._windows[rule]

    def _may_leave(self, delivery: Delivery, now: float) -> bool:
        current = self.destinations.get(delivery.destination.id)
        if current is None or not current.enabled:
            self._enter(delivery, "canceled")
            return False
        delivery.destination = current
        if delivery.to_lose:
            delivery.to_lose -= 1
            self.record(delivery, Attempt(now, None, "Lost on the way, as /_sim/chaos says"))
            return False
        return True

    def _try_again(self, delivery: Delivery, now: float) -> None:
        tries = len(delivery.attempts)
        once = delivery.by_hand or delivery.destination.type == "cli"
        if once or tries > len(RETRY_DELAYS):
            self._enter(delivery, "failed")
        else:
            delivery.in_turn = False
            self._schedule(delivery, now + RETRY_DELAYS[tries - 1] * self._retry_scale)

    def _arrived(self, delivery: Delivery) -> bool:
        key = (delivery.event_id, delivery.destination.id)
        awaited = key in self._awaited
        self._awaited.discard(key)
        return awaited

    def _schedule(self, delivery: Delivery, at: float) -> None:
        self._places += 1
        delivery.place = self._places
        delivery.next_attempt_at = at
        heapq.heappush(self._due, (at, delivery.place, delivery.number))

    def _outdated(self, place: int, number: int) -> bool:
        delivery = self._all.get(number)
        return delivery is None or delivery.place != place or delivery.next_attempt_at is None

    def _enter(self, delivery: Delivery, state: State) -> None:
        self._pending += (state == "pending") - (delivery.state == "pending")
        delivery.state = state
        delivery.next_attempt_at = None

    def _remove(self, delivery: Delivery) -> None:
        self._pending -= delivery.state == "pending"
        del self._all[delivery.number]
