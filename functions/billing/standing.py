"""How a user's subscription stands at Stripe, and what a wish for another plan comes to."""

from typing import NamedTuple, Protocol

from billing.catalog import Catalog
from billing.contracts.stripe_objects import (
    StripePaymentAttempt,
    StripePrice,
    StripeSubscription,
)
from billing.contracts.stripe_plans import StripePlannedSchedule
from billing.domain.decide import at_subscription
from billing.domain.errors import NewPriceNotOffered, PriceNotOffered, SubscriptionNotFound
from billing.domain.operation import operation_key
from billing.domain.plan_change import (
    Effective,
    Plan,
    PlanChange,
    Standing,
    default_effective,
    planned_change,
)
from billing.domain.record import TERMINAL, Invoice, Record, Value
from billing.gateway.fetched import Fetched
from billing.runtime import Ports


class StandingCalls(Protocol):
    """What a look asks of Stripe."""

    def subscription(self, subscription_id: str) -> Fetched[StripeSubscription]: ...

    def schedule(self, schedule_id: str) -> StripePlannedSchedule: ...

    def invoices_of_subscription(self, subscription_id: str) -> tuple[Invoice, ...]: ...

    def payment_of_invoice(self, invoice_id: str) -> StripePaymentAttempt | None: ...


class Wish(Value):
    """A change as it is asked for; what isn't said stays, or is as the policy has it."""

    price_id: str
    quantity: int | None = None
    effective: Effective | None = None


class Look(NamedTuple):
    """The record, and its subscription as Stripe had it afterwards.

    The bill is what a change waits for, and the payment how paying that went so far.
    """

    record: Record
    subscription: StripeSubscription
    standing: Standing
    bill: Invoice | None
    payment: StripePaymentAttempt | None


class Standings:
    """Looks at subscriptions for whoever wants to change them."""

    def __init__(self, ports: Ports, catalog: Catalog, downgrades: Effective) -> None:
        self._records = ports.records
        self._reducer = ports.reducer
        self._stripe: StandingCalls = ports.stripe
        self._catalog = catalog
        self._downgrades = downgrades

    def look(self, user_id: str) -> Look:
        """Load the record, then look: so its number guards against whatever happens after that.

        Raises:
            SubscriptionNotFound: there is no subscription that hasn't ended.
        """
        record = self._records.load(user_id)
        known = record.subscription
        if known is None or known.status in TERMINAL:
            raise SubscriptionNotFound(f"user {user_id} has none")
        subscription = self._stripe.subscription(known.subscription_id).value
        if subscription.status in TERMINAL:
            self._refresh(record, subscription)
            raise SubscriptionNotFound(f"{subscription.id} has ended")
        schedule = self._stripe.schedule(subscription.schedule) if subscription.schedule else None
        bill = self._bill(subscription) if subscription.pending_update else None
        payment = self._stripe.payment_of_invoice(bill.invoice_id) if bill else None
        standing = Standing(
            subscription=subscription.projected(),
            collected=subscription.collected,
            pending=_pending(subscription),
            bill_id=bill.invoice_id if bill else None,
            processing=payment is not None and payment.status == "processing",
            schedule=schedule.projected() if schedule else None,
        )
        return Look(record, subscription, standing, bill, payment)

    def noted(self, look: Look) -> Record:
        """The record with what was seen, before any event tells of it."""
        known, standing = look.record, look.standing
        schedule = standing.schedule
        planned = planned_change(schedule, standing.plan) if schedule is not None else None
        if (known.subscription, known.planned) == (standing.subscription, planned):
            return known
        return self.refreshed(look)

    def refreshed(self, look: Look) -> Record:
        """The record with what Stripe has now."""
        return self._refresh(look.record, look.subscription)

    def wanted(self, look: Look, wish: Wish) -> PlanChange:
        """Complete a wish by the catalogue, the policy and what the subscription has.

        Raises:
            NewPriceNotOffered: it isn't in the catalogue, nor what the customer has, or it is in
                another currency than the subscription.
        """
        current = look.standing.plan
        quantity = current.quantity if wish.quantity is None else wish.quantity
        plan = Plan(price_id=wish.price_id, quantity=quantity)
        recurring = self._recurring(look, wish.price_id)
        return PlanChange(
            plan=plan,
            effective=wish.effective or self._effective(current, plan),
            interval=recurring.interval,
            interval_count=recurring.interval_count,
        )

    def _bill(self, subscription: StripeSubscription) -> Invoice | None:
        """The open invoice that a change waits for: what else is owed, staff's say, is no such."""
        newest_first = self._stripe.invoices_of_subscription(subscription.id)
        open_ones = (invoice for invoice in newest_first if invoice.status == "open")
        return next((i for i in open_ones if i.billing_reason == "subscription_update"), None)

    def _recurring(self, look: Look, price_id: str) -> StripePrice.Recurring:
        """How long a period is; a price that isn't sold any more stays with who has it."""
        if price_id == look.standing.plan.price_id:
            return look.subscription.recurring
        try:
            price = self._catalog.plan(price_id)
        except PriceNotOffered as error:
            raise NewPriceNotOffered(str(error)) from error
        if price.currency != look.subscription.currency:
            raise NewPriceNotOffered(f"{price.id} is in {price.currency}")
        assert price.recurring is not None, "only those are plans"
        return price.recurring

    def _effective(self, current: Plan, wanted: Plan) -> Effective:
        places = [self._catalog.place(plan.price_id) for plan in (current, wanted)]
        return default_effective(current, wanted, places, self._downgrades)

    def _refresh(self, record: Record, subscription: StripeSubscription) -> Record:
        operation = operation_key(record.user_id, record.op_seq)
        return self._reducer.look_again(
            record.user_id, subscription.customer, operation, at_subscription
        )


def _pending(subscription: StripeSubscription) -> Plan | None:
    """The plan that waits for its payment; one that we can't read is no plan of ours."""
    pending = subscription.pending_update
    if pending is None:
        return None
    ours = subscription.items.data[0]
    item = next((i for i in pending.subscription_items or () if i.id == ours.id), None)
    if item is None:
        return Plan(price_id=ours.price.id, quantity=ours.quantity)
    return Plan(price_id=item.price, quantity=item.quantity)
