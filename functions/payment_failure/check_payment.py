"""Check Payment, in ``payment_failure``: once grace has ended, look whether the debt still stands.

Guards that access isn't restricted for a debt that is paid, though the event that would tell it was
lost, and that a debt which another execution waits for is left to that one. Where Stripe leaves the
subscription active whatever is unpaid, as an account may choose, nothing is restricted.
"""

from billing.contracts.steps import CheckPaymentInput, FailureOutput
from billing.domain.record import PAID, Record
from billing.runtime import Ports, step_handler
from billing.timestamps import iso8601


def check_payment(request: CheckPaymentInput, ports: Ports) -> FailureOutput:
    """Bring the record up to what Stripe holds, and say how the debt stands. Idempotent.

    Raises:
        RecordContended: others won the record every time.
        StripeUnavailable: Stripe didn't answer.
    """
    record, now = ports.reducer.check_debt(request.user_id, request.customer_id, request.execution)
    ports.ledger.settle(request.event_id, ports.now())
    dunning = record.dunning
    if dunning is None:
        return FailureOutput(outcome="recovered" if _is_paid(record) else "applied")
    if dunning.execution != request.execution:
        return FailureOutput(outcome="applied")
    if now < dunning.until:
        return FailureOutput(outcome="waiting", until=iso8601(dunning.until))
    return FailureOutput(outcome="applied" if record.access_level == "full" else "restricted")


def _is_paid(record: Record) -> bool:
    """Whether the debt ended well, rather than with the subscription."""
    return record.subscription is not None and record.subscription.status in PAID


handler = step_handler(CheckPaymentInput, check_payment)
