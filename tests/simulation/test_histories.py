"""Random histories hold, and so do the small cases.

A history that fails says how to repeat it; `make simulate` plays more of them.
"""

import logging
import os
from collections.abc import Iterator

import pytest

from tests.simulation import mutants, steady
from tests.simulation.__main__ import COMMAND
from tests.simulation.exhaustive import Touch
from tests.simulation.histories import drawn
from tests.simulation.play import play, state_of
from tests.simulation.running import Result, run, run_cases
from tests.simulation.shrinking import failure_of, smallest

#: Some five minutes of a core's time, so that the whole run stays well under half an hour;
#: `make simulate` plays more, and bench/RESULTS.md says how many were played by hand.
HISTORIES = 4_000
SEED = 0
#: Of the small cases' variants every so many-th; `--exhaustive` plays them all.
SAMPLED = {"orders": 10, "crashes": 3, "interleavings": 1}
JOBS = os.cpu_count() or 1


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def results() -> list[Result]:
    """What became of the histories."""
    return list(run(SEED, HISTORIES, JOBS))


def test_random_histories_hold(results: list[Result]) -> None:
    failing = sorted(seed for result in results for seed in result.failing)
    assert not failing, f"To see the first, small: {COMMAND} {failing[0]}"
    assert sum(result.played for result in results) == HISTORIES


def test_histories_do_what_they_are_for(results: list[Result]) -> None:
    """All machines run, all kinds of faults strike, all facts are told: else nothing is proven."""
    machines = {
        *("subscribe", "upgrade", "cancel", "payment_failure", "renew", "purchase"),
        *("sync_payment_methods", "reconcile"),
    }
    faults = {
        *("throttled", "conflict", "no_request", "no_answer", "sent_twice"),
        *("rate_limit", "error_before", "reset_after", "timeout", "refused"),
        *("dies_before", "dies_after", "lost", "late", "twice", "mangled", "hint lost"),
    }
    facts = {
        *("SubscriptionActivated", "SubscriptionChanged", "SubscriptionEnded"),
        *("CancellationScheduled", "CancellationUndone", "AccessChanged", "TrialEnding"),
        *("PaymentSucceeded", "PaymentFailed", "PaymentActionRequired", "PaymentRecovered"),
        *("PurchaseCompleted", "PurchaseReversed", "DuplicateSubscriptionFound"),
    }
    assert frozenset().union(*(result.seen for result in results)) >= machines | faults | facts


@pytest.mark.parametrize("kind", SAMPLED)
def test_small_cases_hold_in_their_variants(kind: str) -> None:
    results = list(run_cases((kind,), SAMPLED[kind], JOBS))
    assert not [failing for result in results for failing in result.failing]
    assert sum(result.played for result in results) > 200


def test_calls_that_meet_at_no_item_may_change_places_and_others_may_not() -> None:
    reads = Touch(reads=frozenset({("table", "a")}))
    writes = Touch(writes=frozenset({("table", "a")}))
    elsewhere = Touch(writes=frozenset({("table", "b"), ("other", "a")}))
    scans = Touch(reads=frozenset({("table", None)}))

    assert reads.is_free_of(reads)
    assert writes.is_free_of(elsewhere)
    assert not reads.is_free_of(writes)
    assert not writes.is_free_of(writes)
    assert not scans.is_free_of(elsewhere)


def test_the_same_seed_is_the_same_history() -> None:
    for seed in (3, 20, 77):
        first, again = play(drawn(seed)), play(drawn(seed))
        assert first.struck.names == again.struck.names
        assert first.kernel.now == again.kernel.now
        assert state_of(first) == state_of(again)


def test_a_steady_business_hardly_asks_stripe() -> None:
    assert steady.measure(people=20, months=3).reads_per_event < 0.1


def test_a_failing_history_is_made_small() -> None:
    with mutants.user_overwritten():
        failure = failure_of(drawn(0))
        assert failure is not None
        small = smallest(failure)
    assert len(small.history.actions) <= 2
    assert small.only == frozenset()
