"""Work that falls due by a clock: plain data, so that the world stays copyable.

The account has a queue by its own time, and each test clock one by its. A timer says "look at
this object now"; its handler checks whether there is still something to do, so nothing ever has
to be cancelled.
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
    """Queues by test clock; that of the account is None's."""

    def __init__(self) -> None:
        self._queues: dict[str | None, list[Timer]] = {}
        self._count = 0
        self._marked = 0

    def add(self, at: float, kind: str, object_id: str, clock: str | None = None) -> None:
        self._count += 1
        timer = Timer(at, self._count, kind, object_id)
        heapq.heappush(self._queues.setdefault(clock, []), timer)

    def mark(self) -> None:
        self._marked = self._count

    def undo(self) -> None:
        """Forget the timers added since the mark; a request never runs one."""
        if self._count == self._marked:
            return
        for queue in self._queues.values():
            queue[:] = [timer for timer in queue if timer.number <= self._marked]
            heapq.heapify(queue)

    def next_at(self) -> float | None:
        """When the account's next timer is due."""
        queue = self._queues.get(None)
        return queue[0].at if queue else None

    def pop_due(self, until: float, clock: str | None = None) -> Timer | None:
        """The queue's next timer due by `until`, in order of time, then of creation."""
        queue = self._queues.get(clock)
        return heapq.heappop(queue) if queue and queue[0].at <= until else None
