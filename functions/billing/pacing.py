"""Work at a steady pace, so that much of it at once leaves others their share of a rate limit."""

import time
from collections.abc import Callable


class Pacer:
    """Lets through so many a second, evenly."""

    def __init__(
        self,
        per_second: float,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval = 1 / per_second
        self._monotonic = monotonic
        self._sleep = sleep
        self._next = monotonic()

    def wait(self) -> None:
        """Return when it is this call's turn."""
        now = self._monotonic()
        turn = max(self._next, now)
        self._next = turn + self._interval
        if turn > now:
            self._sleep(turn - now)
