"""One random sequence: an engine, a seed, and what was asked and answered so far.

A run is a seed and the numbers of its steps. Each step draws from a random source of its own, so
a failing run stays a run when steps are taken out of it: that is how it is made small.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote_plus, urlencode

from local.stripe_simulator.engine import Engine, Response
from tests.properties.stripe_simulator.money import CHECKS
from tests.properties.stripe_simulator.watched import (
    Violation,
    WatchedLog,
    WatchedStore,
)

START = 1_800_000_000
KEY = {"Authorization": "Bearer sk_test_anything"}
REPLAYED = 0.1  # of the requests that change something
GARBLED = 0.04  # of all requests
STRAY = 0.03  # of the ids
GARBAGE = (
    "",
    "0",
    "-1",
    "1.5",
    "NaN",
    "9" * 18,
    "9" * 40,
    "true",
    "null",
    "💥 \x00 ½",
    "x" * 6000,
    "{}",
    "now",
    "cus_none",
)
Choice = TypeVar("Choice")


@dataclass(frozen=True)
class Asked:
    """A request and its answer."""

    step: int
    method: str
    path: str
    params: str
    status: int = 0
    body: bytes = b""

    def __str__(self) -> str:
        error = f" {self.body.decode()}" if self.status != 200 else ""
        params = unquote_plus(self.params)[:500]
        return f"{self.step:4} {self.method} {self.path} {params} -> {self.status}{error}"


class Run:
    """Asks the engine, and checks after each answer what must hold whatever was asked."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.engine = Engine(clock=lambda: START, rng=random.Random(seed))
        self.store = self.engine.world.store = WatchedStore()
        self.engine.world.events = WatchedLog(self.store)
        self.asked: list[Asked] = []
        self.rng = random.Random(seed)
        self._step = 0

    def begin(self, number: int) -> None:
        """What is drawn from here on is of that step."""
        self._step = number
        self.rng = random.Random(f"{self.seed}/{number}")

    # What an action draws

    def now(self) -> int:
        return int(self.engine.world.wall())

    def one_of(self, choices: Sequence[Choice]) -> Choice:
        return self.rng.choice(choices)

    def option(self, *options: dict[str, Any]) -> dict[str, Any]:
        return self.rng.choice(options)

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def maybe(self, probability: float = 0.5, **params: Any) -> dict[str, Any]:
        """The parameters, or none."""
        return params if self.chance(probability) else {}

    def id_of(self, kind: str) -> str:
        """An object of that type, a recent one rather; now and then anything else."""
        if self.chance(STRAY):
            return self.one_of((*self.store.ids, "nonsense", "")[-30:]) or "💥"
        ids = self.store.ids.get(kind, [])
        return ids[-1 - int(len(ids) * self.rng.random() ** 2)] if ids else f"{kind}_none"

    def has(self, kind: str) -> bool:
        return kind in self.store.ids

    def perhaps(self, probability: float, kind: str) -> str | None:
        """Now and then an object of that type, if there are any; None isn't sent at all."""
        return self.id_of(kind) if self.has(kind) and self.chance(probability) else None

    def latest(self, kind: str, status: str) -> str | None:
        """The latest object of that type in that status, if it is one of the last ten."""
        found = (
            self.store.find(object_id) or {} for object_id in self.store.ids.get(kind, [])[:-11:-1]
        )
        return next((obj["id"] for obj in found if obj.get("status") == status), None)

    def object_of(self, kind: str) -> dict[str, Any]:
        """An object of that type as it is now, or an empty one."""
        return self.store.find(self.id_of(kind)) or {}

    # What it asks

    def get(self, path: str, **params: Any) -> Any:
        return self.ask("GET", path, params)

    def post(self, path: str, **params: Any) -> Any:
        return self.ask("POST", path, params)

    def delete(self, path: str, **params: Any) -> Any:
        return self.ask("DELETE", path, params)

    def ask(self, method: str, path: str, params: Mapping[str, Any]) -> Any:
        """The answer's body; now and then the request is garbled, or asked twice."""
        encoded = form(params)
        return self._ask(method, path, self._garbled(encoded) if self.chance(GARBLED) else encoded)

    def exactly(self, path: str, **params: Any) -> Any:
        """A POST that is never garbled."""
        return self._ask("POST", path, form(params))

    def _ask(self, method: str, path: str, encoded: str) -> Any:
        if method == "POST" and self.chance(REPLAYED):
            key = {"Idempotency-Key": f"{self._step}/{len(self.asked)}"}
            first = self._asked(method, path, encoded, key)
            self._must_replay(method, path, encoded, key, first)
            return first.json()
        return self._asked(method, path, encoded, {}).json()

    def wait(self, seconds: int) -> None:
        if seconds:
            self.asked.append(Asked(self._step, "WAIT", str(seconds), "", 200))
        try:
            self.engine.advance(self.engine.world.wall() + seconds)
        except Exception as error:
            raise Violation(f"what was due failed: {error!r}") from error
        self._check()

    def expect_invoice(
        self, subscription: dict[str, Any], preview: dict[str, Any], details: dict[str, Any]
    ) -> None:
        """Change the subscription: what that bills is what the preview said."""
        changed = self.exactly(f"/v1/subscriptions/{subscription['id']}", **details)
        if "error" in preview or changed.get("latest_invoice") in (
            None,
            subscription["latest_invoice"],
        ):
            return
        billed = self.store.find(changed["latest_invoice"]) or {}
        for amount in ("subtotal", "total", "amount_due"):
            if preview[amount] != billed[amount]:
                raise Violation(
                    f"{billed['id']}: {amount} {billed[amount]}, previewed {preview[amount]}"
                )

    # What must hold

    def _asked(self, method: str, path: str, params: str, headers: dict[str, str]) -> Response:
        self.wait(0)
        self.asked.append(Asked(self._step, method, path, params))
        if path.endswith("/pay") and "paid_out_of_band=true" in params:
            self.store.paid_by_hand.add(path.split("/")[-2])
        response = self.engine.request(method, path, params, {**KEY, **headers})
        self.asked[-1] = replace(self.asked[-1], status=response.status, body=response.body)
        if response.status >= 500:
            raise Violation("the engine failed")
        if response.status != 200 and not response.json()["error"].get("message"):
            raise Violation("a refusal without a message")
        only_looks = method == "GET" or path.endswith("/create_preview")
        if (only_looks or response.status not in (200, 402)) and self.store.changed:
            raise Violation(f"{method} {path} left traces: {list(self.store.changed)}")
        self._check()
        return response

    def _garbled(self, encoded: str) -> str:
        """The same request with one thing wrong with it."""
        pairs = parse_qsl(encoded, keep_blank_values=True) or [("limit", "1")]
        place = self.rng.randrange(len(pairs))
        key, value = pairs[place]
        garbage = self.one_of(GARBAGE)
        wrong = self.one_of(
            (
                [(key, garbage)],
                [(f"{key}[{garbage[:9]}]", value)],
                [(f"{key}[]", value)],
                [(key + "[a]" * self.one_of((1, 9, 99)), value)],
                [(key, value), (garbage[:9], value)],
                [(key, value), (key, garbage)],
                [],
            )
        )
        return urlencode([*pairs[:place], *wrong, *pairs[place + 1 :]])

    def _must_replay(
        self, method: str, path: str, params: str, key: dict[str, str], first: Response
    ) -> None:
        """The same key gives the same answer, to the byte, and does nothing."""
        self.wait(0)
        again = self.engine.request(method, path, params, {**KEY, **key})
        kept = again.headers.get("Idempotent-Replayed") == "true"
        if (again.status, again.body) != (first.status, first.body) and (
            kept or first.status == 200
        ):
            raise Violation("a replay differs")
        if first.status == 200 and (not kept or self.store.changed):
            raise Violation("a replay acted again")
        self._check()

    def _check(self) -> None:
        """What changed agrees with itself and with what belongs to it."""
        self.store.settle()
        for object_id in self._touched():
            obj = self.store.find(object_id)
            check = CHECKS.get(obj["object"]) if obj else None
            if obj and check and not obj.get("deleted") and (wrong := check(self.store, obj)):
                raise Violation(wrong)
        self.store.changed.clear()

    def _touched(self) -> Iterable[str]:
        """What changed, and what that belongs to."""
        touched = dict(self.store.changed)
        for object_id in self.store.changed:
            obj = self.store.find(object_id) or {}
            for link in ("customer", "invoice", "charge", "payment_intent"):
                if isinstance(obj.get(link), str):
                    touched[obj[link]] = None
        return touched

    def finish(self) -> None:
        """What must hold in the end: what was told stays as it was told, in pages too."""
        listed: list[str] = []
        more = True
        while more:
            after = {"starting_after": listed[-1]} if listed else {}
            page = self._asked("GET", "/v1/events", form({"limit": 100, **after}), {}).json()
            listed += [event["id"] for event in page["data"]]
            more = page["has_more"]
        if len(set(listed)) != len(listed) or not self.store.told.keys() >= set(listed):
            raise Violation("the pages of events don't fit together")
        for event_id in listed:
            event = self.store.find(event_id)  # none, if it was forgotten after its 30 days
            if event and json.dumps(event["data"]) != self.store.told[event_id]:
                raise Violation(f"{event['type']} {event_id} isn't as it was told")

    def digest(self) -> str:
        """Of all that was asked and answered, to the byte."""
        return hashlib.sha256(repr(self.asked).encode()).hexdigest()

    def transcript(self) -> str:
        return "\n".join(map(str, self.asked))


def form(params: Mapping[str, Any]) -> str:
    """Parameters as the official clients encode them: brackets for what is nested."""
    return urlencode(list(_pairs(params, "")))


def _pairs(value: Any, path: str) -> Iterable[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _pairs(item, f"{path}[{key}]" if path else str(key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _pairs(item, f"{path}[{index}]")
    elif value is not None:
        yield path, str(value).lower() if isinstance(value, bool) else str(value)
