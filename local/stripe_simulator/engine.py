"""The engine: one request in, one answer out, exactly as Stripe's API would give it.

Synchronous and deterministic: the clock and the random source are given to it, it has no
threads, does no I/O and keeps no global state, so any number of engines live side by side.
"""

from __future__ import annotations

import json
import logging
import random
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from local.stripe_simulator import access, errors, snapshots
from local.stripe_simulator.deliveries import Attempt, Delivery
from local.stripe_simulator.encoding import encode
from local.stripe_simulator.errors import StripeError
from local.stripe_simulator.events import API_VERSION
from local.stripe_simulator.expand import Expander
from local.stripe_simulator.faults import Fault, Faults
from local.stripe_simulator.idempotency import Answer, IdempotencyKeys
from local.stripe_simulator.pagination import check_customer
from local.stripe_simulator.params import Params, decode, list_of, parse, required, text
from local.stripe_simulator.rate_limits import RateLimits
from local.stripe_simulator.registry import INCLUDABLE, REACTIONS, ROUTER, TIMERS
from local.stripe_simulator.request_log import LoggedRequest, RequestLog, masked
from local.stripe_simulator.resources.account import test_clocks
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import NO_REQUEST, RequestInfo, Settings, World

EXPAND = list_of(required(text()), maximum=20)
EXPANDER = Expander(INCLUDABLE)
FIXED = ("world", "_first_draw")  # what a snapshot doesn't replace
LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Response:
    """An answer. Its `content` holds what is stored, so nobody may change it: `json` is a copy."""

    status: int
    headers: dict[str, str]
    content: Json = field(repr=False)
    cut: bool = False  # the connection breaks, and the client never sees it

    @cached_property
    def body(self) -> bytes:
        return encode(self.content)

    def json(self) -> Any:
        return json.loads(self.body)


class Call(NamedTuple):
    """A request that came in: its headers by lower-case name, and what befalls it."""

    method: str
    path: str
    params: Mapping[str, Any] | str
    headers: Mapping[str, str]
    fault: Fault | None = None

    @property
    def key(self) -> str | None:
        """The idempotency key; it counts for POST only."""
        return self.headers.get("idempotency-key") if self.method == "POST" else None

    @property
    def delay(self) -> float:
        """In how many seconds to answer it."""
        return self.fault.seconds if self.fault and self.fault.kind == "delay" else 0.0


