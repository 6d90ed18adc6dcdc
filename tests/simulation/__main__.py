"""Runs histories: one seed, small if it fails, or many on all cores. PYTHONPATH is ``functions``.

python -m tests.simulation 1234                         # play a seed; if it fails, make it small
python -m tests.simulation 1234 --actions 0,3 --faults "3.0-0/7:throttled"    # exactly that part
python -m tests.simulation --histories 200000 --seed 0 --jobs 8               # many
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from tests.simulation.histories import History, drawn
from tests.simulation.mutants import MUTANTS, seed_that_kills
from tests.simulation.rates import ENDS_WRONG, GOES_BACK
from tests.simulation.running import Progress, prepare, run, run_cases, run_variants
from tests.simulation.shrinking import Failure, failure_of, smallest

COMMAND = "PYTHONPATH=functions .venv/bin/python -m tests.simulation"
HISTORIES = 200_000
#: Within so many histories a wrong policy must be caught.
MOST = 10_000


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 if everything held."""
    asked = _parser().parse_args(arguments)
    prepare()
    if asked.mutants:
        return wrong_policies()
    if asked.rates:
        return how_often(asked.seed, asked.histories, asked.jobs)
    if asked.exhaustive:
        return small_cases(asked.jobs)
    if asked.one is None:
        return many(asked.seed, asked.histories, asked.jobs)
    history = drawn(asked.one)
    if asked.actions is not None:
        history = history.keeping([int(number) for number in asked.actions.split(",") if number])
    only = None if asked.faults is None else frozenset(filter(None, asked.faults.split(",")))
    return one(history, only, shrink=asked.actions is None and only is None)


def one(history: History, only: frozenset[str] | None, *, shrink: bool) -> int:
    failure = failure_of(history, only)
    if failure is None:
        print(f"Seed {history.setting.seed} holds.")
        return 0
    print(report(smallest(failure) if shrink else failure))
    return 1


def many(seed: int, histories: int, jobs: int) -> int:
    progress = Progress(histories, sys.stdout)
    failed = 0
    for result in run(seed, histories, jobs):
        progress.note(result)
        for failing in result.failing:
            failed += 1
            progress.clear()
            print(f"Seed {failing} fails.")
            if failed == 1:
                one(drawn(failing), None, shrink=True)
    print(progress.last_line())
    return 1 if failed else 0


def wrong_policies() -> int:
    """Look for seeds that catch the mutants anew, after histories or the product changed."""
    missed = 0
    for mutant in MUTANTS:
        seed = seed_that_kills(mutant, MOST)
        missed += seed is None
        print(f"{mutant.name}: {seed}", flush=True)
    return 1 if missed else 0


def how_often(seed: int, histories: int, jobs: int) -> int:
    """Say in how many histories each variant of the rules goes wrong."""
    print(f"Of {histories} histories from {seed} on, with nothing lost and nobody who heals:")
    for name, counts in run_variants(seed, histories, jobs):
        said = ", ".join(f"{effect} {counts[effect]}" for effect in (ENDS_WRONG, GOES_BACK))
        print(f"{name}: {said}", flush=True)
    return 0


def small_cases(jobs: int) -> int:
    """Play all variants of every small case."""
    played = failed = 0
    for result in run_cases(("orders", "crashes", "interleavings"), 1, jobs):
        played += result.played
        failed += len(result.failing)
        print(f"{result.kind} of {result.name}: {result.played}", flush=True)
        for failing in result.failing:
            print(failing)
    print(f"{played} variants of small cases, {failed} violations")
    return 1 if failed else 0


def report(failure: Failure) -> str:
    """The history, what it breaks, and the command that plays it again."""
    lines = [str(failure.violation), "", str(failure.history.setting), ""]
    lines += [str(numbered) for numbered in failure.history.actions]
    numbers = ",".join(map(str, failure.numbers))
    command = f"{COMMAND} {failure.history.setting.seed} --actions {numbers}"
    if failure.only is not None:
        faults = ",".join(sorted(failure.only))
        lines += ["", f"Faults: {faults or 'none'}"]
        command += f' --faults "{faults}"'
    return "\n".join([*lines, "", f"To repeat it: {command}"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("one", nargs="?", type=int, metavar="SEED", help="play this seed alone")
    parser.add_argument("--actions", help="only these of its actions, by number")
    parser.add_argument("--faults", help="only these faults strike, by name")
    parser.add_argument("--mutants", action="store_true", help="look for seeds that catch them")
    parser.add_argument("--rates", action="store_true", help="how often variants go wrong")
    parser.add_argument("--exhaustive", action="store_true", help="the small cases, completely")
    parser.add_argument("--histories", type=int, default=HISTORIES, help="how many seeds to try")
    parser.add_argument("--seed", type=int, default=0, help="the first of them")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    return parser


if __name__ == "__main__":
    sys.exit(main())
