"""Runs of random sequences: made by a seed, repeated by it, and made small when they fail.

python -m tests.properties.stripe_simulator 1234        # repeat that seed, as small as it gets
python -m tests.properties.stripe_simulator 0 20000     # try so many seeds
"""

from __future__ import annotations

from tests.properties.stripe_simulator.actions import ACTIONS, WEIGHTS, Action, MakeCustomer
from tests.properties.stripe_simulator.run import Run
from tests.properties.stripe_simulator.watched import Violation

STEPS = 20


class Failed(AssertionError):
    """A sequence in which something was that must never be."""


def play(seed: int, steps: tuple[int, ...] | None = None) -> Run:
    """A run of that seed, or of these of its steps alone."""
    run = Run(seed)
    try:
        prepare(run)
        for number in range(STEPS) if steps is None else steps:
            run.begin(number)
            draw(run).do(run)
        run.finish()
    except Violation as violation:
        raise Failed(
            f"{violation}\n\n{run.transcript()}\n\n"
            f"To repeat it: python -m tests.properties.stripe_simulator {seed}"
        ) from violation
    return run


def hold(seed: int) -> None:
    """Play a seed; if it fails, fail with the smallest run of it that does."""
    try:
        play(seed)
    except Failed:
        play(seed, smallest(seed))
        raise


def prepare(run: Run) -> None:
    """Something to begin with: a customer with a card, prices to subscribe to, and one to pay."""
    product = run.post("/v1/products", name="Standard")
    for amount, recurring in ((1900, "month"), (4900, "month"), (19000, "year"), (500, None)):
        interval = {"interval": recurring}
        run.post(
            "/v1/prices",
            product=product.get("id"),
            currency="usd",
            unit_amount=amount,
            recurring=interval,
        )
    MakeCustomer().do(run)


def draw(run: Run) -> Action:
    """An action by its weight, for which there is something to act on."""
    while True:
        action = run.rng.choices(ACTIONS, WEIGHTS)[0]
        if not action.needs or run.has(action.needs):
            return action


def smallest(seed: int) -> tuple[int, ...] | None:
    """The steps of a failing run without which it wouldn't fail; None if it doesn't."""
    steps = tuple(range(STEPS))
    if not fails(seed, steps):
        return None
    for number in reversed(range(STEPS)):
        fewer = tuple(step for step in steps if step != number)
        if fails(seed, fewer):
            steps = fewer
    return steps


def fails(seed: int, steps: tuple[int, ...]) -> bool:
    try:
        play(seed, steps)
    except Failed:
        return True
    return False
