"""What the steps that apply an event have in common: hold the lease, and let the reducer decide."""

from billing.contracts.steps import LifecycleInput, LifecycleOutput
from billing.contracts.stripe_events import read
from billing.leasing import holding
from billing.runtime import Ports


def recorded(request: LifecycleInput, ports: Ports) -> LifecycleOutput:
    """Apply the event once; run again, it answers with what was done.

    Raises:
        ContractViolation: the event isn't of a shape that we know.
        LeaseLost: another execution holds the event, and runs.
        RecordContended: others won the record every time.
        StripeUnavailable: Stripe didn't answer.
    """
    event, execution = read(request.event, request.customer_id), request.execution
    entry = holding(
        event.event_id,
        execution,
        ports,
        lambda: ports.reducer.apply_event(event, request.user_id, execution),
    )
    return LifecycleOutput(outcome=entry.outcome, facts=entry.facts)
