"""Checkout: what a user buys on Stripe's hosted page.

A subscription goes through one slot and so one open session. Every turn loads the record, makes the
one move that it calls for, and saves it on condition that nobody else moved. So a request that runs
twice meets its own traces, and one that died is carried on by the next: with the number and
parameters stored before the call, hence Stripe's first answer. Where a parameter that isn't stored
changed meanwhile (a page's address), Stripe says so; then what the operation made is closed, and
the next number is used.
"""

from typing import Any, Protocol

from billing.contracts.stripe_objects import (
    StripeCheckoutSession,
    StripeCustomer,
    StripeMadeCheckoutSession,
    StripePromotionCode,
)
from billing.domain.checkout import (
    CheckoutPages,
    PurchaseRequest,
    answers,
    is_subscribed,
    opened,
    purchase_params,
    refuse_if_subscribed,
    refuse_other_currency,
    released,
    reserved,
    session_params,
    with_one_trial,
)
from billing.domain.errors import (
    BillingError,
    ContractViolation,
    PromotionCodeNotValid,
    RecordContended,
    StripeRejected,
    StripeUnavailable,
)
from billing.domain.operation import operation_key
from billing.domain.record import PAID, CheckoutRequest, CheckoutSlot, Record
from billing.enrolment import Enrolment
from billing.operations import TURNS
from billing.runtime import Ports
from billing.sessions import Sessions
from billing.store.commit import RecordOvertaken
from billing.store.users import User


class CheckoutCalls(Protocol):
    """What checkout asks of Stripe."""

    def checkout_session(self, session_id: str) -> StripeCheckoutSession: ...

    def open_checkout_sessions(self, customer_id: str) -> list[StripeCheckoutSession]: ...

    def create_checkout_session(
        self, params: dict[str, Any], key: str
    ) -> StripeMadeCheckoutSession: ...

    def expire_checkout_session(self, session_id: str) -> StripeCheckoutSession: ...

    def promotion_codes(self, code: str) -> list[StripePromotionCode]: ...


class Checkout:
    """Opens checkout sessions, and takes note of what was bought in them."""

    def __init__(self, ports: Ports, pages: CheckoutPages) -> None:
        self._enrolment = Enrolment(ports)
        self._sessions = Sessions(ports)
        self._records = ports.records
        self._reducer = ports.reducer
        self._stripe: CheckoutCalls = ports.stripe
        self._pages = pages

    def start(self, user: User, request: CheckoutRequest, currency: str) -> StripeCheckoutSession:
        """Return the user's one open session for ``request``, made now or before.

        Raises:
            AlreadySubscribed: there is a subscription, perhaps bought a moment ago.
            CurrencyMismatch: the customer is billed in another currency.
            PromotionCodeNotValid: this customer can't use the code for this.
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

    def start_purchase(
        self, user: User, request: PurchaseRequest, currency: str
    ) -> StripeCheckoutSession:
        """Open a session for something that is bought once, beside a subscription or without one.

        Raises:
            CurrencyMismatch: the customer is billed in another currency.
            RecordContended: others won the record every time.
            StripeUnavailable: Stripe didn't answer; the next call carries on.
            UserConflict: the user names a customer that may be another user's.
        """

        def create(customer: StripeCustomer, key: str) -> StripeMadeCheckoutSession:
            refuse_other_currency(customer.id, customer.currency, currency)
            params = purchase_params(request, user.id, customer.id, self._pages)
            return self._stripe.create_checkout_session(params, key)

        return self._sessions.open(user, create)

    def promotion_code(self, code: str, customer_id: str | None) -> str:
        """Find the id of an active promotion code: the customer's own one before everybody's.

        Raises:
            PromotionCodeNotValid: there is none.
        """
        usable = [
            c for c in self._stripe.promotion_codes(code) if c.customer in (None, customer_id)
        ]
        if not usable:
            raise PromotionCodeNotValid("no active code of this customer's or everybody's")
        return max(usable, key=lambda found: found.customer is not None).id

    def complete(self, user_id: str, session: StripeCheckoutSession) -> Record:
        """Bring the record up to what was bought in ``session``, linking its customer if need be.

        Raises:
            UserConflict: user or customer is linked with another.
        """
        record = self._records.load(user_id)
        if session.customer is None or _shows(record, session):
            return record
        if record.customer_id != session.customer:
            self._enrolment.link(user_id, session.customer)
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
            self._reserve(user, request, currency)
            return None
        return self._create_session(record, slot, request)

    def _reserve(self, user: User, request: CheckoutRequest, currency: str) -> None:
        """Take the slot for the user's customer, who may turn out to have bought already."""
        record, customer = self._enrolment.enrol(user)
        refuse_if_subscribed(record)
        refuse_other_currency(customer.id, customer.currency, currency)
        if record.checkout is None:
            self._save(record, reserved(record, with_one_trial(request, record)))

    def _create_session(
        self, record: Record, slot: CheckoutSlot, request: CheckoutRequest
    ) -> StripeCheckoutSession | None:
        """Make the slot's session; None where it isn't for this request, or never will be."""
        assert record.customer_id is not None  # the slot is taken with the customer
        params = session_params(slot, record.user_id, record.customer_id, self._pages)
        key = operation_key(record.user_id, slot.op_seq)
        try:
            session = self._stripe.create_checkout_session(params, key)
        except (ContractViolation, StripeRejected) as error:
            self._save(record, released(record))
            if not answers(slot, request):
                return None
            if isinstance(error, StripeRejected):
                raise _told_of_code(error, slot) from error
            raise
        except StripeUnavailable as error:
            if not error.saved:
                raise
            self._expire_unknown(record.user_id, record.customer_id)
            self._save(record, released(record))
            return None
        self._save(record, opened(record, slot, session.id))
        return session if answers(slot, request) else None

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


def _told_of_code(error: StripeRejected, slot: CheckoutSlot) -> BillingError:
    """Tell a refusal of the customer's code, by its restrictions, from one that is our fault."""
    about = error.param or ""
    if slot.promotion_code_id and about.startswith(("discounts", "promotion_code", "coupon")):
        return PromotionCodeNotValid(str(error))
    return error


def _shows(record: Record, session: StripeCheckoutSession) -> bool:
    """Whether the record has what the session sold already, and needs nothing more of it."""
    if session.mode == "payment":
        sold = (p for p in record.purchases.values() if p.session_id == session.id)
        return any(purchase.status == "paid" for purchase in sold)
    subscription, slot = record.subscription, record.checkout
    return (
        subscription is not None
        and subscription.subscription_id == session.subscription
        and subscription.status in PAID
        and (slot is None or slot.session_id != session.id)
    )
