"""Link Customer, at first contact: write ``stripe_customer_id`` on the user, and our own map.

The one write that is ever made to the users table. A conflict means that somebody linked the user
in between: the machine then resolves the user again.
"""

from billing.contracts.steps import LinkCustomerInput
from billing.linking import link_customer as link
from billing.runtime import Ports, step_handler


def link_customer(request: LinkCustomerInput, ports: Ports) -> LinkCustomerInput:
    """Link user and customer. Idempotent.

    Raises:
        UserNotFound: the user is gone.
        UserConflict: user or customer is linked with another.
    """
    link(ports.users, ports.customers, request.user_id, request.customer_id, request.replaces)
    return request


handler = step_handler(LinkCustomerInput, link_customer)
