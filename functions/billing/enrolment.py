"""Enrolment: a user's customer at Stripe, found or made, and linked.

A customer is always looked for before it is made: unlike a session it outlasts the day for which
Stripe remembers a key. One that we didn't know is brought into the record with all that it has.
"""

from typing import Any, NamedTuple, Protocol

from billing.contracts.stripe_objects import StripeCustomer
from billing.domain.checkout import customer_params
from billing.domain.errors import RecordContended, UserConflict, UserNotFound
from billing.domain.merge import with_customer
from billing.domain.record import Record
from billing.linking import link_customer, owner_of
from billing.operations import TURNS
from billing.runtime import Ports
from billing.store.users import User


class EnrolmentCalls(Protocol):
    """What enrolment asks of Stripe."""

    def customer(self, customer_id: str) -> StripeCustomer: ...

    def customers_with_email(self, email: str) -> list[StripeCustomer]: ...

    def create_customer(self, params: dict[str, Any], key: str) -> StripeCustomer: ...


class Enrolled(NamedTuple):
    """A record that knows its customer, as it was just before Stripe was asked for it."""

    record: Record
    customer: StripeCustomer


class Enrolment:
    """Gives a user the one customer that is theirs."""

    def __init__(self, ports: Ports) -> None:
        self._users = ports.users
        self._customers = ports.customers
        self._records = ports.records
        self._reducer = ports.reducer
        self._operations = ports.operations
        self._stripe: EnrolmentCalls = ports.stripe

    def enrol(self, user: User) -> Enrolled:
        """Return the user's customer, made and linked if there was none. Idempotent.

        Raises:
            RecordContended: others won the record every time.
            StripeUnavailable: Stripe didn't answer; the next call carries on.
            UserConflict: the user names a customer that may be another user's.
        """
        for _ in range(TURNS):
            record = self._records.load(user.id)
            customer = self._linked_customer(record, user)
            if customer is None:
                self._make(record, user)
            elif customer.id != record.customer_id:
                self.link(user.id, customer.id)
                self._reducer.sync_customer(user.id, customer.id)
            else:
                return Enrolled(record, customer)
        raise RecordContended(f"the record of user {user.id} is contended")

    def link(self, user_id: str, customer_id: str) -> None:
        """Link user and customer; a customer linked before gives way only if Stripe deleted it."""
        user = self._users.find(user_id)
        if user is None:
            raise UserNotFound(f"user {user_id} does not exist")
        linked = user.stripe_customer_id
        gone = linked not in (None, customer_id) and self._stripe.customer(linked).deleted
        link_customer(
            self._users, self._customers, user_id, customer_id, replaces=linked if gone else None
        )

    def _linked_customer(self, record: Record, user: User) -> StripeCustomer | None:
        """The customer that record or user names; one that Stripe reports deleted is none.

        Raises:
            UserConflict: the user names a customer that may be another user's.
        """
        for customer_id in dict.fromkeys((record.customer_id, user.stripe_customer_id)):
            if customer_id is None:
                continue
            customer = self._stripe.customer(customer_id)
            if customer.deleted:
                continue
            ours = customer_id == record.customer_id
            if not ours and owner_of(customer_id, self._users, self._customers) != user.id:
                raise UserConflict(f"customer {customer_id} isn't surely user {user.id}'s")
            return customer
        return None

    def _make(self, record: Record, user: User) -> None:
        """Make a customer, unless a try whose answer was lost has made one; link and note it."""
        params = customer_params(user.id, user.email, user.first_name, user.last_name)
        customer = self._made_for(user) or self._operations.write(
            record, lambda key: self._stripe.create_customer(params, key)
        )
        if customer is None:
            return
        self.link(user.id, customer.id)
        current = self._records.load(user.id)
        known = with_customer(current, customer.id)
        if known != current:
            saved = known.model_copy(update={"version": current.version + 1})
            self._records.save(saved, replacing=current.version)

    def _made_for(self, user: User) -> StripeCustomer | None:
        """Find what an earlier try made: Stripe forgets its key after a day, or keeps a 500 for it.

        An e-mail address that changed since finds nothing: then what was made is never linked.
        """
        found = self._stripe.customers_with_email(user.email) if user.email else []
        ours = (c for c in found if (c.metadata or {}).get("user_id") == user.id)
        return next(ours, None)
