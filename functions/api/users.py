"""The user whose billing a request is about, and the Stripe customer that is shown as theirs."""

from api.caller import Caller
from api.ports import ApiPorts
from billing.domain.errors import UserNotFound
from billing.linking import owner_of
from billing.observability import log_context
from billing.store.users import User


def admit(caller: Caller, user_id: str) -> None:
    """Let in who may act for this user; what is logged from here on names the user.

    Raises:
        UserNotFound: it is none of the caller's business.
    """
    log_context(user_id=user_id)
    caller.require(user_id)


def admitted(ports: ApiPorts, caller: Caller, user_id: str) -> User:
    """Let in who may act for this user, and find the user.

    Raises:
        UserNotFound: there is no such user, or it is none of the caller's business.
    """
    admit(caller, user_id)
    return existing_user(ports, user_id)


def existing_user(ports: ApiPorts, user_id: str) -> User:
    """Find the user in the SaaS's own table.

    Raises:
        UserNotFound: there is no such user.
    """
    user = ports.users.find(user_id)
    if user is None:
        raise UserNotFound(f"user {user_id} does not exist")
    return user


def customer_of_old(ports: ApiPorts, user: User) -> str | None:
    """The customer of before our time, if it is surely this user's: cards are nobody else's."""
    named = user.stripe_customer_id
    if named is None or owner_of(named, ports.users, ports.customers) != user.id:
        return None
    return named
