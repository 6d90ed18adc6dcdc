"""Plays many seeds, or all variants of the small cases, on several processes."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from multiprocessing.pool import Pool
from typing import TextIO

#: Seeds that a process plays before it reports.
CHUNK = 25
#: Parts in which a case is played.
SHARES = 4


@dataclass(frozen=True)
class Result:
    """What became of a chunk of seeds; ``seen`` are the machines, faults and facts in it."""

    played: int
    events: int = 0
    executions: int = 0
    stripe_reads: int = 0
    failing: tuple[int, ...] = ()
    seen: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Part:
    """A share of a case: every ``shares``-th group from ``first``, of which some are played."""

    case: int
    kind: str
    first: int
    shares: int
    every: int


@dataclass(frozen=True)
class CaseResult:
    """What became of a share of a case."""

    name: str
    kind: str
    played: int
    failing: tuple[str, ...]


@dataclass
class Progress:
    """How far it is, on one line where somebody watches, else now and then on a line of its own."""

    total: int
    out: TextIO
    played: int = 0
    events: int = 0
    executions: int = 0
    failed: int = 0
    _started: float = field(default_factory=time.monotonic)
    _shown: float = 0.0

    def note(self, result: Result) -> None:
        self.played += result.played
        self.events += result.events
        self.executions += result.executions
        self.failed += len(result.failing)
        often = 0.5 if self.out.isatty() else 30.0
        if time.monotonic() - self._shown >= often:
            self._shown = time.monotonic()
            end = "\r" if self.out.isatty() else "\n"
            self.out.write(f"{self.last_line():79}{end}")
            self.out.flush()

    def clear(self) -> None:
        if self.out.isatty():
            self.out.write(f"{'':79}\r")

    def last_line(self) -> str:
        seconds = max(time.monotonic() - self._started, 0.001)
        return (
            f"{self.played} of {self.total} histories, {self.events} events, "
            f"{self.executions} executions, {self.failed} violations, {self.played / seconds:.0f}/s"
        )


def run(seed: int, histories: int, jobs: int) -> Iterator[Result]:
    """Play ``histories`` seeds from ``seed`` on; the results come as they are ready."""
    chunks = [
        range(first, min(first + CHUNK, seed + histories))
        for first in range(seed, seed + histories, CHUNK)
    ]
    with _pool(jobs) as pool:
        yield from pool.imap_unordered(played, chunks)


def run_variants(seed: int, histories: int, jobs: int) -> Iterator[tuple[str, Counter[str]]]:
    """Play the same histories under each variant of the rules: what came of them."""
    from tests.simulation.rates import VARIANTS  # noqa: PLC0415 - a pool's parent stays small

    numbers = range(len(VARIANTS))
    with _pool(jobs) as pool:
        counting = partial(counted_of, seed, histories)
        for number, counts in zip(numbers, pool.imap(counting, numbers), strict=True):
            yield VARIANTS[number].name, counts


def counted_of(seed: int, histories: int, variant: int) -> Counter[str]:
    """What came of the histories under one variant."""
    from tests.simulation import rates  # noqa: PLC0415 - after the process is prepared

    return rates.counted(rates.VARIANTS[variant], range(seed, seed + histories))


def run_cases(kinds: Sequence[str], every: int, jobs: int) -> Iterator[CaseResult]:
    """Play every so many-th variant of each kind of every small case."""
    from tests.simulation.exhaustive import CASES  # noqa: PLC0415 - a pool's parent stays small

    parts = [
        Part(number, kind, first, SHARES, every)
        for kind in kinds
        for number in range(len(CASES))
        for first in range(SHARES)
    ]
    with _pool(jobs) as pool:
        yield from pool.imap_unordered(played_case, parts)


def _pool(jobs: int) -> Pool:
    return multiprocessing.get_context("spawn").Pool(jobs, initializer=prepare_in_the_background)


def played_case(part: Part) -> CaseResult:
    """Play a share of a case's variants."""
    from tests.simulation import exhaustive  # noqa: PLC0415 - after the process is prepared
    from tests.simulation.invariants import Violation  # noqa: PLC0415

    tidy()
    case = exhaustive.CASES[part.case]
    groups = islice(exhaustive.KINDS[part.kind](case), part.first, None, part.shares)
    chosen = islice(chain.from_iterable(groups), 0, None, part.every)
    played, failing = 0, []
    for variant in chosen:
        played += 1
        try:
            exhaustive.play(case, variant)
        except Violation as violation:
            failing.append(f"{variant}: {violation}")
    return CaseResult(case.name, part.kind, played, tuple(failing))


def prepare_in_the_background() -> None:
    """Settle a process of a pool in: it takes the time that nothing else wants."""
    os.nice(19)
    prepare()


def prepare() -> None:
    """Settle a process in: quiet and quick."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    logging.disable(logging.CRITICAL)
    from tests.simulation.quick import quicken  # noqa: PLC0415 - once the environment is set

    quicken()


def tidy() -> None:
    """Collect what was played before; what is left is cached for good, and not looked at again."""
    gc.collect()
    gc.freeze()
    gc.disable()


def played(seeds: range) -> Result:
    """Play a chunk of seeds."""
    from tests.simulation.histories import drawn  # noqa: PLC0415 - after the process is prepared
    from tests.simulation.invariants import Violation  # noqa: PLC0415
    from tests.simulation.play import play  # noqa: PLC0415

    tidy()
    events = executions = reads = 0
    failing = []
    seen: set[str] = set()
    for seed in seeds:
        try:
            world = play(drawn(seed))
        except Violation:
            failing.append(seed)
            continue
        events += len(world.sent)
        executions += len(world.cloud.runs)
        reads += world.stripe_reads
        seen.update(run.machine for run in world.cloud.runs.values())
        seen.update(name.rpartition(":")[2] for name in world.struck.names)
        seen.update(fact["type"] for fact in world.cloud.told.by_id.values())
    return Result(len(seeds), events, executions, reads, tuple(failing), frozenset(seen))
