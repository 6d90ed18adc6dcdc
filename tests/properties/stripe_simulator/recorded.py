"""Every request that the contract tests make, as a pattern: its ids are blanks by type.

So whatever is served is asked for in random sequences too, as soon as it has its `usage` module.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from local.stripe_simulator.engine import Response
from local.stripe_simulator.params import decode
from tests.contracts.stripe_simulator.usage import TOPICS
from tests.properties.stripe_simulator.run import Run
from tests.unit.stripe_simulator.account import Account

BLANK = re.compile(r"<([\w.]+)>")
WORD = re.compile(r"\w+")


class Pattern(NamedTuple):
    method: str
    path: str
    params: Any


class RecordingAccount(Account):
    """An account that remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.patterns: list[Pattern] = []

    def request(
        self, method: str, path: str, params: dict[str, Any] | str, **headers: str
    ) -> Response:
        given = decode(params) if isinstance(params, str) else params
        self.patterns.append(Pattern(method, self._blank(path), self._blank(given)))
        return super().request(method, path, params, **headers)

    def _blank(self, value: Any) -> Any:
        """The same with a blank for each id."""
        if isinstance(value, Mapping):
            return {key: self._blank(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._blank(item) for item in value]
        return WORD.sub(self._named, value) if isinstance(value, str) else value

    def _named(self, word: re.Match[str]) -> str:
        found = self.engine.world.store.find(word[0])
        return f"<{found['object']}>" if found else word[0]


@cache
def recorded() -> tuple[Pattern, ...]:
    patterns = []
    for topic in TOPICS.values():
        account = RecordingAccount()
        topic.use(account)
        patterns += account.patterns
    return tuple(patterns)


def filled(value: Any, run: Run) -> Any:
    """A pattern's path or parameters, with ids of that run in the blanks."""
    if isinstance(value, Mapping):
        return {key: filled(item, run) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, run) for item in value]
    return BLANK.sub(lambda blank: run.id_of(blank[1]), value) if isinstance(value, str) else value
