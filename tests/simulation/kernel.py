"""Time and turns: a virtual clock, what is due by it, and processes that hand over while they wait.

Guards that a history is the same whenever it is played: nothing here knows a real clock or a
thread, and what is due at one moment happens in the order in which it was asked for.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from math import inf
from typing import Any, Protocol

from greenlet import getcurrent, greenlet

from tests.simulation.faults import Fates

Thunk = Callable[[], None]

#: How a machine hears that a function's process died, or was killed because it took too long.
CRASHED, TIMED_OUT = "Runtime.ExitError", "Sandbox.Timedout"


class Died(BaseException):
    """A process ends here, with no chance to clean up; ``error`` is what its machine hears.

    No Exception, so that no code of the product can catch it.
    """

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


class Timers(Protocol):
    """What falls due elsewhere, by the same clock."""

    def next_at(self) -> float | None: ...

    def run_due(self) -> None: ...


class Kernel:
    """The clock and the queue of what is due; ``now`` is UTC seconds.

    What ``timers`` have at a moment comes before what the queue has at the same one.
    """

    def __init__(self, start: float) -> None:
        self.now = start
        self.hub = getcurrent()
        self.timers: Timers
        self.passes: Callable[[float], None]  # hears until when nothing happens, before it passes
        self._end = start  # of the run that is under way
        self._running: Process | None = None
        self._queue: list[tuple[float, int, Thunk]] = []
        self._count = count()

    def at(self, moment: float, thunk: Thunk) -> None:
        """Have it done at that moment, at the earliest now."""
        heapq.heappush(self._queue, (max(moment, self.now), next(self._count), thunk))

    def after(self, seconds: float, thunk: Thunk) -> None:
        self.at(self.now + seconds, thunk)

    @property
    def current(self) -> Process:
        """The process that runs now."""
        assert self._running is not None, "who looks on from outside makes no calls"
        return self._running

    def enter(self, process: Process | None) -> Process | None:
        """Say who runs from now on; gives who ran before."""
        before, self._running = self._running, process
        return before

    @property
    def due(self) -> bool:
        """Whether anything else is to be done at this moment."""
        return bool(self._queue) and self._queue[0][0] <= self.now

    @property
    def pending(self) -> int:
        """How many things are still to be done."""
        return len(self._queue)

    def run_until(self, moment: float) -> None:
        """Do everything that is due until then."""
        self._end = moment
        while self._step(moment):
            pass
        self.passes(moment)
        self.now = max(self.now, moment)

    def run_while(self, busy: Callable[[], bool], end: float) -> None:
        """Do what is due as long as there is reason to, until the end."""
        self._end = end
        while busy() and self.now < end:
            self._step()

    def skip_to(self, moment: float) -> bool:
        """Let time pass at once; False where something else is to be done by then."""
        undisturbed = moment < self._end and moment < min(self._queued(), self._timed())
        if undisturbed:
            self.passes(moment)
            self.now = moment
        return undisturbed

    def _step(self, until: float = inf) -> bool:
        """Do the next thing that is due until then, at its moment; False where there is none."""
        queued, timed = self._queued(), self._timed()
        if until < queued and until < timed:
            return False
        self.passes(min(queued, timed))
        if timed <= queued:
            self.now = max(self.now, timed)
            self.timers.run_due()
        else:
            self.now = max(self.now, queued)
            heapq.heappop(self._queue)[-1]()
        return True

    def _queued(self) -> float:
        return self._queue[0][0] if self._queue else inf

    def _timed(self) -> float:
        at = self.timers.next_at()
        return inf if at is None else at


@dataclass(frozen=True)
class Life:
    """What a process is born with: how long it may live (seconds), and what befalls it.

    ``skew`` is by how many seconds its node's clock is off.
    """

    seconds: float
    fates: Fates
    skew: int = 0


class Process:
    """Code that runs step by step beside others: it hands over whenever it pauses.

    ``ended`` hears of its result, or of what it raised.
    """

    def __init__(
        self,
        kernel: Kernel,
        life: Life,
        work: Callable[[], Any],
        ended: Callable[[Any, BaseException | None], None],
    ) -> None:
        self.kernel = kernel
        self.fates = life.fates
        self.skew = life.skew
        self._todo = work
        self._ended = ended
        self._deadline = kernel.now + life.seconds
        self._greenlet = greenlet(self._work, kernel.hub)
        kernel.at(kernel.now, self._go_on)

    def pause(self, seconds: float) -> None:
        """Let others run for so long; called by the process itself."""
        if seconds == 0.0 and not self.kernel.due:
            return
        until = self.kernel.now + seconds
        if until >= self._deadline:
            self.kernel.at(self._deadline, self._time_out)
        elif self.kernel.skip_to(until):
            return
        else:
            self.kernel.at(until, self._go_on)
        self.kernel.hub.switch()

    def call(self, kinds: Sequence[str], effect: Callable[[str | None], Any]) -> Any:
        """Make a call of a port, as the process's fate has it; ``effect`` hears what goes wrong.

        Others have their turn before each call. That is after each one too: in between there is
        nothing that anybody could notice.
        """
        fates = self.fates
        self.pause(fates.pause())
        fault = fates.strikes(kinds)
        if fault == "dies_before":
            raise Died(CRASHED)
        result = effect(fault)
        if fault == "dies_after":
            raise Died(CRASHED)
        return result

    def _go_on(self) -> None:
        before = self.kernel.enter(self)
        self._greenlet.switch()
        self.kernel.enter(before)

    def _time_out(self) -> None:
        before = self.kernel.enter(self)
        self._greenlet.throw(Died(TIMED_OUT))
        self.kernel.enter(before)

    def _work(self) -> None:
        try:
            result = self._todo()
        except (Exception, Died) as error:
            self._ended(None, error)
        else:
            self._ended(result, None)
