"""A world in which a history happens: people, their Stripe account, and the deployed product.

Everything that happens follows from the seed, the weather and what is done to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from billing.checkout import Checkout
from billing.config import Settings
from billing.contracts.trimmed import trimmed
from billing.domain.checkout import CheckoutPages
from billing.store.dynamodb import from_item, to_item
from tests.simulation import deployment
from tests.simulation.cloud import Cloud
from tests.simulation.dynamodb.client import MemoryDynamoDB
from tests.simulation.faults import CALM, CalmFates, DrawnFates, Fates, Struck, Weather
from tests.simulation.invariants import Violation
from tests.simulation.kernel import Kernel, Life, Process
from tests.simulation.ports import (
    Clients,
    PortedDynamoDB,
    PortedEvents,
    PortedStepFunctions,
    PortedStripe,
    SimulatedPorts,
)
from tests.simulation.truth import START, StripeAccount

Json = dict[str, Any]

PAGES = CheckoutPages(success_url="https://app.test/done", cancel_url="https://app.test/")
#: An API request's function lives so long.
API_LIFE = 29.0
#: Reconciliation runs so often (seconds); nightly would tell no more. Stripe forgets in 30 days.
NIGHT = 14 * 86_400


@dataclass
class Person:
    """Somebody, a user of the SaaS or not (yet); ``customers`` are theirs at Stripe, in order."""

    number: int
    user_id: str
    is_user: bool = True
    customers: list[str] = field(default_factory=list)

    @property
    def email(self) -> str:
        return f"{self.user_id}@example.test"

    @property
    def customer(self) -> str | None:
        """The newest; none after that was deleted."""
        return self.customers[-1] or None if self.customers else None


@dataclass(frozen=True)
class Setting:
    """What a history begins with."""

    seed: int
    people: int
    weather: Weather
    stripe: Mapping[str, Any] = field(default_factory=dict)  # how the account is set up
    policy: Mapping[str, str] = field(default_factory=dict)  # of the environment's variables
    strangers: frozenset[int] = frozenset()  # people who aren't users
    latecomers: frozenset[int] = frozenset()  # people who become users only later


class World:
    """Time, people, Stripe and the product."""

    def __init__(
        self,
        setting: Setting,
        only: frozenset[str] | None = None,
        fates: Mapping[str, Fates] | None = None,
    ) -> None:
        self.setting = setting
        self.struck = Struck(only)
        self._fates = fates
        self.kernel = Kernel(START)
        self.weather = setting.weather
        self.stripe = StripeAccount(
            self.kernel,
            setting.seed,
            setting.weather.lag,
            deployment.wanted_types(),
            **setting.stripe,
        )
        self.stripe.told = self._told
        self.kernel.timers = self.stripe
        self.kernel.passes = lambda until: self.passes(until)  # noqa: PLW0108 - replaced later
        self.stripe_down_until = 0.0
        self.tables = MemoryDynamoDB()
        self.environment = deployment.template().environment() | dict(setting.policy)
        self.cloud = Cloud(self.kernel, self.tables, self.weather, self.fates_of)
        self.lost: list[Json] = []  # events that never arrived
        self.sent: list[Json] = []  # all that Stripe told us
        self.policies: list[tuple[float, Mapping[str, str]]] = []  # since when each was in force
        self.passes: Callable[[float], None] = lambda until: None  # time in which nothing happens
        self.wrote_record: Callable[[str], None] = lambda user_id: None
        self.heard: Callable[[Json], None] = lambda event: None
        self.intercept: Callable[[Json], bool] | None = None  # takes an event out of our hands
        self.original_users: dict[str, Json] = {}  # as they were put into the users table
        self.made_by_others: set[str] = set()  # customers that we didn't make
        self.doing = ""  # the label of what happens now
        self._told_by: dict[str, int] = {}
        self._requests = 0
        self._nights = 0
        self._transport = PortedStripe(
            self.kernel,
            self.stripe.engine,
            self.stripe.tell,
            self.weather.stripe_skew,
            self._stripe_is_up,
        )
        self._dynamodb = PortedDynamoDB(
            self.kernel, self.tables, self.environment["USERS_TABLE"], self._wrote
        )
        self.deploy()
        self.kernel.after(NIGHT, self._night)
        self.people = [
            Person(number, f"user_{number}", number not in setting.strangers)
            for number in range(setting.people)
        ]
        for person in self.people:
            if person.is_user and person.number not in setting.latecomers:
                self.add_user(person)

    # -- The product

    def deploy(self, **policy: str) -> None:
        """Deploy it, perhaps with other policies; what runs already goes on with the former."""
        self.environment.update(policy)
        self.policies.append((self.kernel.now, dict(self.environment)))
        self.ports = SimulatedPorts(
            self.kernel,
            Settings.model_validate(self.environment),
            Clients(
                self._dynamodb,
                self._transport,
                PortedEvents(self.kernel, self.cloud.take),
                PortedStepFunctions(self.kernel, self.cloud),
            ),
        )
        self.cloud.ports = self.ports

    @property
    def checkout(self) -> Checkout:
        return Checkout(self.ports, PAGES)

    @property
    def stripe_reads(self) -> int:
        return self._transport.reads

    def request(self, work: Callable[[], Any], ended: Callable[[Any], None]) -> None:
        """A request of the API: ``ended`` hears of its result, None where it failed."""
        self._requests += 1
        fates = self.fates_of(f"{self.doing} request {self._requests}")
        life = Life(API_LIFE, fates, fates.skew(self.weather.skew))

        def heard(result: Any, error: BaseException | None) -> None:
            if isinstance(error, Violation):
                raise error
            ended(None if error is not None else result)

        Process(self.kernel, life, work, heard)

    def add_user(self, person: Person, **attributes: Any) -> None:
        """Add them to the SaaS's own table."""
        person.is_user = True
        user = {
            "_id": person.user_id,
            "email": person.email,
            "firstName": "Test",
            "plan": f"their own {person.number}",
            **attributes,
        }
        self.original_users[person.user_id] = user
        self.tables.put_item(TableName=self.environment["USERS_TABLE"], Item=to_item(user))

    def person(self, user_id: str) -> Person:
        return next(person for person in self.people if person.user_id == user_id)

    def item(self, table: str, key: str) -> Json | None:
        """An item as it stands, by the variable that names its table."""
        found = self.tables.item(self.environment[table], key)
        return from_item(found) if found is not None else None

    def record(self, user_id: str) -> Json | None:
        return self.item("SUBSCRIPTIONS_TABLE", user_id)

    def items(self, table: str) -> list[Json]:
        return [from_item(item) for item in self.tables.items(self.environment[table])]

    def _night(self) -> None:
        """The schedule starts a reconciliation; where nothing was lost, there is no need of it."""
        if self.lost:
            self._nights += 1
            self.cloud.start("reconcile", {"scope": "all"}, f"night {self._nights}")
        self.kernel.after(NIGHT, self._night)

    # -- What goes wrong

    def fates_of(self, actor: str) -> Fates:
        if self._fates is not None:
            return self._fates.get(actor, CalmFates())
        if self.weather is CALM:
            return CalmFates()
        return DrawnFates(str(self.setting.seed), actor, self.weather, self.struck)

    def calm_down(self) -> None:
        """From now on nothing goes wrong."""
        self.weather = self.cloud.weather = CALM
        self.stripe_down_until = 0.0
        for run in self.cloud.runs.values():
            run.fates = CalmFates()
        self.tables.catch_up()

    def _stripe_is_up(self) -> bool:
        return self.kernel.now >= self.stripe_down_until

    # -- Time

    def run_until(self, moment: float) -> None:
        """Let everything happen that happens until then."""
        self.kernel.run_until(moment)

    def settle(self, most: float) -> None:
        """Let time pass until nothing of ours is under way, but for those who wait for days."""
        self.kernel.run_while(self.busy, self.kernel.now + most)

    def busy(self) -> bool:
        """Whether something is under way that isn't just waiting for a deadline."""
        return self.kernel.pending > self.cloud.waiting + 1  # the schedule's next night

    # -- Events

    def _told(self, event: Json) -> None:
        """Stripe tells of something: it arrives soon, late, twice, mangled, or never."""
        number = self._told_by.get(self.doing, 0)
        self._told_by[self.doing] = number + 1
        self.send(event, f"{self.doing}.{number}")

    def send(self, event: Json, label: str) -> None:
        self.sent.append(event)
        self.heard(event)
        if self.intercept is not None and self.intercept(event):
            return
        fates, weather = self.fates_of(label), self.weather
        if fates.happens("lost", weather.lost):
            self.lost.append(event)
            return
        copies = 1 + fates.happens("twice", weather.twice)
        for copy in range(copies):
            late = fates.happens("late", weather.late)
            delay = fates.between(60.0, 7200.0) if late else fates.between(0.0, weather.spread)
            self._send_after(delay, event, f"{label}-{copy}", fates)

    def replay(self, event: Json, label: str) -> None:
        """An operator has it delivered once more."""
        self._send_after(0.0, event, label, self.fates_of(label))

    def _send_after(self, delay: float, event: Json, label: str, fates: Fates) -> None:
        source = deployment.WEBHOOK if fates.between(0, 1) < 0.5 else deployment.PARTNER
        event = self._mangled(event, fates)
        self.kernel.after(delay, lambda: self.cloud.receive(event, source, label))

    def _mangled(self, event: Json, fates: Fates) -> Json:
        if not fates.happens("mangled", self.weather.mangled):
            return event
        draw = fates.between(0.0, 3.0)
        if draw < 1.0:
            return trimmed(event)
        if draw < 2.0:
            return _of_an_older_version(event)
        whole = {**event["data"]["object"], "description": "x" * 300_000}
        return {**event, "data": {**event["data"], "object": whole}}

    def _wrote(self, operation: str, call: Mapping[str, Any]) -> None:
        """A write took effect: whoever watches records or the ledger's stream hears of it."""
        for table, key in _written(operation, call):
            if table == self.environment["EVENTS_TABLE"]:
                self.cloud.wrote()
            elif table == self.environment["SUBSCRIPTIONS_TABLE"]:
                self.wrote_record(key)


def _of_an_older_version(event: Json) -> Json:
    """The same event from a destination that another API version was pinned on."""
    obj = dict(event["data"]["object"])
    if obj.get("object") == "subscription":
        items = obj.pop("items")["data"]
        obj["plan"] = items[0]["price"] if items else None
    elif obj.get("object") == "invoice":
        parent = obj.pop("parent", None) or {}
        obj["subscription"] = (parent.get("subscription_details") or {}).get("subscription")
    return {
        **event,
        "api_version": "2024-06-20",
        "data": {**event["data"], "object": obj},
    }


def _written(operation: str, call: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if operation == "TransactWriteItems":
        for item in call["TransactItems"]:
            for inner in item.values():
                yield from _written("", inner)
        return
    key: Mapping[str, Any] = call.get("Key") or {}
    yield call["TableName"], str(next(iter(next(iter(key.values())).values()))) if key else ""
