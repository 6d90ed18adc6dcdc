"""What goes wrong and when: drawn from a seed, or told exactly.

Each actor (an execution, a delivery, a request of the API) has fates of its own, drawn from its own
source, so that taking one action out of a history leaves the others' fates as they were. Every
fault that strikes has a name; a failing history is made small by letting only some of them strike.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

#: The process dies before the call takes effect, or after; every port knows these.
DEATHS = ("dies_before", "dies_after")


@dataclass(frozen=True)
class Weather:
    """How hostile the surroundings are; probabilities, and seconds."""

    calls: float = 0.0  # a call of a port goes wrong
    deaths: float = 0.0  # the process dies at a call
    slow_calls: float = 0.0  # a call takes long, perhaps longer than its function lives
    spread: float = 0.0  # events arrive within so many seconds, most of them
    late: float = 0.0  # an event arrives hours later
    twice: float = 0.0  # an event arrives more than once
    lost: float = 0.0  # an event never arrives
    mangled: float = 0.0  # an event comes trimmed, oversized, or in another API version's shape
    hints_lost: float = 0.0  # Step Functions doesn't tell that an execution failed
    skew: int = 0  # seconds by which our nodes' clocks are off, at most
    stripe_skew: int = 0  # seconds by which Stripe's own are
    lag: int = 0  # seconds by which ``created`` comes after the change


CALM = Weather()


class Fates(Protocol):
    """What befalls one actor, call by call."""

    def pause(self) -> float:
        """How many seconds pass before the next call, or before its answer."""
        ...

    def strikes(self, kinds: Sequence[str]) -> str | None:
        """What goes wrong with the next call, if anything: one of the kinds, or a death."""
        ...

    def happens(self, what: str, probability: float) -> bool:
        """Whether something else befalls it."""
        ...

    def between(self, low: float, high: float) -> float: ...

    def skew(self, at_most: int) -> int:
        """By how many seconds its clock is off."""
        ...


@dataclass
class Struck:
    """The faults that struck, and which may: all, unless ``only`` names them."""

    only: frozenset[str] | None = None
    names: list[str] = field(default_factory=list)

    def may(self, name: str) -> bool:
        if self.only is not None and name not in self.only:
            return False
        self.names.append(name)
        return True


class DrawnFates:
    """Fates drawn from a seed."""

    def __init__(self, seed: str, actor: str, weather: Weather, struck: Struck) -> None:
        self._rng = random.Random(f"{seed}/{actor}")
        self._actor = actor
        self._weather = weather
        self._struck = struck
        self._calls = 0

    def pause(self) -> float:
        draw = self._rng.random()
        if draw < 0.5:
            return 0.0
        if self._rng.random() < self._weather.slow_calls:
            return self._rng.uniform(1, 12 if self._rng.random() < 0.9 else 40)
        return draw * 0.1

    def strikes(self, kinds: Sequence[str]) -> str | None:
        self._calls += 1
        draw, weather = self._rng.random(), self._weather
        if draw >= weather.calls + weather.deaths:
            return None
        kind = self._rng.choice((kinds if draw < weather.calls else ()) or DEATHS)
        return kind if self._struck.may(f"{self._actor}/{self._calls}:{kind}") else None

    def happens(self, what: str, probability: float) -> bool:
        return self._rng.random() < probability and self._struck.may(f"{self._actor}:{what}")

    def between(self, low: float, high: float) -> float:
        return self._rng.uniform(low, high)

    def skew(self, at_most: int) -> int:
        return self._rng.randint(-at_most, at_most) if at_most else 0


class CalmFates:
    """Nothing goes wrong, and nothing takes time."""

    def pause(self) -> float:
        return 0.0

    def strikes(self, kinds: Sequence[str]) -> str | None:
        return None

    def happens(self, what: str, probability: float) -> bool:
        return False

    def between(self, low: float, high: float) -> float:
        return low

    def skew(self, at_most: int) -> int:
        return 0


class ToldFates(CalmFates):
    """Exactly what a test says, by the number of the actor's call, from 1 on.

    ``faults`` strike at their call; ``pauses`` are taken before it.
    """

    def __init__(self, faults: Mapping[int, str], pauses: Mapping[int, float]) -> None:
        self._faults = faults
        self._pauses = pauses
        self.calls = 0

    def pause(self) -> float:
        return self._pauses.get(self.calls + 1, 0.0)

    def strikes(self, kinds: Sequence[str]) -> str | None:
        self.calls += 1
        return self._faults.get(self.calls)