class Engine:
    """A Stripe account in test mode."""

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        rng: random.Random | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.world = World(
            clock,
            rng or random.Random(),  # noqa: S311 - makes ids, not secrets
            settings or Settings(),
            REACTIONS,
            TIMERS,
        )
        self.requests = RequestLog()
        self.faults = Faults()
        self._idempotency = IdempotencyKeys()
        self._rate_limits = RateLimits(self.world.settings.rate_limit)
        self._first_draw = self.world.rng.getstate()

    def request(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Serve one API request; whatever goes wrong is answered as Stripe answers it.

        Args:
            method: GET, POST or DELETE.
            path: From `/v1/` on, without a query.
            params: The query's or the form's parameters, as encoded or nested as the SDK's are.
            headers: Of these count Authorization, Idempotency-Key and Stripe-Version.
        """
        return self.answer(self.receive(method, path, params, headers))

    def receive(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Call:
        """Take a request in, to `answer` once: at once, or after the delay that befalls it."""
        given = {name.lower(): value for name, value in (headers or {}).items()}
        call = Call(method, path, params or {}, given, self.faults.meet(method, path))
        if call.delay and call.key and not self._idempotency.begin(call.key):
            return call._replace(fault=None)  # to be refused: another is in progress
        return call

    def answer(self, call: Call) -> Response:
        """Answer what was received."""
        if call.delay and call.key:
            self._idempotency.end(call.key)
        request_id = self.world.new_id("req_", 14)
        params: Mapping[str, Any] = {}
        try:
            self.run_due()
            self._admit(call)
            params = decode(call.params) if isinstance(call.params, str) else call.params
            answer, replayed = self._answer(call, params, request_id)
        except Exception as error:
            answer, replayed = self._failure(error, "", request_id), False
        key = call.headers.get("idempotency-key")
        self.requests.add(
            LoggedRequest(
                request_id,
                self.world.time(),
                call.method,
                call.path,
                masked(params),
                answer.status,
                key,
                replayed,
                _refusal(answer),
            )
        )
        cut = call.fault is not None and call.fault.cuts
        return self._respond(answer, request_id, key, replayed=replayed, cut=cut)

    def run_due(self) -> None:
        """Do what the clock made due: expire sessions, renew subscriptions, retry payments."""
        next_at = self.world.timers.next_at()
        now = self.world.wall()
        if next_at is not None and next_at <= now:
            self.world.run_due(now)

    def advance(self, to: float) -> None:
        """Move this account's time forward to `to` (UTC seconds) and do all that falls due."""
        self.world.advance(to)
        self.run_due()

    def set_time_scale(self, scale: float) -> None:
        """Let time run `scale` times as fast from here on: 3600 is an hour in each second."""
        self.world.scale_time(scale)

    def next_due_in(self) -> float | None:
        """In how many seconds of the real clock there is something to do or to send."""
        moments = (self.world.timers.next_at(), self.world.deliveries.next_at())
        next_at = min((at for at in moments if at is not None), default=None)
        if next_at is None:
            return None
        left = next_at - self.world.wall()
        if left <= 0:
            return 0.0
        return left / self.world.time_scale if self.world.time_scale else None

    def snapshot(self) -> bytes:
        """All that this engine knows, its time and its source of ids too."""
        own = {name: part for name, part in vars(self).items() if name not in FIXED}
        return snapshots.write({"world": self.world.state(), "engine": own})

    def restore(self, snapshot: bytes) -> None:
        """Go back to a snapshot: the same requests get the same answers as they did then."""
        state = snapshots.read(snapshot)
        self.world.restore(state["world"])
        vars(self).update(state["engine"])
        self._idempotency.forget_progress()

    def reset(self) -> None:
        """Be as new, at the clock's time: ids are made as from the start."""
        rng = random.Random()  # noqa: S311 - makes ids, not secrets
        rng.setstate(self._first_draw)
        self.restore(Engine(self.world.clock, rng, self.world.settings).snapshot())
        self.world.restart_time()

    def due_deliveries(self) -> list[Delivery]:
        """Deliveries to attempt now; each is handed out once until `record_attempt`."""
        return self.world.deliveries.take_due(self.world.wall())

    def event_of(self, delivery: Delivery) -> Json:
        """The event that a delivery brings."""
        return self.world.store.get("event", delivery.event_id)

    def record_attempt(
        self,
        delivery: Delivery,
        status: int | None,
        error: str | None = None,
        response: str = "",
        duration: float = 0.0,
    ) -> None:
        """Note how a delivery went: any 2xx ends it, anything else is tried again later."""
        if self.world.deliveries.find(delivery.number) is not delivery:
            return  # it left before a snapshot was restored
        attempt = Attempt(self.world.wall(), status, error, response, duration)
        if self.world.deliveries.record(delivery, attempt):
            event = self.world.store.find(delivery.event_id)
            if event is not None:  # not yet forgotten
                self.world.store.update(event, pending_webhooks=event["pending_webhooks"] - 1)
        self.world.tidy()

    def own_headers(self) -> dict[str, str]:
        """Headers with which the simulator calls its own API."""
        key = self.world.settings.secret_key or "sk_test_local"
        return {"Authorization": f"Bearer {key}"}

    def _admit(self, call: Call) -> None:
        """Refuse what Stripe refuses before it looks at the parameters."""
        access.check_key(call.headers.get("authorization"), self.world.settings.secret_key)
        access.check_version(call.headers.get("stripe-version"), call.method, call.path)
        refusal = call.fault and call.fault.refusal_before(call.key)
        if refusal:
            raise refusal

    def _answer(
        self, call: Call, params: Mapping[str, Any], request_id: str
    ) -> tuple[Answer, bool]:
        """The answer to an admitted request, and whether it is a replay."""
        route, ids = ROUTER.match(call.method, call.path)
        self._rate_limits.count(f"{route.method} {route.path}", self.world.clock())
        fingerprint = ""
        if call.key is not None:
            fingerprint = _fingerprint(call, params)
            kept = self._idempotency.find(call.key, fingerprint, self.world.wall())
            if kept is not None:
                return kept, True
        expansions, checked = _split(params, route)
        clock_id = test_clocks.named(self.world, ids, checked)
        if call.method == "GET":
            check_customer(self.world.store, checked)
        else:
            test_clocks.refuse_while_advancing(self.world, clock_id)

        def act() -> Json:
            with self.world.on_clock(clock_id):
                result = route.handler(self.world, checked, *ids)
                return EXPANDER.expand(self.world, result, expansions)

        if call.method == "GET":
            answer = self._read(act, request_id)
        else:
            answer = self._run(act, RequestInfo(request_id, call.key), fingerprint)
        if failure := call.fault and call.fault.refusal_after():
            answer = self._failure(failure, fingerprint, request_id)
        if call.key is not None:
            self._idempotency.keep(call.key, answer)
        return answer, False

    def _read(self, act: Callable[[], Json], request_id: str) -> Answer:
        """Find what was asked for: nothing changes."""
        try:
            result = act()
        except Exception as error:
            return self._failure(error, "", request_id)
        finally:
            self.world.store.tidy()
        return Answer("", self.world.wall(), 200, result, request_id)

    def _run(self, act: Callable[[], Json], request: RequestInfo, fingerprint: str) -> Answer:
        """Do what was asked, or nothing: of a refused request only a card's decline has effects."""
        self.world.begin(request)
        try:
            result = act()
        except Exception as error:
            if not _is_decline(error):
                self.world.undo()
            return self._failure(error, fingerprint, request.id or "")
        finally:
            self.world.publish_events()
            self.world.request = NO_REQUEST
            self.world.tidy()
        return Answer(fingerprint, self.world.wall(), 200, result, request.id or "")

    def _failure(self, failure: Exception, fingerprint: str, request_id: str) -> Answer:
        error = failure if isinstance(failure, StripeError) else _crash(failure, request_id)
        log_url = f"{self.world.settings.base_url}/_sim/requests/{request_id}?t={self.world.now()}"
        content = {"error": {**error.error, "request_log_url": log_url}}
        now = self.world.wall()
        return Answer(fingerprint, now, error.status, content, request_id, error.headers)

    def _respond(
        self, answer: Answer, request_id: str, key: str | None, *, replayed: bool, cut: bool
    ) -> Response:
        headers = {
            **answer.headers,
            "Content-Type": "application/json",
            "Date": http_date(int(self.world.wall())),
            "Request-Id": request_id,
            "Stripe-Version": API_VERSION,
        }
        if key:
            headers["Idempotency-Key"] = key
            headers["Original-Request"] = answer.request_id
        if replayed:
            headers["Idempotent-Replayed"] = "true"
        return Response(answer.status, headers, answer.content, cut)


@lru_cache(maxsize=8)
def http_date(at: int) -> str:
    """A moment (UTC seconds) as the header `Date` has it."""
    return formatdate(at, usegmt=True)


def _fingerprint(call: Call, params: Mapping[str, Any]) -> str:
    """What tells a request from another one under the same key."""
    asked = json.dumps([call.method, call.path, params], sort_keys=True, default=str)
    return sha256(asked.encode()).hexdigest()


def _refusal(answer: Answer) -> str | None:
    return None if answer.status == 200 else str(answer.content["error"]["message"])


def _is_decline(error: Exception) -> bool:
    return isinstance(error, StripeError) and error.error["type"] == "card_error"


def _crash(failure: Exception, request_id: str) -> StripeError:
    """Log where the simulator failed; not the message, which may repeat a parameter's value."""
    where = "".join(traceback.format_tb(failure.__traceback__))
    LOGGER.error("%s failed: %s\n%s", request_id, type(failure).__name__, where)
    return errors.api_error()


def _split(params: Mapping[str, Any], route: Route) -> tuple[list[str], Params]:
    """What to expand, and the route's own parameters, checked."""
    own = {name: value for name, value in params.items() if name != "expand"}
    expansions = EXPAND.convert(params["expand"], "expand") if "expand" in params else []
    return expansions, parse(own, route.spec)
