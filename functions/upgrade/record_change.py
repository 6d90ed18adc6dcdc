"""Record Change, in ``upgrade``: apply a change of the subscription to the user's record.

Guards that a change counts once Stripe has made it: an update that waits for its payment, or that
a schedule has yet to make, leaves the plan as it is.
"""

from billing.applying import recorded
from billing.contracts.steps import LifecycleInput, LifecycleOutput
from billing.runtime import Ports, step_handler


def record_change(request: LifecycleInput, ports: Ports) -> LifecycleOutput:
    """Apply ``customer.subscription.*``, or an event of the subscription's schedule.

    Raises as ``billing.applying.recorded`` does.
    """
    return recorded(request, ports)


handler = step_handler(LifecycleInput, record_change)
