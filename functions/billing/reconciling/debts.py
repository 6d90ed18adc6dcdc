"""Announce the end of grace where nobody did: whoever waited for it is gone."""

from billing.contracts.reconcile import Cursor
from billing.domain.drift import access_drift
from billing.reconciling.look import Look
from billing.reconciling.mending import mend

#: Records per look.
ENTRIES = 100
#: Whoever waits for the end of grace has this long (seconds) to announce it.
WAKING_UP = 300


def announce_ends_of_grace(look: Look) -> Cursor | None:
    """Look at one page of those in dunning whose grace is over; None where there are no more."""
    ports, now = look.ports, look.ports.now()
    users, end = ports.records.grace_over(now - WAKING_UP, look.run.cursor.position, ENTRIES)
    look.findings.looked_at("debts", len(users))
    for record in ports.records.load_all(users):
        if record.customer_id is not None:
            mend(record, record.customer_id, lambda r: access_drift(r, ports.policy, now), look)
    return None if end is None else Cursor(phase="debts", position=end)
