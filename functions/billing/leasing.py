"""Who works on an event now: ask the ledger, and where it is contended, the holder's execution.

Guards that a failed execution can always be redriven, even after a later delivery took its event
over and failed in turn: whoever still runs, runs on; whoever doesn't gives way.
"""

from collections.abc import Callable
from typing import TypeVar

from billing.domain.errors import LeaseLost
from billing.domain.lease import Lease, claim
from billing.runtime import Ports

Result = TypeVar("Result")


def may_claim(lease: Lease, execution: str, ports: Ports) -> bool:
    """Decide a contended claim, asking after the holder where that decides it."""
    verdict = claim(lease, execution, ports.now())
    if verdict == "ask_holder":
        return not ports.executions.is_running(lease.holder)
    return verdict != "duplicate"


def holding(event_id: str, execution: str, ports: Ports, work: Callable[[], Result]) -> Result:
    """Do work that needs the lease; if it is lost to a holder that no longer runs, take it back.

    Raises:
        LeaseLost: its holder runs, or the event is done.
    """
    try:
        return work()
    except LeaseLost:
        lease = ports.ledger.lease_of(event_id, execution)
        if lease is None or not may_claim(lease, execution, ports):
            raise
        ports.ledger.take(event_id, execution, lease, ports.now())
        return work()
