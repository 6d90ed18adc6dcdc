"""Stripe's pages that a user opens anew each time: the portal, and that of a one-time purchase.

Opening one is a write with a number of its own, so two clicks at once get the same page and a later
one gets another. A page that an earlier try made, whose answer was lost, is handed out only while
it is new: it may have closed since, and nobody has its address.
"""

from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeVar

from billing.contracts.stripe_objects import StripeCustomer
from billing.domain.errors import RecordContended
from billing.enrolment import Enrolment
from billing.operations import TURNS
from billing.runtime import Ports
from billing.store.users import User

#: Within these a page is new: the portal's closes after five minutes if nobody comes.
NEW_SECONDS = 120


class Session(Protocol):
    """A page as Stripe made it."""

    @property
    def created(self) -> int: ...


Opened = TypeVar("Opened", bound=Session)


class Sessions:
    """Opens pages for a user's customer, who is made if there is none."""

    def __init__(self, ports: Ports) -> None:
        self._enrolment = Enrolment(ports)
        self._operations = ports.operations
        self._now = ports.now

    def open(self, user: User, create: Callable[[StripeCustomer, str], Opened]) -> Opened:
        """Open what ``create`` makes, given the customer and the write's idempotency key.

        Raises:
            RecordContended: others won the record every time.
            StripeUnavailable: Stripe didn't answer; the next call carries on.
            UserConflict: the user names a customer that may be another user's.
        """
        for turn in range(TURNS):
            record, customer = self._enrolment.enrol(user)
            session = self._operations.write(record, partial(create, customer))
            # Only the first number may be an earlier try's.
            if session is not None and (turn > 0 or self._is_new(session)):
                return session
        raise RecordContended(f"the record of user {user.id} is contended")

    def _is_new(self, session: Session) -> bool:
        return self._now() - session.created <= NEW_SECONDS
