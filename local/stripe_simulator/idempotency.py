"""Idempotency keys: the first answer to a key is the answer to every repeat of that request.

As with Stripe, an answer is kept once the request began to act: errors too, but not parameters
that were refused before anything happened.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import NamedTuple

from local.stripe_simulator.encoding import encode
from local.stripe_simulator.errors import invalid, key_in_use, other_parameters
from local.stripe_simulator.store import Json

KEPT_SECONDS = 86400
MAX_LENGTH = 255


class Answer(NamedTuple):
    fingerprint: str
    at: float
    status: int
    content: Json
    request_id: str
    headers: Mapping[str, str] = {}


class Kept(NamedTuple):
    """An answer without its content, which is packed small."""

    answer: Answer
    packed: bytes


class IdempotencyKeys:
    """Answers by key; they are kept in order of time, so the outdated ones come first."""

    def __init__(self) -> None:
        self._answers: dict[str, Kept] = {}
        self._in_progress: set[str] = set()

    def begin(self, key: str) -> bool:
        """Reserve `key` for a request that takes its time; whether it was free."""
        free = key not in self._in_progress
        self._in_progress.add(key)
        return free

    def end(self, key: str) -> None:
        self._in_progress.discard(key)

    def find(self, key: str, fingerprint: str, now: float) -> Answer | None:
        """The answer already given to `key`.

        A different request under it is refused, and any while another is in progress.
        """
        if not key:
            raise invalid("The Idempotency-Key header can't be empty.")
        if key in self._in_progress:
            raise key_in_use(key)
        if len(key) > MAX_LENGTH:
            message = f"Idempotency key is too long (max {MAX_LENGTH} characters): {key[:40]}…"
            raise invalid(message)
        self._forget_before(now - KEPT_SECONDS)
        kept = self._answers.get(key)
        if kept is None:
            return None
        if kept.answer.fingerprint != fingerprint:
            raise other_parameters(key)
        return kept.answer._replace(content=json.loads(zlib.decompress(kept.packed)))

    def keep(self, key: str, answer: Answer) -> None:
        packed = zlib.compress(encode(answer.content), level=1)
        self._answers[key] = Kept(answer._replace(content={}), packed)

    def forget_progress(self) -> None:
        """No request is in progress: time was turned back."""
        self._in_progress.clear()

    def _forget_before(self, limit: float) -> None:
        while self._answers and next(iter(self._answers.values())).answer.at <= limit:
            del self._answers[next(iter(self._answers))]
