"""Record Failure, in ``payment_failure``: apply an unpaid invoice to the user's record.

Guards that a debt has one execution that waits for the end of grace: the one whose event began it.
A further failed attempt is recorded and ends.
"""

from billing.applying import recorded
from billing.contracts.steps import FailureOutput, LifecycleInput
from billing.runtime import Ports, step_handler
from billing.timestamps import iso8601


def record_failure(request: LifecycleInput, ports: Ports) -> FailureOutput:
    """Apply an ``invoice.*`` event, and say whether to wait for the end of grace.

    Raises as ``billing.applying.recorded`` does.
    """
    result = recorded(request, ports)
    dunning = ports.records.load(request.user_id).dunning
    if dunning is not None and dunning.execution == request.execution:
        until = iso8601(dunning.until)
        return FailureOutput(outcome="waiting", facts=result.facts, until=until)
    return FailureOutput(outcome=result.outcome, facts=result.facts)


handler = step_handler(LifecycleInput, record_failure)
