"""One customer at a glance: plan, access and why, what is owed, what somebody should look at."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Literal

from billing.catalog import LOOKUP_KEYS
from billing.contracts.stripe_objects import StripePrice
from billing.domain.access import Access, Reason, access_of
from billing.domain.errors import BillingError
from billing.domain.record import (
    Invoice,
    InvoiceStatus,
    Level,
    PlannedChange,
    Purchase,
    Record,
    Status,
    Subscription,
    Value,
)
from ops.amounts import Amount, moment, moment_or_none
from ops.chapters import Chapter
from ops.concerns import Concern, concerns_of
from ops.dunning import DunningCase, cases_of, left_to_pay
from ops.people import Person
from ops.stripe_dashboard import Mode, StripeDashboard
from ops.target import Target
from ops.timeline import timeline, with_statuses

#: The last chapters of the timeline that are shown at a glance.
LAST = 10


class Plan(Value):
    """A price; ``name`` and ``lookup_key`` are None where it isn't in the catalogue (any more)."""

    price_id: str
    lookup_key: str | None = None
    name: str | None = None
    price: Amount | None = None
    interval: str | None = None


class SubscriptionView(Value):
    """A subscription; ``ends_at`` is when it is going to end, however that was set."""

    id: str
    status: Status
    plan: Plan
    quantity: int | None
    created_at: datetime
    period_start: datetime
    period_end: datetime
    ends_at: datetime | None
    canceled_at: datetime | None
    ended_at: datetime | None
    trial_end: datetime | None
    pause_collection: str | None
    stripe_url: str | None = None


class AccessView(Value):
    """What the user may use now; ``why`` says it in a sentence.

    ``announced`` is the level that was last told: another one is drift until the next look.
    """

    level: Level
    until: datetime | None
    reason: Reason
    why: str
    announced: Level


class PlannedChangeView(Value):
    """What a schedule will make of the plan."""

    plan: Plan
    quantity: int | None
    at: datetime


class InvoiceView(Value):
    """An invoice that isn't paid."""

    id: str
    status: InvoiceStatus
    owed: Amount
    created_at: datetime
    failed_attempts: int
    next_attempt_at: datetime | None
    error: str | None
    stripe_url: str | None = None


class PurchaseView(Value):
    """A one-time purchase; ``stands``: paid, and not given or taken back."""

    id: str
    what: str | None
    paid: Amount
    refunded: Amount | None
    status: Literal["pending", "paid", "failed"]
    dispute: str | None
    stands: bool
    at: datetime
    stripe_url: str | None = None


class PaymentMethodView(Value):
    """A payment method; ``is_default``: it is charged."""

    id: str
    type: str
    brand: str | None
    last4: str | None
    exp_month: int | None
    exp_year: int | None
    is_default: bool


class CustomerView(Value):
    """One customer at a glance. ``mode`` says which Stripe the ids are of."""

    person: Person
    mode: Mode
    access: AccessView
    subscription: SubscriptionView | None
    other_subscriptions: tuple[SubscriptionView, ...]
    planned_change: PlannedChangeView | None
    owed: tuple[Amount, ...]
    open_invoices: tuple[InvoiceView, ...]
    dunning: DunningCase | None
    payment_methods: tuple[PaymentMethodView, ...]
    purchases: tuple[PurchaseView, ...]
    concerns: tuple[Concern, ...]
    last_chapters: tuple[Chapter, ...]
    version: int
    updated_at: datetime | None


def customer(target: Target, person: Person) -> CustomerView:
    """Look at one customer, by the record as it stands now."""
    record = target.ports.records.load(person.user_id)
    page = with_statuses(target, timeline(target, person.user_id, limit=LAST))
    case = next(iter(cases_of(target, [record])), None)
    views = _Views(target, record)
    return CustomerView(
        person=person,
        mode=views.dashboard.mode,
        access=views.access(),
        subscription=views.subscription(record.subscription) if record.subscription else None,
        other_subscriptions=tuple(map(views.subscription, record.other_live)),
        planned_change=views.planned_change(record.planned) if record.planned else None,
        owed=views.owed(),
        open_invoices=tuple(map(views.invoice, views.unpaid)),
        dunning=case,
        payment_methods=views.payment_methods(),
        purchases=views.purchases(),
        concerns=tuple(concerns_of(target, person, record, case, page.chapters)),
        last_chapters=page.chapters[:LAST],
        version=record.version,
        updated_at=moment_or_none(record.updated_at),
    )


