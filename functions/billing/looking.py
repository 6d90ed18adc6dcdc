"""Look at Stripe as a decision asks for, and merge what it says into the record."""

from typing import Protocol

from billing.contracts.stripe_objects import StripeSubscription
from billing.domain.decide import (
    Apply,
    CheckDebt,
    Decision,
    FetchCustomer,
    FetchPurchase,
    FetchSubscription,
    Ignore,
    Keep,
    ListSubscriptions,
    SyncCustomer,
    yields_to_another,
)
from billing.domain.dunning import debt_of
from billing.domain.events import (
    BillingEvent,
    EventHead,
    InvoiceEvent,
    ReadEvent,
    UnreadInvoice,
)
from billing.domain.merge import (
    with_customer_state,
    with_invoices,
    with_listed,
    with_purchases,
    with_subscription,
)
from billing.domain.record import (
    OWING,
    TERMINAL,
    CustomerState,
    Invoice,
    Purchase,
    Record,
    Subscription,
)
from billing.gateway.fetched import Fetched


class StripeReads(Protocol):
    """What the reducer asks of Stripe."""

    def subscription(self, subscription_id: str) -> Fetched[StripeSubscription]: ...

    def subscriptions_of(self, customer_id: str) -> Fetched[tuple[StripeSubscription, ...]]: ...

    def customer_state(self, customer_id: str) -> Fetched[CustomerState]: ...

    def invoice(self, invoice_id: str) -> Invoice: ...

    def invoices_of_customer(self, customer_id: str) -> tuple[Invoice, ...]: ...

    def invoices_of_subscription(self, subscription_id: str) -> tuple[Invoice, ...]: ...

    def purchase(
        self, payment_intent_id: str | None, session_id: str | None
    ) -> Purchase | None: ...

    def purchases_of(self, customer_id: str) -> tuple[Purchase, ...]: ...


def readable(told: ReadEvent, stripe: StripeReads) -> BillingEvent:
    """Fetch the invoice of an event that doesn't show it; it merges like any other word on it."""
    if not isinstance(told, UnreadInvoice):
        return told
    attempts = told.model_dump(include={"failed_attempts", "action_required_attempt"})
    invoice = stripe.invoice(told.invoice_id).model_copy(update=attempts)
    head = told.model_dump(include=set(EventHead.model_fields))
    return InvoiceEvent(**head, invoice=invoice)


def learnt(before: Record, decision: Decision, stripe: StripeReads) -> Record:
    """The record with what the decision brings; its purely derived parts are still the old ones."""
    match decision:
        case SyncCustomer(customer_id=customer_id, ended=ended):
            return _synced(before, customer_id, ended, stripe)
        case CheckDebt(subscription_id=subscription_id):
            record = _fetched(before, subscription_id, stripe)
            return with_invoices(record, stripe.invoices_of_subscription(subscription_id))
    return _with_debt(before, _looked(before, decision, stripe), stripe)


def _looked(record: Record, decision: Decision, stripe: StripeReads) -> Record:
    match decision:
        case Apply(subscription=subscription, stamp=stamp):
            return with_subscription(record, subscription, stamp)
        case FetchSubscription(subscription_id=subscription_id):
            return _fetched(record, subscription_id, stripe)
        case ListSubscriptions(customer_id=customer_id, ended=ended):
            return _listed(record, customer_id, ended, stripe)
        case FetchCustomer(customer_id=customer_id):
            state = stripe.customer_state(customer_id)
            return with_customer_state(record, state.value, state.stamp)
        case FetchPurchase(payment_intent_id=payment_intent_id, session_id=session_id):
            purchase = stripe.purchase(payment_intent_id, session_id)
            return with_purchases(record, [purchase] if purchase else [])
        case Keep() | Ignore() | CheckDebt() | SyncCustomer():
            return record


def _fetched(record: Record, subscription_id: str, stripe: StripeReads) -> Record:
    """Fetch our subscription; where it ended or another may be better, all of them count."""
    fetched = stripe.subscription(subscription_id)
    subscription = fetched.value.projected()
    if subscription.status in TERMINAL or yields_to_another(record, subscription):
        return _listed(record, fetched.value.customer, subscription, stripe)
    return with_subscription(record, subscription, fetched.stamp)


def _listed(
    record: Record, customer_id: str, ended: Subscription | None, stripe: StripeReads
) -> Record:
    listed = stripe.subscriptions_of(customer_id)
    subscriptions = [subscription.projected() for subscription in listed.value]
    return with_listed(record, subscriptions, listed.stamp, ended)


def _synced(
    record: Record, customer_id: str, ended: Subscription | None, stripe: StripeReads
) -> Record:
    """List everything that the customer has."""
    record = _listed(record, customer_id, ended, stripe)
    state = stripe.customer_state(customer_id)
    record = with_customer_state(record, state.value, state.stamp)
    record = with_invoices(record, stripe.invoices_of_customer(customer_id))
    record = with_purchases(record, stripe.purchases_of(customer_id))
    return record.model_copy(update={"synced_customer_id": customer_id})


def _with_debt(before: Record, record: Record, stripe: StripeReads) -> Record:
    """Look for what is owed where the subscription has just come to owe, or we know of no debt.

    So a lost ``invoice.payment_failed`` neither shortens grace nor lengthens it.
    """
    old, new = before.subscription, record.subscription
    if new is None or new.status not in OWING:
        return record
    same = old is not None and old.subscription_id == new.subscription_id
    if same and old is not None and old.status in OWING and debt_of(record) is not None:
        return record
    return with_invoices(record, stripe.invoices_of_subscription(new.subscription_id))
