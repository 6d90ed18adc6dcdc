"""Asks what users may use, as the API does for every page: at random moments, between events too.

What the product answers from a record is held to what the oracle says of somebody who knew the
record's moment of the truth and no more: Stripe's subscription as of the stored revision, Stripe's
invoices with the statuses that the record has heard of. And where all is quiet and nothing was
lost, to the truth itself.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from billing.domain import access
from billing.domain.record import Record
from billing.store.records import RecordStore
from tests.simulation import oracle
from tests.simulation.invariants import ACCESS, Violation
from tests.simulation.world import World

Json = dict[str, Any]

HOUR, DAY = 3600, 86_400
#: Of so many moments between two things that happen at once one is asked about.
RARELY = 0.02
#: Of so many hours or days in which nothing happens.
OFTEN = 0.5
#: An answer without an end still holds after so long.
LONG = 1000 * DAY


class Known:
    """What a record's moment of the truth says, and what the product reads of it."""

    def __init__(self, record: Record, subscription: Json | None, invoices: list[Json]) -> None:
        self.record = record
        self._subscription = subscription
        self._invoices = invoices

    def level(self, policy: Mapping[str, str], now: float) -> str:
        return oracle.level(self._subscription, self._invoices, policy, now)


class Asking:
    """``shown`` is the subscription, of those that Stripe had, that a record shows."""

    def __init__(
        self,
        world: World,
        shown: Callable[[Json], Json | None],
        check_truth: Callable[[], None],
    ) -> None:
        self._world = world
        self._shown = shown
        self._check_truth = check_truth
        self._rng = random.Random(f"{world.setting.seed}/asking")
        self._known: dict[str, Known] = {}
        tables: Any = world.tables
        self._records = RecordStore(tables, world.environment["SUBSCRIPTIONS_TABLE"])
        world.passes = self.passes

    def wrote(self, user_id: str) -> None:
        """What was known of them is another thing now."""
        self._known.pop(user_id, None)

    def passes(self, until: float) -> None:
        """Nothing happens until then: ask at some moment of it."""
        world = self._world
        since = world.kernel.now
        resting = until - since >= HOUR
        if self._rng.random() >= (OFTEN if resting else RARELY):
            return
        if resting and self._is_quiet():
            self._check_truth()
        for person in world.people:
            self._ask(person.user_id, int(self._rng.uniform(since, until)))

    def _is_quiet(self) -> bool:
        """Whether all that Stripe told has arrived and been worked on, and well."""
        world, cloud = self._world, self._world.cloud
        if world.busy() or cloud.dead_letters or cloud.failed_runs():
            return False
        arrived = {run.event_id for run in cloud.runs.values()} | set(cloud.unwanted)
        return all(event["id"] in arrived for event in world.sent)

    def _ask(self, user_id: str, now: int) -> None:
        known = self._known.get(user_id) or self._look(user_id)
        if known is None:
            return
        world, policy = self._world, self._world.environment
        answer = access.access_of(known.record, world.ports.policy, now)
        expected = known.level(policy, now)
        if answer.level != expected:
            raise Violation(ACCESS, f"{user_id} may use {answer.level} at {now}, not {expected}")
        last = now + LONG if answer.until is None else answer.until - 1
        if known.level(policy, last) != answer.level:
            raise Violation(ACCESS, f"{user_id}'s {answer.level} doesn't last until {last}")
        if answer.until is not None and known.level(policy, answer.until) == answer.level:
            raise Violation(ACCESS, f"{user_id}'s {answer.level} goes on after {answer.until}")

    def _look(self, user_id: str) -> Known | None:
        """None where what Stripe had is gone with its test clock."""
        stored = self._world.record(user_id)
        if stored is None:
            return None
        invoices = []
        for invoice_id, told in stored.get("invoices", {}).items():
            invoice = self._world.stripe.find(invoice_id)
            if invoice is None:
                return None
            if oracle.subscription_of(invoice) == stored.get("subscription_id"):
                invoices.append({**invoice, "status": told["status"]})
        known = Known(self._records.load(user_id), self._shown(stored), invoices)
        self._known[user_id] = known
        return known
