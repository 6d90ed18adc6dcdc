"""How often Stripe is asked in a steady business, and what that mix is.

Customers renew month by month; of a hundred renewals two change the plan, one sets or lifts a
cancellation, one attaches another card, and two fail and are paid some days later. Events arrive
within seconds, now and then twice. Who signs up isn't counted: at first contact everything of a
customer is listed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from tests.simulation import actions as a
from tests.simulation.actions import DAY, Action
from tests.simulation.faults import Weather
from tests.simulation.judge import Judge
from tests.simulation.play import finish
from tests.simulation.world import Setting, World

MONTH = 30 * DAY
WEATHER = Weather(spread=3.0, twice=0.01, skew=1, stripe_skew=1, lag=2)


@dataclass(frozen=True)
class Figure:
    events: int
    reads: int

    @property
    def reads_per_event(self) -> float:
        return self.reads / self.events


def measure(people: int, months: int, seed: int = 1) -> Figure:
    """Reads of Stripe's API for the events of so many months."""
    rng = random.Random(seed)
    world = World(Setting(seed=seed, people=people, weather=WEATHER))
    judge = Judge(world)
    for who in range(people):
        _do(world, a.Register(who), a.Subscribe(who), a.Wait(rng.uniform(0, MONTH / people)))
    events, reads = len(world.cloud.runs), world.stripe_reads
    for _ in range(months):
        _do(world, *_month(rng, people))
    figure = Figure(len(world.cloud.runs) - events, world.stripe_reads - reads)
    finish(world, judge)
    return figure


def _do(world: World, *actions: Action) -> None:
    for action in actions:
        world.doing = f"{len(world.sent)} {type(action).__name__}"
        action.do(world)


def _month(rng: random.Random, people: int) -> Iterator[Action]:
    """What happens in a month beside the renewals, at random moments of it."""
    happening = [each for who in range(people) for each in _doings(rng, who)]
    rng.shuffle(happening)
    pause = MONTH / (len(happening) + 1)
    for action in happening:
        yield a.Wait(pause)
        yield from action
    yield a.Wait(pause)


def _doings(rng: random.Random, who: int) -> Iterator[tuple[Action, ...]]:
    if rng.random() < 0.02:
        yield (a.ChangePlan(who, rng.choice(("standard_monthly", "agency_monthly"))),)
    if rng.random() < 0.01:
        yield (a.Cancel(who, "at_period_end"), a.Wait(DAY), a.Cancel(who, "undo"))
    if rng.random() < 0.01:
        yield (a.AttachCard(who, "pm_card_mastercard"),)
    if rng.random() < 0.02:
        yield (a.Behave(who, "insufficient_funds"), a.Wait(MONTH / 2), a.Behave(who, None))


if __name__ == "__main__":
    figure = measure(people=100, months=12)
    print(
        f"{figure.reads} reads of Stripe for {figure.events} events of renewals, changes and "
        f"failures: {figure.reads_per_event:.3f} an event"
    )
