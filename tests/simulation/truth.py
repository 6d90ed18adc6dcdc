"""Stripe as the truth: the local Stripe in process, its clock ours, its events taken as they come.

Keeps every version that a subscription or a customer ever had, as told by events and as found
between requests: by these the oracle says which moment of the truth a stored state is from.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

from local.stripe_simulator import seed
from local.stripe_simulator.deliveries import Destination
from local.stripe_simulator.engine import Engine
from local.stripe_simulator.errors import StripeError
from local.stripe_simulator.events import EventLog, Recorded
from local.stripe_simulator.http import api_client
from local.stripe_simulator.http.portal import Portal
from local.stripe_simulator.resources.account import test_clocks
from local.stripe_simulator.world import NO_REQUEST, Settings, World
from tests.simulation.kernel import Kernel

Json = dict[str, Any]

START = 1_800_000_000
KEY = {"Authorization": "Bearer sk_test_simulation"}
PARTNER = "aws.partner/stripe.com/ed_simulation"
KEPT = ("subscription", "customer")
CATALOGUE = seed.Seed()
PLANS = ("standard_monthly", "standard_yearly", "agency_monthly", "agency_yearly")


class Refused(Exception):
    """Stripe refused what somebody asked for."""


class Versions:
    """All versions of the objects whose history counts, the oldest first."""

    def __init__(self) -> None:
        self._by_id: dict[str, list[Json]] = {}

    def add(self, obj: Json) -> None:
        versions = self._by_id.setdefault(obj["id"], [])
        if not versions or (versions[-1] is not obj and versions[-1] != obj):
            versions.append(obj)

    def of(self, object_id: str) -> list[Json]:
        return self._by_id.get(object_id, [])

    def ids(self) -> list[str]:
        return list(self._by_id)


class LaggingLog(EventLog):
    """An event log whose ``created`` comes after the change by up to ``lag`` seconds."""

    def __init__(self, rng: random.Random, lag: int, versions: Versions) -> None:
        super().__init__()
        self._rng = rng
        self._lag = lag
        self._versions = versions

    def add(self, recorded: Recorded) -> None:
        if recorded.obj.get("object") in KEPT and "id" in recorded.obj:
            self._versions.add(recorded.obj)
        late = self._rng.randint(0, self._lag) if self._lag else 0
        super().add(recorded._replace(created=recorded.created + late))


class StripeAccount:
    """The account: whoever has its API key asks it; what it tells goes to ``told``."""

    def __init__(
        self, kernel: Kernel, seed: int, lag: int, wanted: tuple[str, ...], **settings: Any
    ) -> None:
        self._kernel = kernel
        self.engine = Engine(lambda: kernel.now, random.Random(0), Settings(**settings))
        self.engine.restore(_planted())
        self.engine.world.rng.seed(seed)
        self.versions = Versions()
        self.engine.world.events = LaggingLog(random.Random(seed), lag, self.versions)
        self.engine.world.deliveries.destinations["ed_simulation"] = Destination(
            "ed_simulation", "eventbridge", "", list(wanted), source=PARTNER
        )
        self.told: Callable[[Json], None] = lambda event: None

    @property
    def world(self) -> World:
        return self.engine.world

    def price(self, lookup_key: str) -> str:
        found = next(self.world.store.oldest_first("price", lookup_key=lookup_key))
        return str(found["id"])

    def ask(self, method: str, path: str, **params: Any) -> Json:
        """Ask as a person at Stripe's dashboard, on one of its pages or by the API would.

        Raises:
            Refused: it can't be done now.
        """
        given = {name: value for name, value in params.items() if value is not None}
        response = self.engine.request(method, path, given, KEY)
        self.tell()
        body: Json = response.json()
        if response.status != 200:
            raise Refused(f"{method} {path}: {body['error']['message']}")
        return body

    @contextmanager
    def by_hand(self, object_id: str) -> Iterator[World]:
        """Do to an object what no API does: as its bank, or its card's network."""
        self.engine.run_due()
        self.world.begin(NO_REQUEST)
        clock = self.world.clock_of(object_id)
        try:
            test_clocks.refuse_while_advancing(self.world, clock)
            with self.world.on_clock(clock):
                yield self.world
        except StripeError as error:
            self.world.undo()
            raise Refused(str(error)) from error
        finally:
            self.world.publish_events()
            self.world.tidy()
            self.tell()

    @contextmanager
    def portal(self, customer: str) -> Iterator[Portal]:
        """A customer's visit to the customer portal.

        Raises:
            Refused: it doesn't offer that, or it can't be done now.
        """
        session = self.ask("POST", "/v1/billing_portal/sessions", customer=customer)
        client = api_client.ApiClient(self.engine, cast("Any", SimpleNamespace(wake=self.tell)))
        try:
            yield Portal(client, session)
        except api_client.Refused as refused:
            raise Refused(str(refused)) from refused

    def next_at(self) -> float | None:
        """When something next falls due by itself."""
        return self.world.timers.next_at()

    def run_due(self) -> None:
        self.engine.run_due()
        self.tell()

    def tell(self) -> None:
        """Hand over the events since the last time; note what changed."""
        for delivery in self.engine.due_deliveries():
            event = self.engine.event_of(delivery)
            self.engine.record_attempt(delivery, 200)
            self.told(event)
        for object_id in self.versions.ids():
            found = self.world.store.find(object_id)
            if found is not None:
                self.versions.add(found)

    # -- What is so now, for whoever judges

    def find(self, object_id: str | None) -> Json | None:
        return self.world.store.find(object_id) if object_id else None

    def all(self, kind: str, **where: Any) -> list[Json]:
        """Oldest first; what was deleted isn't among them."""
        return list(self.world.store.oldest_first(kind, **where))


@cache
def _planted() -> bytes:
    """An account with the catalogue."""
    engine = Engine(lambda: START, random.Random(1))
    seed.plant(engine, CATALOGUE)
    return engine.snapshot()
