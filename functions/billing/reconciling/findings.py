"""What a run has found so far: counted by kind, the first ones kept by name, each one logged."""

from collections import Counter

from billing.contracts.reconcile import Run, Tally
from billing.domain.drift import Kind
from billing.metrics import Metric, measure
from billing.observability import logger
from billing.store.runs import RunEntry

#: Kept of each kind, so that the report stays small however much there is.
EXAMPLES = 10
#: Not ours to heal and no fault of ours: another product's customers, and what ops retry.
_NO_ALARM = {"unknown_customer", "failed_event"}


class Findings:
    """Goes on from the run's entry, and gives the entry that comes next."""

    def __init__(self, entry: RunEntry) -> None:
        tally = entry.run.tally
        self._entry = entry
        self._looked_at = Counter(tally.looked_at)
        self._found = Counter(tally.found)
        self._healed = Counter(tally.healed)
        self._examples = {kind: list(ids) for kind, ids in entry.examples.items()}

    def looked_at(self, what: str, count: int) -> None:
        """Count what was compared."""
        self._looked_at[what] += count

    def found(self, kind: Kind, example: str, *, healed: bool = False) -> None:
        """Note a find, by the id of what it was found on."""
        self._found[kind] += 1
        self._healed[kind] += healed
        kept = self._examples.setdefault(kind, [])
        if example not in kept and len(kept) < EXAMPLES:
            kept.append(example)
        run_id = self._entry.run.id
        logger.warning("drift found", kind=kind, found_on=example, healed=healed, run_id=run_id)

    def put_down_in(self, run: Run) -> RunEntry:
        """The entry of the run as it stands now."""
        tally = Tally(looked_at=self._looked_at, found=self._found, healed=+self._healed)
        open_ = {k for k, n in self._found.items() if n > self._healed[k]} - _NO_ALARM
        return self._entry.model_copy(
            update={
                "run": run.model_copy(update={"tally": tally}),
                "examples": {kind: tuple(ids) for kind, ids in self._examples.items()},
                "attention": "drift" if open_ else None,
                "setbacks": 0,
            }
        )


def measure_drift(tally: Tally) -> None:
    """Tell the alarms what a complete run came to; zeros too, which end them."""
    found = {kind: count for kind, count in tally.found.items() if kind not in _NO_ALARM}
    healed = {kind: tally.healed.get(kind, 0) for kind in found}
    measure(Metric.DRIFT_FOUND, sum(found.values()))
    measure(Metric.DRIFT_HEALED, sum(healed.values()))
    measure(Metric.DRIFT_UNHEALED, sum(found.values()) - sum(healed.values()))
