"""What follows from the rest of a record, and is stored for its indexes and to chain what is told.

Access itself isn't: ``access_level`` is only what was last announced.
"""

from typing import Any

from billing.domain.access import access_of
from billing.domain.attention import attention_of
from billing.domain.dunning import dunning_of
from billing.domain.policy import Policy
from billing.domain.record import Dunning, Record

#: What may differ between two records that say the same.
_INCIDENTAL: Any = {
    **dict.fromkeys(("version", "updated_at", "last_event_id", "stamp", "customer_stamp"), True),
    "invoices": {"__all__": {"as_of"}},
}


def with_derived(record: Record, policy: Policy, now: int, waiter: str | None = None) -> Record:
    """Derive dunning, the level of access and whether somebody should look (``now`` in seconds).

    ``waiter`` is the execution that waits for the end of grace where nobody does yet.
    """
    dunning = dunning_of(record, policy)
    if dunning is not None:
        waiting = _who_waits(record.dunning, dunning, now) or waiter
        dunning = dunning.model_copy(update={"execution": waiting})
    derived = record.model_copy(update={"dunning": dunning})
    return derived.model_copy(
        update={
            "access_level": access_of(derived, policy, now).level,
            "attention_since": (record.attention_since or now) if attention_of(derived) else None,
        }
    )


def _who_waits(before: Dunning | None, after: Dunning, now: int) -> str | None:
    """Who waited goes on waiting, if they wake in time and haven't woken yet.

    A new debt, or a change of policy, moves the end of grace: later, and who has waited for the
    former end is gone; earlier, and they wake too late.
    """
    if before is None:
        return None
    same_end = before.invoice_id == after.invoice_id and before.until == after.until
    wakes_in_time = now < before.until <= after.until
    return before.execution if same_end or wakes_in_time else None


def say_the_same(one: Record, other: Record) -> bool:
    """Whether two records differ in nothing that anybody would ask for."""
    return one.model_dump(exclude=_INCIDENTAL) == other.model_dump(exclude=_INCIDENTAL)
