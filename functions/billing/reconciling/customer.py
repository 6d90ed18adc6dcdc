"""Compare everything of one customer: what ops ask for.

Guards that nobody is told that all is well with a customer who can't be healed: the run fails.
"""

from billing.contracts.reconcile import Cursor
from billing.domain.record import TERMINAL
from billing.reconciling.first_contact import link_to_owner
from billing.reconciling.look import Look
from billing.reconciling.mending import check


def compare_customer(look: Look) -> Cursor | None:
    """Bring a customer's record up to what Stripe holds; it is one page, so there are no more."""
    customer_id, user_id = look.run.customer_id, look.run.user_id
    assert customer_id is not None, "a run of one customer names it"
    look.findings.looked_at("customers", 1)
    if user_id is None:
        subscriptions = look.ports.stripe.subscriptions_of(customer_id).value
        user_id = link_to_owner(customer_id, subscriptions, look)
    if user_id is None:
        look.findings.found("unknown_customer", customer_id)
        return None
    for kind in look.ports.reducer.heal(user_id, customer_id, look.run.id):
        look.findings.found(kind, customer_id, healed=True)
    own = look.ports.records.load(user_id).subscription
    if own is not None and own.status not in TERMINAL:
        check(own.subscription_id, user_id, look)
    return None
