"""Thousands of random sequences of calls, legal and not: what must hold does, whatever is asked.

A sequence that fails says how to repeat it: `python -m tests.properties.stripe_simulator SEED`.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.properties.stripe_simulator.sequences import hold, play

BATCHES, BATCH = 20, 100
AGAIN = range(12)  # seeds that are played again
DIGESTS = """
from tests.properties.stripe_simulator.sequences import play
for seed in range({}): print(play(seed).digest())
"""


@pytest.mark.parametrize("batch", range(BATCHES))
def test_what_must_hold_does(batch: int) -> None:
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        hold(seed)


def test_the_same_seed_is_the_same_run_to_the_byte() -> None:
    """In another process too, where sets and dicts may be in another order."""
    here = [play(seed).digest() for seed in AGAIN]
    elsewhere = subprocess.run(
        [sys.executable, "-c", DIGESTS.format(len(AGAIN))],
        env={**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert elsewhere.stdout.split() == here


def test_sequences_do_what_they_are_for() -> None:
    """Most of what is asked is done, and all that matters is made, or nothing would be proven."""
    runs = [play(seed) for seed in range(200)]
    asked = [asked.status for run in runs for asked in run.asked]
    assert asked.count(200) > len(asked) / 2
    made = {kind for run in runs for kind in run.store.ids}
    assert made >= {"customer", "subscription", "invoice", "charge", "checkout.session"}
