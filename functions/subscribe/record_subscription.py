"""Record Subscription, in ``subscribe``: apply the event to the user's record by the reducer.

Guards that record, ledger entry and facts change together or not at all, and that whatever order
the events come in, the record ends equal to what Stripe holds.
"""

from billing.applying import recorded
from billing.contracts.steps import LifecycleInput, LifecycleOutput
from billing.runtime import Ports, step_handler


def record_subscription(request: LifecycleInput, ports: Ports) -> LifecycleOutput:
    """Apply ``customer.subscription.created`` or a session in subscription mode.

    Raises as ``billing.applying.recorded`` does.
    """
    return recorded(request, ports)


handler = step_handler(LifecycleInput, record_subscription)
