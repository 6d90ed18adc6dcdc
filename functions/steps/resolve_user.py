"""Resolve User, in every machine that works on a customer's event: find whose customer it is.

Our own map answers for every customer that was ever linked; at first contact the users table does,
or whom the object names. A customer that isn't ours is set aside, listed for ops: a Stripe account
may serve other products too.
"""

from billing.contracts.steps import ResolveUserInput, ResolveUserOutput
from billing.contracts.stripe_events import StripeEvent
from billing.leasing import holding
from billing.linking import claimant_of
from billing.runtime import Ports, step_handler


def resolve_user(request: ResolveUserInput, ports: Ports) -> ResolveUserOutput:
    """Say whose customer the event is about.

    Raises:
        UserNotFound: the event names a user that isn't there (yet).
        LeaseLost: another execution holds the event.
        StripeNotFound: Stripe doesn't have the customer.
        StripeUnavailable: Stripe didn't answer.
    """
    event = request.event
    customer_id = event.customer_id or _payer(event, ports)
    if customer_id is None:
        _set_aside(request, None, ports)
        return ResolveUserOutput(attribution="unattributed")
    return (
        _linked(customer_id, ports)
        or _first_contact(event, customer_id, ports)
        or _unattributed(request, customer_id, ports)
    )


def _payer(event: StripeEvent, ports: Ports) -> str | None:
    """Whose payment a refund or a dispute is about: they name no customer."""
    payment = event.payment_intent_id
    customer_id: str | None = ports.stripe.customer_of_payment(payment) if payment else None
    return customer_id


def _linked(customer_id: str, ports: Ports) -> ResolveUserOutput | None:
    user_id = ports.customers.user_of(customer_id)
    if user_id is None:
        return None
    return ResolveUserOutput(attribution="linked", user_id=user_id, customer_id=customer_id)


def _first_contact(event: StripeEvent, customer_id: str, ports: Ports) -> ResolveUserOutput | None:
    user = claimant_of(customer_id, event.named_user_id, ports.users, ports.stripe)
    if user is None:
        return None
    return ResolveUserOutput(
        attribution="first_contact",
        user_id=user.id,
        customer_id=customer_id,
        replaces=user.stripe_customer_id,
    )


def _unattributed(request: ResolveUserInput, customer_id: str, ports: Ports) -> ResolveUserOutput:
    """Set the event aside, unless its customer was linked meanwhile: then that missed this one."""
    _set_aside(request, customer_id, ports)
    return _linked(customer_id, ports) or ResolveUserOutput(
        attribution="unattributed", customer_id=customer_id
    )


def _set_aside(request: ResolveUserInput, customer_id: str | None, ports: Ports) -> None:
    event_id, execution = request.event.id, request.execution
    holding(
        event_id,
        execution,
        ports,
        lambda: ports.ledger.set_aside(event_id, execution, "unattributed", customer_id),
    )


handler = step_handler(ResolveUserInput, resolve_user)
