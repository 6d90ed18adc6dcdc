"""Claim Event, in every machine: lease a Stripe event to this execution, or find that it is taken.

Guards that an event is worked on by one execution at a time and finished once, however often it is
delivered: only *done* suppresses it, so a holder that failed or died is taken over.
"""

from billing.contracts.steps import ClaimEventInput, ClaimEventOutput
from billing.leasing import may_claim
from billing.metrics import Metric, measure
from billing.runtime import Ports, step_handler


def claim_event(request: ClaimEventInput, ports: Ports) -> ClaimEventOutput:
    """Claim the event and count this delivery, once however often the step runs.

    Raises:
        LeaseLost: the lease changed hands meanwhile; run again.
    """
    event_id, execution, now = request.event.id, request.execution, ports.now()
    standing = ports.ledger.open(request.event, request.source, execution, now)
    if standing is None:
        measure(Metric.EVENT_AGE, now - request.event.created)
        return ClaimEventOutput(claimed=True)
    claimed = may_claim(standing, execution, ports)
    if claimed:
        ports.ledger.take(event_id, execution, standing, now)
    else:
        measure(Metric.DUPLICATE_IGNORED)
    if not standing.counted:
        ports.ledger.count(event_id, execution)
    return ClaimEventOutput(claimed=claimed)


handler = step_handler(ClaimEventInput, claim_event)
