"""Writes to Stripe for a user, one number each (``billing.domain.operation``).

Whoever writes loads the record first, then looks at Stripe, then writes under the record's number:
so a number that was still unsettled when Stripe was looked at guards against whatever happened
since. What comes back as None was another write's number: look again.
"""

from collections.abc import Callable
from typing import TypeVar

from billing.domain.errors import (
    ContractViolation,
    PaymentDeclined,
    RecordContended,
    StripeRejected,
    StripeUnavailable,
)
from billing.domain.operation import operation_key, settled
from billing.domain.record import Record
from billing.store.records import RecordStore

Answer = TypeVar("Answer")

#: Looks before a contended user is left to the caller's next try.
TURNS = 12


class Operations:
    """Makes the writes and counts them."""

    def __init__(self, records: RecordStore) -> None:
        self._records = records

    def write(self, record: Record, call: Callable[[str], Answer]) -> Answer | None:
        """Make one write with the key of the record's number; None where that was used already.

        Raises:
            PaymentDeclined, StripeRejected: Stripe's answer, for good: the next write has another
                number. So it has after a ContractViolation, an answer that we can't read.
            StripeUnavailable: nobody knows what came of it. The next try has the same number.
        """
        key = operation_key(record.user_id, record.op_seq)
        try:
            answer = call(key)
        except (ContractViolation, PaymentDeclined, StripeRejected):
            self._settle(record)
            raise
        except StripeUnavailable as error:
            if not error.saved:
                raise
            self._settle(record)
            return None
        self._settle(record)
        return answer

    def _settle(self, record: Record) -> None:
        """Move on from the record's number, unless somebody has."""
        current = record
        for _ in range(TURNS):
            if current.op_seq != record.op_seq:
                return
            after = settled(current).model_copy(update={"version": current.version + 1})
            if self._records.save(after, replacing=current.version):
                return
            current = self._records.load(record.user_id)
        raise RecordContended(f"the record of user {record.user_id} is contended")
