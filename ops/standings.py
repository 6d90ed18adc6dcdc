"""How it stands with an event by the ledger, before anybody brings it again."""

from typing import Literal

from billing.reconciling.events import UNFINISHED
from billing.store.ledger import Standing as Entry

#: ``done``: the ledger would suppress it; ``running``: the execution that holds it would.
Standing = Literal["new", "failed", "ignored", "unfinished", "done", "running"]


def standing(entry: Entry | None, now: int) -> Standing:
    """Say how it stands with an event, by its entry."""
    match entry:
        case None:
            return "new"
        case Entry(outcome=None, received_at=begun):
            return "running" if now - begun < UNFINISHED else "unfinished"
        case Entry(outcome="failed"):
            return "failed"
        case Entry(outcome="ignored"):
            return "ignored"
    return "done"


def is_done(entry: Entry | None) -> bool:
    """Whether a delivery of the event would do nothing any more."""
    return entry is not None and entry.outcome in ("applied", "stale")
