"""Say whose a Stripe customer is, and link it: on the user's own item first, then in our map.

A customer that the map knows as another's is refused before anything is written. All writes are
conditional and idempotent: a crash between them is mended by running again. A customer that gives
way is retired first, so that no late event of it can ever take its successor's place.
"""

from typing import Protocol

from billing.contracts.stripe_objects import StripeCustomer
from billing.domain.errors import StripeNotFound, UserConflict, UserNotFound
from billing.store.customers import CustomerStore
from billing.store.users import User, UserStore


class CustomerReads(Protocol):
    """What linking asks of Stripe."""

    def customer(self, customer_id: str) -> StripeCustomer: ...


def link_customer(
    users: UserStore,
    customers: CustomerStore,
    user_id: str,
    customer_id: str,
    replaces: str | None = None,
) -> None:
    """Link them; ``replaces`` is a customer linked before, which Stripe reports deleted.

    Raises:
        UserNotFound: there is no such user.
        UserConflict: the user has another customer, or the customer another user.
    """
    user = users.find(user_id)
    if user is None:
        raise UserNotFound(f"user {user_id} does not exist")
    if customers.user_of(customer_id) not in (None, user_id):
        raise UserConflict(f"customer {customer_id} belongs to another user than {user_id}")
    if replaces not in (None, customer_id):
        customers.retire(replaces, user_id)
    if not users.link(user, customer_id, replaces):
        raise UserConflict(f"user {user_id} is linked with another customer than {customer_id}")
    if not customers.assign(customer_id, user_id):
        raise UserConflict(f"customer {customer_id} is another user's, or has given way to another")


def owner_of(customer_id: str, users: UserStore, customers: CustomerStore) -> str | None:
    """Say whose a customer is: our map's user, else the one user who claims it, else nobody's.

    The claim is an attribute of the SaaS's own table, which nothing makes unique; our map is.
    """
    owner = customers.user_of(customer_id)
    if owner is not None:
        return owner
    claimant = users.of_customer(customer_id)
    return claimant.id if claimant else None


def claimant_of(
    customer_id: str, named: str | None, users: UserStore, stripe: CustomerReads
) -> User | None:
    """Say with whom a customer that our map doesn't know may be linked; None where with nobody.

    The users table may know the customer from before our time; else the user counts whom its
    objects name (our API puts the user on everything it makes), and only where they agree.

    Raises:
        UserNotFound: ``named`` isn't there (yet).
        StripeNotFound: Stripe doesn't have the customer.
        StripeUnavailable: Stripe didn't answer.
    """
    user = users.of_customer(customer_id) or _named(customer_id, named, users)
    if user is None or not _may_link(user, customer_id, stripe):
        return None
    return user


def _named(customer_id: str, named: str | None, users: UserStore) -> User | None:
    if named is None:
        return None
    user = users.find(named)
    if user is None:
        raise UserNotFound(f"{customer_id} is said to be of user {named}, who does not exist")
    return user


def _may_link(user: User, customer_id: str, stripe: CustomerReads) -> bool:
    """A customer that Stripe has may be linked, in place of one only once that was deleted.

    One that Stripe doesn't have (of another account, or a deleted test clock) is an error here,
    before anything is written.
    """
    stripe.customer(customer_id)
    linked = user.stripe_customer_id
    return linked in (None, customer_id) or _is_deleted(linked, stripe)


def _is_deleted(customer_id: str, stripe: CustomerReads) -> bool:
    """Whether Stripe says that it was; one that it doesn't know may be of another account."""
    try:
        return stripe.customer(customer_id).deleted
    except StripeNotFound:
        return False
