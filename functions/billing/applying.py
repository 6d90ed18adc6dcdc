"""What the steps that apply an event have in common: hold the lease, and let the reducer decide."""

from collections.abc import Callable

from billing.contracts.steps import LifecycleInput, LifecycleOutput
from billing.contracts.stripe_events import StripeEvent
from billing.domain.events import BillingEvent
from billing.leasing import holding
from billing.runtime import Ports


def recorded(
    request: LifecycleInput, ports: Ports, read: Callable[[StripeEvent], BillingEvent]
) -> LifecycleOutput:
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
    return LifecycleOutput(outcome=entry.outcome, facts=entry.facts)
