"""Work that falls due by the clock: plain data, so that the world stays copyable.

A timer says "look at this object now"; its handler checks whether there is still something to
do, so nothing ever has to be cancelled.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple


class Timer(NamedTuple):
    at: float
    number: int
    kind: str
    object_id: str


class Timers:
    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._count = 0
        self._marked = 0

    def add(self, at: float, kind: str, object_id: str) -> None:
        self._count += 1
        heapq.heappush(self._heap, Timer(at, self._count, kind, object_id))

    def mark(self) -> None:
        self._marked = self._count

    def undo(self) -> None:
        """Forget the timers added since the mark; a request never runs one."""
        self._heap = [timer for timer in self._heap if timer.number <= self._marked]
        heapq.heapify(self._heap)

    def next_at(self) -> float | None:
        return self._heap[0].at if self._heap else None

    def pop_due(self, until: float) -> Timer | None:
        """The next timer due by `until`, in order of time, then of creation."""
        if self._heap and self._heap[0].at <= until:
            return heapq.heappop(self._heap)
        return None
