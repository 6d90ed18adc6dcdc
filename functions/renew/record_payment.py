"""Record Payment, in ``renew``: apply a settled invoice to the user's record.

Guards that access comes back with the payment, and not only when the execution that waits for the
end of grace looks again.
"""

from billing.applying import recorded
from billing.contracts.steps import LifecycleInput, LifecycleOutput
from billing.runtime import Ports, step_handler


def record_payment(request: LifecycleInput, ports: Ports) -> LifecycleOutput:
    """Apply ``invoice.paid`` or ``invoice.voided``.

    Raises as ``billing.applying.recorded`` does.
    """
    return recorded(request, ports)


handler = step_handler(LifecycleInput, record_payment)
