"""Where events go, and which deliveries are due: bookkeeping only, the shell does the sending.

Each event has one delivery per matching destination, retried with growing delays for three days
until it succeeds, as Stripe does.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import Literal

from local.stripe_simulator.events import matches
from local.stripe_simulator.journal import Journal
from local.stripe_simulator.store import Json

# An immediate attempt, then these delays (seconds): about three days in all.
RETRY_DELAYS = (300, 1800, 7200, 18000, 36000, 43200, 43200, 43200, 43200)


@dataclass(frozen=True)
class Destination:
    """A webhook endpoint (`url`, signed with `secrets`) or a partner event source."""

    id: str
    type: Literal["webhook", "eventbridge"]
    url: str
    enabled_events: list[str]
    secrets: list[str] = field(default_factory=list)
    source: str = ""
    region: str = ""
    enabled: bool = True


@dataclass
class Attempt:
    at: float
    status: int | None
    error: str | None


@dataclass
class Delivery:
    """One event to one destination; settled when delivered or given up."""

    number: int
    event: Json
    destination: Destination
    state: Literal["pending", "delivered", "failed"] = "pending"
    attempts: list[Attempt] = field(default_factory=list)
    next_attempt_at: float | None = None


class Deliveries:
    def __init__(self, retry_scale: float) -> None:
        self.destinations: Journal[Destination] = Journal()
        self.all: list[Delivery] = []
        self._retry_scale = retry_scale
        self._due: list[tuple[float, int]] = []  # (when, the delivery's number)
        self._unsettled = 0

    def destinations_for(self, kind: str) -> list[Destination]:
        return [
            destination
            for destination in self.destinations.values()
            if destination.enabled and matches(kind, destination.enabled_events)
        ]

    def add(self, event: Json, destinations: list[Destination], now: float) -> None:
        for destination in destinations:
            delivery = Delivery(len(self.all), event, destination)
            self.all.append(delivery)
            self._unsettled += 1
            self._schedule(delivery, now)

    def take_due(self, now: float) -> list[Delivery]:
        """Deliveries due by `now`; each is handed out once, until its attempt is recorded."""
        due = []
        while self._due and self._due[0][0] <= now:
            delivery = self.all[heapq.heappop(self._due)[1]]
            delivery.next_attempt_at = None
            current = self.destinations.get(delivery.destination.id)
            delivery.destination = current or delivery.destination
            due.append(delivery)
        return due

    def record(self, delivery: Delivery, attempt: Attempt) -> bool:
        """Note how an attempt went; whether the event has arrived."""
        delivery.attempts.append(attempt)
        tries = len(delivery.attempts)
        if attempt.status is not None and 200 <= attempt.status < 300:
            self._settle(delivery, "delivered")
        elif tries > len(RETRY_DELAYS):
            self._settle(delivery, "failed")
        else:
            self._schedule(delivery, attempt.at + RETRY_DELAYS[tries - 1] * self._retry_scale)
        return delivery.state == "delivered"

    def next_at(self) -> float | None:
        return self._due[0][0] if self._due else None

    @property
    def settled(self) -> bool:
        return self._unsettled == 0

    def _schedule(self, delivery: Delivery, at: float) -> None:
        delivery.next_attempt_at = at
        heapq.heappush(self._due, (at, delivery.number))

    def _settle(self, delivery: Delivery, state: Literal["delivered", "failed"]) -> None:
        delivery.state = state
        self._unsettled -= 1
