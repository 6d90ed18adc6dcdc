"""Resolve User, in every machine that works on a customer's event: find whose customer it is.

Our own map answers for every customer that was ever linked. What the object names (our API puts
the user on everything it makes) counts only at first contact, and only where it agrees. A customer
that isn't ours is set aside, listed for ops: a Stripe account may serve other products too.
"""

from billing.contracts.steps import ResolveUserInput, ResolveUserOutput
from billing.domain.errors import UserNotFound
from billing.runtime import Ports, step_handler
from billing.store.users import User


def resolve_user(request: ResolveUserInput, ports: Ports) -> ResolveUserOutput:
    """Say whose customer the event is about.

    Raises:
        UserNotFound: the event names a user that isn't there (yet).
        LeaseLost: another execution holds the event.
    """
    event = request.event
    customer_id = event.customer_id
    known = ports.customers.user_of(customer_id) if customer_id else None
    if known is not None:
        return ResolveUserOutput(attribution="linked", user_id=known, customer_id=customer_id)
    named = event.named_user_id
    if customer_id and named:
        user = ports.users.find(named)
        if user is None:
            raise UserNotFound(f"{event.id} names user {named}, who does not exist")
        if _may_link(user, customer_id, ports):
            return ResolveUserOutput(
                attribution="first_contact",
                user_id=user.id,
                customer_id=customer_id,
                replaces=user.stripe_customer_id,
            )
    ports.ledger.set_aside(event.id, request.execution, "unattributed")
    return ResolveUserOutput(attribution="unattributed", customer_id=customer_id)


def _may_link(user: User, customer_id: str, ports: Ports) -> bool:
    """A linked customer gives way only once Stripe says that it was deleted."""
    linked = user.stripe_customer_id
    return linked in (None, customer_id) or ports.stripe.customer(linked).deleted


handler = step_handler(ResolveUserInput, resolve_user)
