"""Resolve User, in every machine that works on a customer's event: find whose customer it is.

Our own map answers for every customer that was ever linked. At first contact the users table may
know the customer from before our time; else what the object names counts (our API puts the user on
everything it makes), and only where it agrees. A customer
that isn't ours is set aside, listed for ops: a Stripe account may serve other products too.
"""

from billing.contracts.steps import ResolveUserInput, ResolveUserOutput
from billing.contracts.stripe_events import StripeEvent
from billing.domain.errors import UserNotFound
from billing.leasing import holding
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
    if customer_id is not None:
        user = ports.users.of_customer(customer_id) or _named_user(event, ports)
        if user is not None and _may_link(user, customer_id, ports):
            return ResolveUserOutput(
                attribution="first_contact",
                user_id=user.id,
                customer_id=customer_id,
                replaces=user.stripe_customer_id,
            )
    _set_aside(request, ports)
    return ResolveUserOutput(attribution="unattributed", customer_id=customer_id)


def _named_user(event: StripeEvent, ports: Ports) -> User | None:
    named = event.named_user_id
    if named is None:
        return None
    user = ports.users.find(named)
    if user is None:
        raise UserNotFound(f"{event.id} names user {named}, who does not exist")
    return user


def _set_aside(request: ResolveUserInput, ports: Ports) -> None:
    event_id, execution = request.event.id, request.execution
    holding(
        event_id,
        execution,
        ports,
        lambda: ports.ledger.set_aside(event_id, execution, "unattributed"),
    )


def _may_link(user: User, customer_id: str, ports: Ports) -> bool:
    """A linked customer gives way only once Stripe says that it was deleted."""
    linked = user.stripe_customer_id
    return linked in (None, customer_id) or ports.stripe.customer(linked).deleted


handler = step_handler(ResolveUserInput, resolve_user)
