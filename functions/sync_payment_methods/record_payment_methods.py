"""Record Payment Methods, in ``sync_payment_methods``: bring the record's payment methods to date.

Guards that no event is taken for the whole: each tells of one payment method, so all are read from
Stripe.
"""

from billing.applying import recorded
from billing.contracts.steps import LifecycleInput, LifecycleOutput
from billing.runtime import Ports, step_handler


def record_payment_methods(request: LifecycleInput, ports: Ports) -> LifecycleOutput:
    """Apply ``payment_method.*`` or ``customer.updated``.

    Raises as ``billing.applying.recorded`` does.
    """
    return recorded(request, ports)


handler = step_handler(LifecycleInput, record_payment_methods)
