"""Repeats one seed, or tries many; see `sequences`."""

from __future__ import annotations

import sys
from collections import Counter

from tests.properties.stripe_simulator.sequences import Failed, play, smallest


def repeat(seed: int) -> int:
    steps = smallest(seed)
    if steps is None:
        print(f"Seed {seed} holds.\n{play(seed).transcript()}")
        return 0
    try:
        play(seed, steps)
    except Failed as failed:
        print(f"Steps {steps} of seed {seed}: {failed}")
    return 1


def attempt(first: int, count: int) -> int:
    failures: Counter[str] = Counter()
    for seed in range(first, first + count):
        try:
            play(seed)
        except Failed as failed:
            what = str(failed).partition("\n")[0]
            failures[what.split(" ")[0]] += 1
            print(f"{seed}: {what}", flush=True)
    print(f"{count} sequences, {failures.total()} failed")
    return min(failures.total(), 1)


if __name__ == "__main__":
    seeds = [int(argument) for argument in sys.argv[1:]]
    sys.exit(repeat(*seeds) if len(seeds) == 1 else attempt(*seeds))
