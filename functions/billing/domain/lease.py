"""Who may work on an event: exactly one execution at a time, and nobody once it is done."""

from typing import Literal

from billing.domain.record import Value

#: Seconds after which a lease may be taken over without asking after its holder.
LEASE_SECONDS = 900


class Lease(Value):
    """What the ledger says of an event when an execution wants to claim it."""

    holder: str
    until: int
    done: bool
    counted: bool


Claim = Literal["duplicate", "mine", "take_over", "ask_holder"]


def claim(lease: Lease, execution: str, now: int) -> Claim:
    """Decide a contended claim. Only *done* suppresses; a holder that isn't running never does."""
    if lease.done:
        return "duplicate"
    if lease.holder == execution:
        return "mine"
    return "take_over" if lease.until <= now else "ask_holder"
