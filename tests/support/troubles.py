"""The API in a world that can be put back as it was, and where any call out can go wrong.

Stripe is the simulator's engine in this process, DynamoDB is in memory; between them and the
product stand the official SDK, our gateway and the real stores. ``cloud`` makes such a world, and
``Cloud.api`` is a new process of the Lambda in it::

    def test_it_is_carried_on(cloud: Cloud) -> None:
        with pytest.raises(Died):
            cloud.api({call: DEATH}.get).post("/cancel-subscription", {"userId": "user_1"})
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from random import Random
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple, cast

import pytest
import stripe

from api import idempotency
from billing import runtime
from billing.gateway.secrets import SecretReader
from billing.store.dynamodb import from_item
from local.stripe_simulator.engine import Engine, Response
from local.stripe_simulator.faults import Fault, Kind
from local.stripe_simulator.seed import Seed, plant
from tests.simulation.dynamodb import client as memory
from tests.simulation.dynamodb.client import MemoryDynamoDB
from tests.support import aws
from tests.support.api import Api, FakeApiPorts, InProcess
from tests.support.clock import Clock
from tests.support.stripe_truth import at_stripe, on_record

Json = dict[str, Any]

RETRY_AFTER = 7

_ID = re.compile(r"/(cus|sub|sub_sched|pm|card|src|in|cs_test|price|promo)_\w+")
_SECRET = '{"api_key": "sk_test_1", "webhook_secrets": ["whsec_test"]}'


class Died(BaseException):
    """The Lambda is gone, and nothing can catch that."""


class Call(NamedTuple):
    """A call out of the Lambda: the ``nth`` of its kind since the process began."""

    name: str
    nth: int

    @property
    def reads(self) -> bool:
        """Whether it leaves everything as it is."""
        name = self.name
        return name.startswith(("GET ", "GetItem", "Query")) or name.endswith("/create_preview")

    @property
    def of_stripe(self) -> bool:
        return "/v1/" in self.name

    def __str__(self) -> str:
        return f"{self.name} #{self.nth}"


@dataclass(frozen=True)
class Trouble:
    """What befalls one call to Stripe; ``kept`` gives its answer to every repeat of its key."""

    name: str
    kind: Kind
    kept: bool = False

    def __str__(self) -> str:
        return self.name

    def befalls(self, call: Call) -> bool:
        """Whether it can, and is anything of its own there."""
        return call.of_stripe and (self in READ_TROUBLES or not call.reads)


#: What can befall any call to Stripe, and what only one that changes something: Stripe, "Advanced
#: error handling". Nothing tells the caller of a read whether Stripe was reached.
READ_TROUBLES = (
    Trouble("rate_limited", "rate_limit"),
    Trouble("error_before", "error_before"),
    Trouble("silence_before", "reset_before"),
)
WRITE_TROUBLES = (
    *READ_TROUBLES,
    Trouble("error_before_kept", "error_before", kept=True),
    Trouble("error_after_kept", "error_after"),
    Trouble("silence_after", "reset_after"),
    Trouble("key_in_use", "idempotency_key_in_use"),
)
DEATH: Literal["death"] = "death"
#: What befalls a call: ``DEATH`` comes once its effect is there, and anything else is done then.
Fate = Trouble | Literal["death"] | Callable[[], object]
Fates = Callable[["Call"], Fate | None]


class Line:
    """All calls of one process: noted, and befallen by their fates."""

    def __init__(self, fates: Fates) -> None:
        self.calls: list[Call] = []
        self._fates = fates
        self._counts: Counter[str] = Counter()

    def fate(self, name: str) -> Fate | None:
        """Note a call, and say what befalls it."""
        self._counts[name] += 1
        self.calls.append(Call(name, self._counts[name]))
        return self._fates(self.calls[-1])


def _after(fate: Fate | None) -> None:
    """Let happen what is to happen once a call has taken effect."""
    if fate == DEATH:
        raise Died
    if callable(fate):
        fate()


class TroubledStripe(InProcess):
    """The SDK's transport to the engine. ``spoilt`` keys are answered 500 for good."""

    def __init__(self, engine: Engine, line: Line, spoilt: set[str]) -> None:
        super().__init__(engine)
        self._line = line
        self._spoilt = spoilt

    def request(self, *args: Any, **kwargs: Any) -> tuple[str, int, Mapping[str, str]]:
        return super(InProcess, self).request(*args, **kwargs)

    def serve(
        self, method: str, path: str, params: Mapping[str, Any] | str, headers: Mapping[str, str]
    ) -> Response:
        fate = self._line.fate(f"{method} {_ID.sub('/{id}', path)}")
        key = headers.get("Idempotency-Key") if method == "POST" else None
        if key in self._spoilt:
            self._engine.faults.add(Fault("error_before", should_retry=False))
            return _with(self._served(method, path, params, headers), "Idempotent-Replayed", "true")
        if isinstance(fate, Trouble):
            self._engine.faults.add(Fault(fate.kind, should_retry=False))
            self._spoilt |= {key} if fate.kept and key is not None else set()
        answer = self._served(method, path, params, headers)
        _after(fate)
        return _with(answer, "Retry-After", str(RETRY_AFTER)) if answer.status == 429 else answer

    def _served(
        self, method: str, path: str, params: Mapping[str, Any] | str, headers: Mapping[str, str]
    ) -> Response:
        answer = self._engine.request(method, path, params, headers)
        if answer.cut:
            raise stripe.APIConnectionError("no answer", should_retry=False)
        return answer


