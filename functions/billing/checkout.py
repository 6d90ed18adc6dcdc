"""Checkout: a user's way into a first subscription, through one slot and so one open session.

Every turn loads the record, makes the one move that it calls for, and saves it on condition that
nobody else moved. So a request that runs twice meets its own traces, and one that died is carried
on by the next: with the number and parameters stored before the call, hence Stripe's first answer.
Where a parameter that isn't stored changed meanwhile (a page's address), Stripe says so; then what
the operation made is looked for, and the next number is used. A customer is always looked for
before it is made: unlike a session it outlasts the day for which Stripe remembers a key.
"""

from typing import Any, Protocol

from billing.contracts.stripe_objects import StripeCheckoutSession, StripeCustomer
from billing.domain.checkout import (
    CheckoutPages,
    answers,
    customer_params,
    is_subscribed,
    opened,
    operation_key,
    refuse_if_subscribed,
    refused,
    released,
    reserved,
    session_params,
    with_one_trial,
)
from billing.domain.errors import (
    CurrencyMismatch,
    RecordContended,
    StripeRejected,
    StripeUnavailable,
    UserConflict,
    UserNotFound,
)
from billing.domain.merge import with_customer
from billing.domain.record import PAID, CheckoutRequest, CheckoutSlot, Record
from billing.linking import link_customer, owner_of
from billing.runtime import Ports
from billing.store.commit import RecordOvertaken
from billing.store.users import User

#: Moves before a contended slot is left to the caller's next try. Four are the longest way alone.
TURNS = 12


class CheckoutCalls(Protocol):
    """What checkout asks of Stripe."""

    def customer(self, customer_id: str) -> StripeCustomer: ...

    def customers_with_email(self, email: str) -> list[StripeCustomer]: ...

    def create_customer(self, params: dict[str, Any], key: str) -> StripeCustomer: ...

    def checkout_session(self, session_id: str) -> StripeCheckoutSession: ...

    def open_checkout_sessions(self, customer_id: str) -> list[StripeCheckoutSession]: ...

    def create_checkout_session(
        self, params: dict[str, Any], key: str
    ) -> StripeCheckoutSession: ...

    def expire_checkout_session(self, session_id: str) -> StripeCheckoutSession: ...


