"""Record Subscription, in ``subscribe``: apply the event to the user's record by the reducer.

Guards that record, ledger entry and facts change together or not at all, and that whatever order
the events come in, the record ends equal to what Stripe holds.
"""

from billing.contracts.steps import RecordSubscriptionInput, RecordSubscriptionOutput
from billing.contracts.stripe_events import read
from billing.leasing import holding
from billing.runtime import Ports, step_handler


def record_subscription(request: RecordSubscriptionInput, ports: Ports) -> RecordSubscriptionOutput:
    """Apply the event once; run again, it answers with what was done.

    Raises:
        ContractViolation: the event isn't of a shape that we know.
        LeaseLost: another execution holds the event, and runs.
        RecordContended: others won the record every time.
        StripeUnavailable: Stripe didn't answer.
    """
    event, execution = read(request.event), request.execution
    entry = holding(
        event.event_id,
        execution,
        ports,
        lambda: ports.reducer.apply_event(event, request.user_id, request.customer_id, execution),
    )
    return RecordSubscriptionOutput(outcome=entry.outcome, facts=entry.facts)


handler = step_handler(RecordSubscriptionInput, record_subscription)