class TroubledDynamoDB:
    """DynamoDB's client, each call of which may be the process's last."""

    def __init__(self, tables: MemoryDynamoDB, line: Line) -> None:
        self._tables = tables
        self._line = line
        self.meta = SimpleNamespace(events=SimpleNamespace(register=lambda *_: None))

    def __getattr__(self, name: str) -> Callable[..., Json]:
        operation = getattr(self._tables, name)

        def called(**call: Any) -> Json:
            told = "".join(part.title() for part in name.split("_"))
            table = call.get("TableName")
            fate = self._line.fate(f"{told} {table}" if table else told)
            try:
                answer: Json = operation(**call)
            finally:
                _after(fate)
            return answer

        return called


class Inline(Executor):
    """Threads that run one after another, so that what they do has an order."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # as a thread hands it to whoever asks for the result
            future.set_exception(error)
        return future


class _Secrets:
    """Secrets Manager's client."""

    def get_secret_value(self, SecretId: str) -> Json:  # noqa: N803 - boto3's name
        return {"SecretString": _SECRET}


class Snapshot(NamedTuple):
    """All that there is outside the Lambda."""

    now: int
    stripe: bytes
    tables: memory.Snapshot


class Cloud:
    """What outlives a process of the Lambda: Stripe, DynamoDB and time. Of users only user_1."""

    def __init__(self, seed: int = 0) -> None:
        self.clock = Clock()
        self.engine = Engine(clock=self.clock, rng=Random(seed))
        plant(self.engine, Seed())
        self.tables = MemoryDynamoDB()
        self.spoilt: set[str] = set()
        self.line = Line(lambda _call: None)
        self._fresh = self.snapshot()

    def api(self, fates: Fates = lambda _call: None) -> Api:
        """A new process of the Lambda, with what befalls its calls."""
        self.line = Line(fates)
        ports = FakeApiPorts()
        ports.clock = self.clock
        ports.__dict__["engine"] = self.engine
        ports.__dict__["wire"] = TroubledStripe(self.engine, self.line, self.spoilt)
        ports.__dict__["secrets"] = SecretReader("secret", self.clock, cast("Any", _Secrets()))
        ports.__dict__["threads"] = Inline()
        for store in ("users", "customers", "records", "reducer"):
            getattr(ports, store)  # on this line, whatever process comes meanwhile
        return Api(ports)

    def dynamodb(self) -> TroubledDynamoDB:
        """The client of the newest process."""
        return TroubledDynamoDB(self.tables, self.line)

    def snapshot(self) -> Snapshot:
        return Snapshot(self.clock.now, self.engine.snapshot(), self.tables.snapshot())

    def restore(self, snapshot: Snapshot) -> None:
        """Go back, any number of times."""
        self.clock.now = snapshot.now
        self.engine.restore(snapshot.stripe)
        self.tables.restore(snapshot.tables)
        self.spoilt.clear()

    def reset(self) -> None:
        """Go back to where nothing has happened yet."""
        self.restore(self._fresh)


def unlike_stripe(cloud: Cloud, user_id: str = "user_1") -> frozenset[str]:
    """In what our record isn't as Stripe has it: what no event has told yet, and nobody looked at.

    The subscription's fields are named one by one.
    """
    item = cloud.tables.item("user_scai_subscriptions", user_id)
    record = from_item(item or {})
    if "customer_id" not in record:
        return frozenset()
    ours = on_record({"customer": {"deleted": False}} | record)

    def ask(method: str, path: str, **params: Any) -> Json:
        engine = cloud.engine
        answer: Json = engine.request(method.upper(), path, params, engine.own_headers()).json()
        return answer

    theirs = at_stripe(ask, record["customer_id"])
    for told in (ours, theirs):
        told.update(told.pop("subscription") or {})
    return frozenset(part for part in theirs if ours.get(part) != theirs[part])


@contextmanager
def a_cloud(monkeypatch: pytest.MonkeyPatch, seed: int = 0) -> Iterator[Cloud]:
    """Enter a new world: the product's own way to DynamoDB leads there meanwhile."""
    cloud = Cloud(seed)
    template = aws.template()
    with monkeypatch.context() as inside:
        for settings in (
            aws.CREDENTIALS,
            template.environment(),
            template.environment("ApiFunction"),
        ):
            for name, value in settings.items():
                inside.setenv(name, value)
        for module in (runtime, idempotency, aws):
            inside.setattr(module, "client", cloud.dynamodb)
        yield cloud


def _with(answer: Response, header: str, value: str) -> Response:
    return replace(answer, headers={**answer.headers, header: value})
