"""Makes a failing history small: fewer actions first, then fewer faults.

What is left out leaves the rest as it was, so the smaller one still is a history of that seed. It
counts as the same failure if the same invariant is broken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tests.simulation.histories import History
from tests.simulation.invariants import Violation
from tests.simulation.play import play

Part = TypeVar("Part")


@dataclass(frozen=True)
class Failure:
    """A history that breaks an invariant, with only these faults striking (all where None)."""

    history: History
    only: frozenset[str] | None
    violation: Violation

    @property
    def numbers(self) -> list[int]:
        return [numbered.number for numbered in self.history.actions]


def failure_of(history: History, only: frozenset[str] | None = None) -> Failure | None:
    """Play it: what it breaks, None if it holds."""
    try:
        play(history, only)
    except Violation as violation:
        return Failure(history, only, violation)
    return None


def smallest(failure: Failure) -> Failure:
    """The shortest history found that breaks the same invariant."""
    found = failure

    def still_fails(history: History, only: frozenset[str] | None) -> bool:
        nonlocal found
        smaller = failure_of(history, only)
        if smaller is None or smaller.violation.invariant != failure.violation.invariant:
            return False
        found = smaller
        return True

    _reduced(
        found.numbers, lambda numbers: still_fails(failure.history.keeping(numbers), failure.only)
    )
    if not still_fails(found.history, frozenset()):
        history = found.history
        _reduced(sorted(_struck(found)), lambda names: still_fails(history, frozenset(names)))
    return found


def _struck(failure: Failure) -> frozenset[str]:
    """The faults that strike in a failing history."""
    try:
        play(failure.history, failure.only)
    except Violation as violation:
        return violation.struck
    raise AssertionError("a history isn't the same when it is played again")


def _reduced(parts: Sequence[Part], fails: Callable[[Sequence[Part]], bool]) -> None:
    """Delta debugging: leave out ever smaller chunks, as long as it still fails."""
    kept, size = list(parts), max(1, len(parts) // 2)
    while True:
        start, changed = 0, False
        while start < len(kept):
            candidate = kept[:start] + kept[start + size :]
            if fails(candidate):
                kept, changed = candidate, True
            else:
                start += size
        if size == 1 and not changed:
            return
        size = max(1, size // 2)
