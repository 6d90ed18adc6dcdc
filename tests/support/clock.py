"""A clock that stands still until a test moves it."""

from dataclasses import dataclass

from tests.support.builders import NOW


@dataclass
class Clock:
    """``now`` is UTC seconds."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now

    def advance(self, seconds: int) -> None:
        self.now += seconds
