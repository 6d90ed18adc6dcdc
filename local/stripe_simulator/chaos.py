"""What a network may do to deliveries, on demand: late, twice, out of order, never, or when told.

Plain rules, which `deliveries` applies with the account's own random source: one seed, one story.
"""

from __future__ import annotations

from dataclasses import dataclass

from local.stripe_simulator.events import matches


@dataclass(frozen=True)
class Rule:
    """What happens to the deliveries that it names; of several rules the first that does counts."""

    destination: str | None = None  # an id; every destination unless given
    events: tuple[str, ...] = ("*",)  # types, or wildcards like invoice.*
    delay: float = 0.0  # seconds
    delay_up_to: float = 0.0  # seconds more, at random
    copies: int = 1
    window: int = 1  # so many at a time are told in random order …
    window_seconds: float = 5.0  # … or those there are after so long
    lose_attempts: int = 0  # the first so many never reach the destination; then come retries
    drop: bool = False  # never sent
    hold: bool = False  # kept until released

    def names(self, destination_id: str, kind: str) -> bool:
        return self.destination in (None, destination_id) and matches(kind, self.events)


CALM = Rule()


def rule_for(rules: list[Rule], destination_id: str, kind: str) -> Rule:
    """The rule for an event of that type on its way to that destination."""
    return next((rule for rule in rules if rule.names(destination_id, kind)), CALM)
