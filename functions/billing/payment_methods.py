"""What a customer pays with: set up, attached, made the default, detached.

Each is a loop: load the record, look at Stripe, make the writes that are missing, until all is so.
What is so already succeeds and writes nothing; what another try began is carried on. At the end the
record is brought up to it, before any event tells. Guards that nobody touches another customer's.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, Protocol, TypeVar

from billing.contracts.stripe_objects import (
    StripeCustomer,
    StripeInvoice,
    StripePaymentAttempt,
    StripePaymentMethod,
    StripeSetupIntent,
    StripeSubscription,
)
from billing.contracts.stripe_plans import StripePlannedSchedule
from billing.domain.decide import at_customer, at_payments
from billing.domain.errors import (
    PaymentDeclined,
    PaymentMethodInUse,
    PaymentMethodNotFound,
    RecordContended,
    StripeNotFound,
    StripeRejected,
)
from billing.domain.operation import operation_key, settled
from billing.domain.payment_methods import invoice_to_pay
from billing.domain.record import LIVE, OWING, Invoice, Record
from billing.enrolment import Enrolled, Enrolment
from billing.gateway.fetched import Fetched
from billing.operations import TURNS
from billing.runtime import Ports
from billing.store.users import User

Result = TypeVar("Result")
Params = dict[str, Any]
Write = Callable[[str], object]


class PaymentMethodCalls(Protocol):
    """What this asks of Stripe."""

    def payment_method(self, method_id: str) -> StripePaymentMethod: ...

    def subscriptions_of(self, customer_id: str) -> Fetched[tuple[StripeSubscription, ...]]: ...

    def schedule(self, schedule_id: str) -> StripePlannedSchedule: ...

    def invoices_of_subscription(self, subscription_id: str) -> tuple[Invoice, ...]: ...

    def payment_of_invoice(self, invoice_id: str) -> StripePaymentAttempt | None: ...

    def create_setup_intent(self, params: Params, key: str) -> StripeSetupIntent: ...

    def attach_payment_method(
        self, method_id: str, customer_id: str, key: str
    ) -> StripePaymentMethod: ...

    def detach_payment_method(self, method_id: str, key: str) -> StripePaymentMethod: ...

    def update_customer(self, customer_id: str, params: Params, key: str) -> StripeCustomer: ...

    def update_subscription(
        self, subscription_id: str, params: Params, key: str
    ) -> StripeSubscription: ...

    def update_schedule(self, schedule_id: str, params: Params, key: str) -> object: ...

    def pay_invoice(self, invoice_id: str, key: str) -> StripeInvoice: ...


class IsSo(NamedTuple):
    """It is so; with a secret, what is owed waits for its customer to confirm the payment."""

    client_secret: str | None = None


class PaymentMethods:
    """Carries out what customers want of their payment methods.

    Whatever it does may raise:
        RecordContended: others won the record every time.
        StripeUnavailable: Stripe didn't answer; the next call carries on.
        UserConflict: the user names a customer that may be another user's.
    """

    def __init__(self, ports: Ports) -> None:
        self._enrolment = Enrolment(ports)
        self._records = ports.records
        self._reducer = ports.reducer
        self._operations = ports.operations
        self._stripe: PaymentMethodCalls = ports.stripe

    def set_up(self, user: User) -> StripeSetupIntent:
        """Begin to set up a payment method, which the customer's browser goes on with."""
        return self._until_so(user, self._set_up)

    def attach(self, user: User, method_id: str) -> None:
        """Put a payment method on file.

        Raises:
            PaymentDeclined: its bank refuses it.
            PaymentMethodNotFound: it is another customer's, or there is none that can be attached.
        """
        self._until_so(user, lambda enrolled: self._attach(enrolled, method_id))
        self._note(user.id, payments=False)

    def make_default(self, user: User, method_id: str) -> IsSo:
        """Charge this payment method from now on, and what is overdue at once.

        Raises:
            PaymentDeclined: it is the default, but what is overdue couldn't be charged.
            PaymentMethodNotFound: it isn't one of the customer's.
        """
        self._require_customer(user)
        try:
            done = self._until_so(user, lambda enrolled: self._make_default(enrolled, method_id))
        except PaymentDeclined:
            self._note(user.id)
            raise
        self._note(user.id)
        return done

    def detach(self, user: User, method_id: str) -> None:
        """Take a payment method off file, for good.

        Raises:
            PaymentMethodInUse: a subscription is paid with it, or would be.
            PaymentMethodNotFound: it isn't one of the customer's.
        """
        self._require_customer(user)
        self._until_so(user, lambda enrolled: self._detach(enrolled, method_id))
        self._note(user.id, payments=False)

    # -- Turns: each gives None where the record is to be looked at again -----------------------

    def _set_up(self, enrolled: Enrolled) -> StripeSetupIntent | None:
        params = {
            "customer": enrolled.customer.id,
            "usage": "off_session",
            "automatic_payment_methods": {"enabled": True},
            "metadata": {"user_id": enrolled.record.user_id},
        }
        return self._operations.write(
            enrolled.record, lambda key: self._stripe.create_setup_intent(params, key)
        )

    def _attach(self, enrolled: Enrolled, method_id: str) -> IsSo | None:
        record, customer = enrolled
        owner = self._find(method_id).customer
        if owner == customer.id:
            return IsSo()
        if owner is not None:
            raise PaymentMethodNotFound(f"{method_id} is another customer's")
        try:
            attached = self._operations.write(
                record,
                lambda key: self._stripe.attach_payment_method(method_id, customer.id, key),
            )
        except StripeRejected as error:
            if self._find(method_id).customer is not None:
                return None  # somebody was faster
            raise PaymentMethodNotFound(f"{method_id} can't be attached: {error}") from error
        return IsSo() if attached is not None else None

    def _make_default(self, enrolled: Enrolled, method_id: str) -> IsSo | None:
        record, customer = enrolled
        if self._find(method_id).customer != customer.id:
            raise PaymentMethodNotFound(f"{method_id} isn't customer {customer.id}'s")
        subscriptions = self._live_subscriptions(customer)
        for write in self._writes(customer, subscriptions, method_id):
            try:
                made = self._operations.write(record, write)
            except PaymentDeclined:  # nothing was charged: it was detached meanwhile
                return None
            if made is None:
                return None
            # What was seen holds for the next number too: whoever wrote since has taken it.
            record = settled(record)
        return self._pay_debt(record, subscriptions, method_id)

    def _detach(self, enrolled: Enrolled, method_id: str) -> IsSo | None:
        record, customer = enrolled
        owner = self._find(method_id).customer
        if owner is None and _lists(record, method_id):
            return IsSo()
        if owner not in (None, customer.id):
            raise PaymentMethodNotFound(f"{method_id} is another customer's")
        if owner is not None and self._is_in_use(customer, method_id):
            raise PaymentMethodInUse(f"{method_id} pays for a subscription")
        try:
            detached = self._operations.write(
                record, lambda key: self._stripe.detach_payment_method(method_id, key)
            )
        except StripeRejected as error:
            # Nobody's now: had we detached it, Stripe would have repeated its lost answer.
            if owner is None:
                raise PaymentMethodNotFound(f"{method_id} is nobody's") from error
            raise
        return IsSo() if detached is not None else None

    # -- The default ----------------------------------------------------------------------------

    def _writes(
        self, customer: StripeCustomer, subscriptions: Sequence[StripeSubscription], method_id: str
    ) -> Iterator[Write]:
        """What is missing until all is charged to the customer's default."""
        settings = customer.invoice_settings
        if settings is None or settings.default_payment_method != method_id:
            yield self._update_customer(customer.id, method_id)
        for subscription in subscriptions:
            if subscription.schedule and self._plans_with_another(subscription.schedule, method_id):
                yield self._update_schedule(subscription.schedule, method_id)
            if own := _own_methods(subscription, method_id):
                yield self._update_subscription(subscription.id, dict.fromkeys(own, ""))

    def _plans_with_another(self, schedule_id: str, method_id: str) -> bool:
        """Whether the next phase would give the subscription another method of its own."""
        settings = self._stripe.schedule(schedule_id).default_settings
        return settings is not None and settings.default_payment_method not in (None, method_id)

    def _update_customer(self, customer_id: str, method_id: str) -> Write:
        params = {"invoice_settings": {"default_payment_method": method_id}}
        return lambda key: self._stripe.update_customer(customer_id, params, key)

    def _update_subscription(self, subscription_id: str, params: Params) -> Write:
        return lambda key: self._stripe.update_subscription(subscription_id, params, key)

    def _update_schedule(self, schedule_id: str, method_id: str) -> Write:
        params = {"default_settings": {"default_payment_method": method_id}}
        return lambda key: self._stripe.update_schedule(schedule_id, params, key)

    # -- What is overdue ------------------------------------------------------------------------

    def _pay_debt(
        self, record: Record, subscriptions: Sequence[StripeSubscription], method_id: str
    ) -> IsSo | None:
        """Pay what the record's subscription owes; of a further one nothing is charged."""
        ours = record.subscription.subscription_id if record.subscription else None
        subscription = next((s for s in subscriptions if s.id == ours), None)
        if subscription is None or subscription.status not in OWING or not subscription.collected:
            return IsSo()
        invoices = self._stripe.invoices_of_subscription(subscription.id)
        invoice = invoice_to_pay(subscription.projected(), invoices)
        return IsSo() if invoice is None else self._pay(record, invoice.invoice_id, method_id)

    def _pay(self, record: Record, invoice_id: str, method_id: str) -> IsSo | None:
        attempt = self._stripe.payment_of_invoice(invoice_id)
        if attempt is not None:
            if attempt.status == "processing":  # by whichever method: it can't be stopped
                return IsSo()
            if attempt.status == "requires_action" and attempt.payment_method == method_id:
                return IsSo(attempt.client_secret)
        try:
            paid = self._operations.write(
                record, lambda key: self._stripe.pay_invoice(invoice_id, key)
            )
        except PaymentDeclined:
            attempt = self._stripe.payment_of_invoice(invoice_id)
            if attempt is None or not attempt.wants_confirmation:
                raise
            return IsSo(attempt.client_secret)
        return IsSo() if paid is not None else None

    # -- Looking --------------------------------------------------------------------------------

    def _until_so(self, user: User, turn: Callable[[Enrolled], Result | None]) -> Result:
        refused = False
        for _ in range(TURNS):
            try:
                result = turn(self._enrolment.enrol(user))
            except StripeRejected:
                if refused:
                    raise
                refused = True  # what was seen may have changed meanwhile: look once more
                continue
            if result is not None:
                return result
        raise RecordContended(f"the payment methods of user {user.id} are contended")

    def _require_customer(self, user: User) -> None:
        """Whoever isn't a customer yet has no payment methods, and needn't become one for that."""
        known = user.stripe_customer_id or self._records.load(user.id).customer_id
        if known is None:
            raise PaymentMethodNotFound(f"user {user.id} has no customer")

    def _find(self, method_id: str) -> StripePaymentMethod:
        try:
            return self._stripe.payment_method(method_id)
        except StripeNotFound as error:
            raise PaymentMethodNotFound(str(error)) from error

    def _live_subscriptions(self, customer: StripeCustomer) -> list[StripeSubscription]:
        listed = self._stripe.subscriptions_of(customer.id).value
        return [subscription for subscription in listed if subscription.status in LIVE]

    def _is_in_use(self, customer: StripeCustomer, method_id: str) -> bool:
        """Whether a live subscription names it, or there is one whose customer's default it is."""
        settings = customer.invoice_settings
        defaults = {settings.default_payment_method if settings else None, customer.default_source}
        return any(
            method_id in defaults | {s.default_payment_method, s.default_source}
            for s in self._live_subscriptions(customer)
        )

    def _note(self, user_id: str, *, payments: bool = True) -> None:
        """Bring the record up to what Stripe has now; of a deleted customer its event tells."""
        record = self._records.load(user_id)
        assert record.customer_id is not None, "it was enrolled"
        operation = operation_key(user_id, record.op_seq)
        for decide_on in (at_customer, at_payments) if payments else (at_customer,):
            with suppress(StripeNotFound):
                self._reducer.look_again(user_id, record.customer_id, operation, decide_on)


def _own_methods(subscription: StripeSubscription, method_id: str) -> list[str]:
    """The settings by which a subscription is charged to another than its customer's default."""
    own = {
        "default_payment_method": subscription.default_payment_method,
        "default_source": subscription.default_source,
    }
    return [name for name, value in own.items() if value not in (None, method_id)]


def _lists(record: Record, method_id: str) -> bool:
    """Whether the record knows it as the customer's: then it was, a moment ago."""
    methods = record.customer.payment_methods if record.customer else ()
    return any(method.payment_method_id == method_id for method in methods)