class Checkout:
    """Opens checkout sessions, and takes note of what was bought in them."""

    def __init__(self, ports: Ports, pages: CheckoutPages) -> None:
        self._users = ports.users
        self._customers = ports.customers
        self._records = ports.records
        self._reducer = ports.reducer
        self._stripe: CheckoutCalls = ports.stripe
        self._pages = pages

    def start(self, user: User, request: CheckoutRequest, currency: str) -> StripeCheckoutSession:
        """Return the user's one open session for ``request``, made now or before.

        Raises:
            AlreadySubscribed: there is a subscription, perhaps bought a moment ago.
            CurrencyMismatch: the customer is billed in another currency.
            RecordContended: others won the record every time.
            StripeUnavailable: Stripe didn't answer; the next call carries on.
            UserConflict: the user names a customer that may be another user's.
        """
        for _ in range(TURNS):
            try:
                session = self._move(user, request, currency)
            except RecordOvertaken:
                continue
            if session is not None:
                return session
        raise RecordContended(f"the checkout of user {user.id} is contended")

    def complete(self, user_id: str, session: StripeCheckoutSession) -> Record:
        """Bring the record up to what was bought in ``session``, linking its customer if need be.

        Raises:
            UserConflict: user or customer is linked with another.
        """
        record = self._records.load(user_id)
        if session.customer is None or _shows(record, session):
            return record
        if record.customer_id != session.customer:
            self._link(user_id, session.customer)
        self._reducer.sync_customer(user_id, session.customer, session.id)
        return self._records.load(user_id)

    def _move(
        self, user: User, request: CheckoutRequest, currency: str
    ) -> StripeCheckoutSession | None:
        """Make the next move; None where the record is to be looked at again."""
        record = self._records.load(user.id)
        slot, request = record.checkout, with_one_trial(request, record)
        if slot is not None and slot.session_id is not None:
            session = self._stripe.checkout_session(slot.session_id)
            if session.status == "open" and answers(slot, request) and not is_subscribed(record):
                return session
            self._close(record, session)
            return None
        # Only now: whoever subscribed some other way could pay a session left open as well.
        refuse_if_subscribed(record)
        if slot is None:
            self._reserve(record, user, request, currency)
            return None
        session = self._create_session(record, slot)
        return session if answers(slot, request) else None

    def _reserve(self, record: Record, user: User, request: CheckoutRequest, currency: str) -> None:
        """Take the slot, unless the customer is new to us: what it has bought comes first."""
        customer = self._linked_customer(record, user)
        if customer is None:
            customer = self._new_customer(record, user)
        elif customer.id != record.customer_id:
            self._link(user.id, customer.id)
            self._reducer.sync_customer(user.id, customer.id)
            return
        if customer.currency not in (None, currency):
            raise CurrencyMismatch(f"customer {customer.id} pays in {customer.currency}")
        self._save(record, reserved(with_customer(record, customer.id), request))

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

    def _new_customer(self, record: Record, user: User) -> StripeCustomer:
        """Make a customer and link it, unless a try whose answer was lost has made one."""
        customer = self._customer_made_for(user) or self._create_customer(record, user)
        self._link(user.id, customer.id)
        return customer

    def _customer_made_for(self, user: User) -> StripeCustomer | None:
        """Find what an earlier try made: Stripe forgets its key after a day, or keeps a 500 for it.

        An e-mail address that changed since finds nothing: then what was made is never linked.
        """
        found = self._stripe.customers_with_email(user.email) if user.email else []
        ours = (c for c in found if (c.metadata or {}).get("user_id") == user.id)
        return next(ours, None)

    def _create_customer(self, record: Record, user: User) -> StripeCustomer:
        """Create a customer. Repeated within a day, Stripe answers with the same one."""
        params = customer_params(user.id, user.email, user.first_name, user.last_name)
        try:
            return self._stripe.create_customer(params, operation_key(user.id, record.op_seq))
        except StripeRejected:
            self._save(record, refused(record))
            raise
        except StripeUnavailable as error:
            if error.saved:
                self._save(record, refused(record))
            raise

    def _link(self, user_id: str, customer_id: str) -> None:
        """Link user and customer; a customer linked before gives way only if Stripe deleted it."""
        user = self._users.find(user_id)
        if user is None:
            raise UserNotFound(f"user {user_id} does not exist")
        linked = user.stripe_customer_id
        gone = linked not in (None, customer_id) and self._stripe.customer(linked).deleted
        link_customer(
            self._users, self._customers, user_id, customer_id, replaces=linked if gone else None
        )

    def _create_session(self, record: Record, slot: CheckoutSlot) -> StripeCheckoutSession:
        assert record.customer_id is not None  # the slot is taken with the customer
        params = session_params(slot, record.user_id, record.customer_id, self._pages)
        key = operation_key(record.user_id, slot.op_seq)
        try:
            session = self._stripe.create_checkout_session(params, key)
        except StripeRejected:
            self._save(record, refused(record))
            raise
        except StripeUnavailable as error:
            if error.saved:
                self._expire_unknown(record.user_id, record.customer_id)
                self._save(record, refused(record))
            raise
        self._save(record, opened(record, slot, session.id))
        return session

    def _expire_unknown(self, user_id: str, customer_id: str) -> None:
        """Close what an operation made whose key gives no other answer any more, if anything."""
        for session in self._stripe.open_checkout_sessions(customer_id):
            if session.mode == "subscription" and session.client_reference_id == user_id:
                self._stripe.expire_checkout_session(session.id)

    def _close(self, record: Record, session: StripeCheckoutSession) -> None:
        """Free the slot of a session that can't serve; paid in the last moment, learn of it."""
        if session.status == "open":
            session = self._stripe.expire_checkout_session(session.id)
        if session.status == "complete":
            self.complete(record.user_id, session)
        else:
            self._save(record, released(record))

    def _save(self, before: Record, after: Record) -> None:
        if not self._records.save(after, replacing=before.version):
            raise RecordOvertaken


def _shows(record: Record, session: StripeCheckoutSession) -> bool:
    """Whether the record has what the session sold already, and needs nothing more of it."""
    subscription, slot = record.subscription, record.checkout
    return (
        subscription is not None
        and subscription.subscription_id == session.subscription
        and subscription.status in PAID
        and (slot is None or slot.session_id != session.id)
    )
