"""Link a customer whom our map doesn't know with the user of ours who owns it.

No event came to do so: the customer is of before our time, or its events were lost. Whose it is
follows the rule of Resolve User.
"""

from collections.abc import Iterable

from billing.contracts.stripe_objects import StripeSubscription, named_user
from billing.domain.errors import UserConflict, UserNotFound
from billing.linking import claimant_of, link_customer
from billing.reconciling.look import Look


def link_to_owner(
    customer_id: str, subscriptions: Iterable[StripeSubscription], look: Look
) -> str | None:
    """Link a customer, and give the user; None where it is no user's of ours.

    Raises:
        StripeNotFound: Stripe doesn't have the customer.
        StripeUnavailable: Stripe didn't answer.
    """
    ports = look.ports
    named = named_user(subscription.metadata or {} for subscription in subscriptions)
    try:
        user = claimant_of(customer_id, named, ports.users, ports.stripe)
        if user is None:
            return None
        link_customer(
            ports.users, ports.customers, user.id, customer_id, replaces=user.stripe_customer_id
        )
    except (UserConflict, UserNotFound):
        # Of another product, which names its own users, or linked otherwise in this very moment.
        return None
    look.findings.found("unlinked_customer", customer_id, healed=True)
    return user.id
