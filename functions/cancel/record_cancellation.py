"""Record Cancellation, in ``cancel``: apply a cancellation to the user's record.

Guards that an end is an end whoever made it (the customer, staff or dunning), and that a further
live subscription of the same customer then takes its place.
"""

from billing.applying import recorded
from billing.contracts.steps import LifecycleInput, LifecycleOutput
from billing.runtime import Ports, step_handler


def record_cancellation(request: LifecycleInput, ports: Ports) -> LifecycleOutput:
    """Apply ``customer.subscription.updated`` or ``.deleted``, or ``customer.deleted``.

    Raises as ``billing.applying.recorded`` does.
    """
    return recorded(request, ports)


handler = step_handler(LifecycleInput, record_cancellation)
