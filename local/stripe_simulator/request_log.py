"""The last requests and how they were answered, for people to look at.

Guards that no card's number, security code or secret is kept: they are masked before anything
is stored.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

KEPT = 500
MASK = "••••"
HIDDEN = {"account_number", "client_secret", "cvc", "iban", "number", "routing_number", "secret"}
CARD_NUMBER = re.compile(r"\b[0-9](?:[ -]?[0-9]){11,18}\b")


class LoggedRequest(NamedTuple):
    """A request and the status of its answer; `error` is the refusal's message."""

    id: str
    at: float
    method: str
    path: str
    params: dict[str, Any]
    status: int
    idempotency_key: str | None = None
    replayed: bool = False
    error: str | None = None


class RequestLog:
    """The last `KEPT` requests, the newest first."""

    def __init__(self) -> None:
        self._requests: deque[LoggedRequest] = deque(maxlen=KEPT)

    def add(self, request: LoggedRequest) -> None:
        self._requests.append(request)

    def find(self, request_id: str) -> LoggedRequest | None:
        return next((each for each in self if each.id == request_id), None)

    def __iter__(self) -> Iterator[LoggedRequest]:
        yield from reversed(self._requests)

    def __len__(self) -> int:
        return len(self._requests)


def masked(params: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a request's parameters that may be kept."""
    return {name: MASK if name in HIDDEN else _masked(value) for name, value in params.items()}


def _masked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return masked(value)
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    if isinstance(value, str):
        return CARD_NUMBER.sub(MASK, value)
    return value