class _Views:
    """A record's parts as operators see them."""

    def __init__(self, target: Target, record: Record) -> None:
        self.dashboard = StripeDashboard(target)
        self._ports = target.ports
        self._record = record

    def access(self) -> AccessView:
        found = access_of(self._record, self._ports.policy, self._ports.now())
        return AccessView(
            level=found.level,
            until=moment_or_none(found.until),
            reason=found.reason,
            why=why(found),
            announced=self._record.access_level,
        )

    def subscription(self, held: Subscription) -> SubscriptionView:
        return SubscriptionView(
            id=held.subscription_id,
            status=held.status,
            plan=self._plan(held.price_id),
            quantity=held.quantity,
            created_at=moment(held.subscription_created),
            period_start=moment(held.current_period_start),
            period_end=moment(held.current_period_end),
            ends_at=moment_or_none(held.ends_at),
            canceled_at=moment_or_none(held.canceled_at),
            ended_at=moment_or_none(held.ended_at),
            trial_end=moment_or_none(held.trial_end),
            pause_collection=held.pause_collection,
            stripe_url=self.dashboard.url(held.subscription_id),
        )

    def planned_change(self, planned: PlannedChange) -> PlannedChangeView:
        return PlannedChangeView(
            plan=self._plan(planned.price_id), quantity=planned.quantity, at=moment(planned.at)
        )

    @property
    def unpaid(self) -> list[Invoice]:
        """What is owed, the oldest first."""
        owed = (invoice for invoice in self._record.invoices.values() if invoice.unpaid)
        return sorted(owed, key=lambda invoice: invoice.invoice_created)

    def owed(self) -> tuple[Amount, ...]:
        """The sum by currency."""
        sums: Counter[str] = Counter()
        for invoice in self.unpaid:
            sums[invoice.currency] += left_to_pay(invoice).amount
        return tuple(Amount(amount=amount, currency=code) for code, amount in sums.items())

    def invoice(self, invoice: Invoice) -> InvoiceView:
        return InvoiceView(
            id=invoice.invoice_id,
            status=invoice.status,
            owed=left_to_pay(invoice),
            created_at=moment(invoice.invoice_created),
            failed_attempts=invoice.failed_attempts,
            next_attempt_at=moment_or_none(invoice.next_attempt_at),
            error=invoice.error,
            stripe_url=self.dashboard.url(invoice.invoice_id),
        )

    def payment_methods(self) -> tuple[PaymentMethodView, ...]:
        record = self._record
        state = record.customer
        if state is None:
            return ()
        own = record.subscription.default_payment_method_id if record.subscription else None
        default = own or state.default_payment_method_id
        return tuple(
            PaymentMethodView(
                id=method.payment_method_id,
                is_default=method.payment_method_id == default,
                **method.model_dump(exclude={"payment_method_id"}),
            )
            for method in state.payment_methods
        )

    def purchases(self) -> tuple[PurchaseView, ...]:
        """The newest first."""
        bought = self._record.purchases.values()
        newest = sorted(bought, key=lambda p: p.purchase_created, reverse=True)
        return tuple(map(self._purchase, newest))

    def _purchase(self, bought: Purchase) -> PurchaseView:
        refunded = Amount(amount=bought.amount_refunded, currency=bought.currency)
        return PurchaseView(
            id=bought.purchase_id,
            what=bought.lookup_key or bought.price_id,
            paid=Amount(amount=bought.amount, currency=bought.currency),
            refunded=refunded if bought.amount_refunded else None,
            status=bought.status,
            dispute=bought.dispute,
            stands=bought.stands,
            at=moment(bought.purchase_created),
            stripe_url=self.dashboard.url(bought.purchase_id),
        )

    def _plan(self, price_id: str) -> Plan:
        price = self._prices.get(price_id)
        if price is None:
            return Plan(price_id=price_id)
        amount = price.unit_amount
        return Plan(
            price_id=price_id,
            lookup_key=price.lookup_key,
            name=price.product.name,
            price=None if amount is None else Amount(amount=amount, currency=price.currency),
            interval=price.recurring.interval if price.recurring else None,
        )

    @cached_property
    def _prices(self) -> Mapping[str, StripePrice]:
        """The catalogue by price id; empty where Stripe doesn't answer: its ids still tell."""
        try:
            return {price.id: price for price in self._ports.stripe.prices(LOOKUP_KEYS)}
        except BillingError:
            return {}


def why(access: Access) -> str:
    """Say in a sentence what a user may use, until when, and why."""
    until = f" until {moment(access.until):%Y-%m-%d %H:%M} UTC" if access.until else ""
    return f"{access.level}{until}: {_REASONS[access.reason]}"


_REASONS: Mapping[Reason, str] = {
    "no_subscription": "there never was a subscription",
    "pause_collection": "the collection of its payments is paused",
    "incomplete": "the first payment is still open",
    "incomplete_expired": "the first payment never came",
    "trialing": "the trial runs",
    "active": "the subscription is paid for",
    "past_due": "a payment is overdue",
    "canceled": "the subscription has ended",
    "unpaid": "Stripe has given up collecting what is owed",
    "paused": "the trial ended without a payment method",
}
