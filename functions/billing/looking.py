"""Look at Stripe as a decision asks for, and merge what it says into the record."""

from typing import Protocol

from billing.contracts.stripe_objects import StripeSubscription
from billing.contracts.stripe_plans import StripePlannedSchedule
from billing.domain.decide import (
    Apply,
    CheckDebt,
    Decision,
    FetchCustomer,
    FetchPurchase,
    FetchSubscription,
    ListSubscriptions,
    SyncCustomer,
    yields_to_another,
)
from billing.domain.dunning import debt_of
from billing.domain.errors import StripeNotFound
from billing.domain.events import (
    BillingEvent,
    EventHead,
    InvoiceEvent,
    ReadEvent,
    UnreadInvoice,
)
from billing.domain.merge import (
    with_customer_state,
    with_listed,
    with_listed_invoices,
    with_purchases,
    with_subscription,
)
from billing.domain.plan_change import Plan, Schedule, planned_change
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

    def schedule(self, schedule_id: str) -> StripePlannedSchedule: ...

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
    """The record with what the decision brings; its derived parts are still the old ones."""
    match decision:
        case Apply(subscription=subscription, stamp=stamp):
            return _with_debt(before, with_subscription(before, subscription, stamp), stripe)
        case FetchSubscription() | ListSubscriptions() | CheckDebt() | SyncCustomer():
            return _with_plan(_looked(before, decision, stripe), stripe)
        case _:
            return _with_other(before, decision, stripe)


def _looked(
    before: Record,
    decision: FetchSubscription | ListSubscriptions | CheckDebt | SyncCustomer,
    stripe: StripeReads,
) -> Record:
    """What is at Stripe about subscriptions."""
    match decision:
        case FetchSubscription(subscription_id=subscription_id):
            return _with_debt(before, _fetched(before, subscription_id, stripe), stripe)
        case ListSubscriptions(customer_id=customer_id, ended=ended):
            return _with_debt(before, _listed(before, customer_id, ended, stripe), stripe)
        case CheckDebt(subscription_id=subscription_id):
            fetched = _fetched(before, subscription_id, stripe)
            return _with_invoices_of(fetched, subscription_id, stripe)
        case SyncCustomer(customer_id=customer_id, ended=ended):
            return _synced(before, customer_id, ended, stripe)


def _with_plan(record: Record, stripe: StripeReads) -> Record:
    """Learn what the subscription's schedule will make of it; what has ended has no future."""
    subscription = record.subscription
    if subscription is None or subscription.status in TERMINAL or subscription.schedule_id is None:
        return record
    schedule = _schedule(subscription.schedule_id, stripe)
    plan = Plan(price_id=subscription.price_id, quantity=subscription.quantity)
    planned = planned_change(schedule, plan) if schedule else None
    return record.model_copy(update={"planned": planned})


def _schedule(schedule_id: str, stripe: StripeReads) -> Schedule | None:
    """Fetch a schedule; with a deleted test clock it is gone for good."""
    try:
        return stripe.schedule(schedule_id).projected()
    except StripeNotFound:
        return None


def _with_other(record: Record, decision: Decision, stripe: StripeReads) -> Record:
    """What isn't about a subscription."""
    match decision:
        case FetchCustomer(customer_id=customer_id):
            state = stripe.customer_state(customer_id)
            return with_customer_state(record, state.value, state.stamp)
        case FetchPurchase(payment_intent_id=payment_intent_id, session_id=session_id):
            purchase = stripe.purchase(payment_intent_id, session_id)
            return with_purchases(record, [purchase] if purchase else [])
        case _:
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
    record = with_listed_invoices(record, stripe.invoices_of_customer(customer_id))
    record = with_purchases(record, stripe.purchases_of(customer_id))
    return record.model_copy(update={"synced_customer_id": customer_id})


def _with_debt(before: Record, record: Record, stripe: StripeReads) -> Record:
    """Look for what is owed where the subscription has just come to owe, or we know of no debt.

    So a lost ``invoice.payment_failed`` neither shortens grace nor lengthens it. Where nothing is
    owed after all, the subscription's word was late: it is asked for anew.
    """
    old, new = before.subscription, record.subscription
    if new is None or new.status not in OWING:
        return record
    owed_before = old is not None and old.status in OWING
    same = old is not None and old.subscription_id == new.subscription_id
    if same and owed_before and debt_of(record) is not None:
        return record
    listed = _with_invoices_of(record, new.subscription_id, stripe)
    if debt_of(listed) is not None:
        return listed
    return _fetched(listed, new.subscription_id, stripe)


def _with_invoices_of(record: Record, subscription_id: str, stripe: StripeReads) -> Record:
    invoices = stripe.invoices_of_subscription(subscription_id)
    return with_listed_invoices(record, invoices, subscription_id)
