"""The checker catches every wrong policy that it is there for."""

import logging
from collections.abc import Iterator

import pytest

from tests.simulation.histories import drawn
from tests.simulation.invariants import Violation
from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.play import play


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_wrong_policy_is_caught_by_the_invariant_that_it_breaks(mutant: Mutant) -> None:
    with mutant.applied(), pytest.raises(Violation) as caught:
        play(drawn(mutant.seed))
    assert caught.value.invariant in mutant.breaks


@pytest.mark.parametrize("seed", sorted({mutant.seed for mutant in MUTANTS}))
def test_the_same_histories_hold_without_it(seed: int) -> None:
    play(drawn(seed))


def test_there_are_enough_of_them() -> None:
    assert len(MUTANTS) >= 14
