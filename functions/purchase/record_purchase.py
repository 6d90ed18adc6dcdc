"""Record Purchase, in ``purchase``: apply what happened to a one-time purchase.

Guards that a purchase gives what was bought once it is paid, however late, and that a refund or a
lost dispute takes it back.
"""

from billing.applying import recorded
from billing.contracts.steps import LifecycleInput, LifecycleOutput
from billing.runtime import Ports, step_handler


def record_purchase(request: LifecycleInput, ports: Ports) -> LifecycleOutput:
    """Apply a session in payment mode, a refund or a dispute.

    Raises as ``billing.applying.recorded`` does.
    """
    return recorded(request, ports)


handler = step_handler(LifecycleInput, record_purchase)
