"""Say whose a Stripe customer is, and link it: on the user's own item first, then in our map.

A customer that the map knows as another's is refused before anything is written. All writes are
conditional and idempotent: a crash between them is mended by running again. A customer that gives
way is retired first, so that no late event of it can ever take its successor's place.
"""

from billing.domain.errors import UserConflict, UserNotFound
from billing.store.customers import CustomerStore
from billing.store.users import UserStore


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
