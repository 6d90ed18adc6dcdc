"""Stripe in tests: its objects and events as JSON, and a fake that answers reads from them."""

from typing import Any

from billing.contracts.stripe_events import API_VERSION
from billing.contracts.stripe_objects import StripeCustomer, StripeInvoice, StripeSubscription
from billing.contracts.stripe_plans import StripePlannedSchedule
from billing.domain.errors import StripeNotFound
from billing.domain.record import CustomerState, Invoice, Purchase, Stamp
from billing.gateway.fetched import Fetched
from tests.support.builders import NOW
from tests.support.clock import Clock


def subscription_json(**fields: Any) -> dict[str, Any]:
    """A subscription as Stripe's API renders it, in the fields that billing reads."""
    return {
        "id": "sub_1",
        "object": "subscription",
        "customer": "cus_1",
        "status": "active",
        "currency": "usd",
        "created": NOW - 100,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "items": {
            "object": "list",
            "has_more": False,
            "data": [
                {
                    "id": "si_1",
                    "object": "subscription_item",
                    "price": {"id": "price_standard", "product": "prod_standard"},
                    "quantity": 1,
                    "current_period_start": NOW - 100,
                    "current_period_end": NOW + 2_600_000,
                }
            ],
        },
        "metadata": {"user_id": "user_1"},
        **fields,
    }


def session_json(**fields: Any) -> dict[str, Any]:
    """A completed Checkout Session in subscription mode."""
    return {
        "id": "cs_test_1",
        "object": "checkout.session",
        "mode": "subscription",
        "status": "complete",
        "payment_status": "paid",
        "customer": "cus_1",
        "subscription": "sub_1",
        "client_reference_id": "user_1",
        "metadata": {},
        **fields,
    }


def invoice_json(**fields: Any) -> dict[str, Any]:
    """A renewal's invoice of ``sub_1``, finalized and unpaid, in the fields that billing reads."""
    return {
        "id": "in_1",
        "object": "invoice",
        "customer": "cus_1",
        "status": "open",
        "billing_reason": "subscription_cycle",
        "created": NOW - 3600,
        "currency": "usd",
        "total": 1900,
        "amount_due": 1900,
        "amount_paid": 0,
        "attempt_count": 1,
        "parent": {"subscription_details": {"subscription": "sub_1"}},
        "status_transitions": {"finalized_at": NOW - 10},
        **fields,
    }


def event_json(type_: str, stripe_object: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A Stripe event about an object."""
    return {
        "id": "evt_1",
        "object": "event",
        "api_version": API_VERSION,
        "created": NOW,
        "type": type_,
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "data": {"object": stripe_object},
        **fields,
    }


class FakeStripe:
    """Answers the reducer's and the steps' reads from what a test put in.

    ``calls`` lists the objects asked for; ``failure``, where set, is raised by every call.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._subscriptions: dict[str, StripeSubscription] = {}
        self._customers: dict[str, StripeCustomer] = {}
        self._invoices: dict[str, Invoice] = {}
        self._purchases: dict[str, tuple[str, Purchase]] = {}
        self.payers: dict[str, str] = {}
        self.calls: list[str] = []
        self.failure: Exception | None = None

    def put(self, *subscriptions: dict[str, Any]) -> None:
        """Make these the truth, as ``subscription_json`` gives them."""
        for subscription in map(StripeSubscription.model_validate, subscriptions):
            self._subscriptions[subscription.id] = subscription
            self._customers.setdefault(
                subscription.customer, StripeCustomer(id=subscription.customer)
            )

    def put_customer(self, **fields: Any) -> None:
        """Make this the truth of a customer."""
        customer = StripeCustomer.model_validate(fields)
        self._customers[customer.id] = customer

    def put_invoice(self, **fields: Any) -> None:
        """Make this the truth of an invoice, as ``invoice_json`` gives it."""
        invoice = StripeInvoice.model_validate(invoice_json(**fields)).projected(self._clock.now)
        self._invoices[invoice.invoice_id] = invoice

    def put_purchase(self, purchase: Purchase, customer_id: str = "cus_1") -> None:
        """Make this the truth of a purchase."""
        self._purchases[purchase.purchase_id] = (customer_id, purchase)

    def subscription(self, subscription_id: str) -> Fetched[StripeSubscription]:
        self._called(subscription_id)
        if subscription_id not in self._subscriptions:
            raise StripeNotFound(f"no subscription {subscription_id}")
        return Fetched[StripeSubscription](
            value=self._subscriptions[subscription_id], stamp=self._stamp()
        )

    def schedule(self, schedule_id: str) -> StripePlannedSchedule:
        """A schedule that plans nothing any more."""
        self._called(schedule_id)
        return StripePlannedSchedule(id=schedule_id, status="released", phases=[])

    def subscriptions_of(self, customer_id: str) -> Fetched[tuple[StripeSubscription, ...]]:
        self._called(customer_id)
        found = tuple(s for s in self._subscriptions.values() if s.customer == customer_id)
        return Fetched[tuple[StripeSubscription, ...]](value=found, stamp=self._stamp())

    def customer(self, customer_id: str) -> StripeCustomer:
        self._called(customer_id)
        if customer_id not in self._customers:
            raise StripeNotFound(f"no customer {customer_id}")
        return self._customers[customer_id]

    def customer_state(self, customer_id: str) -> Fetched[CustomerState]:
        self._called(customer_id)
        customer = self._customers.get(customer_id) or StripeCustomer(id=customer_id)
        return Fetched[CustomerState](value=customer.projected([]), stamp=self._stamp())

    def invoice(self, invoice_id: str) -> Invoice:
        self._called(invoice_id)
        return self._invoices[invoice_id]

    def invoices_of_customer(self, customer_id: str) -> tuple[Invoice, ...]:
        self._called(f"invoices of {customer_id}")
        return tuple(self._invoices.values())

    def invoices_of_subscription(self, subscription_id: str) -> tuple[Invoice, ...]:
        self._called(f"invoices of {subscription_id}")
        found = self._invoices.values()
        return tuple(i for i in found if i.subscription_id == subscription_id)

    def purchase(self, payment_intent_id: str | None, session_id: str | None) -> Purchase | None:
        self._called(f"purchase {session_id or payment_intent_id}")
        for _, purchase in self._purchases.values():
            if session_id == purchase.session_id or payment_intent_id == purchase.purchase_id:
                return purchase
        return None

    def purchases_of(self, customer_id: str) -> tuple[Purchase, ...]:
        self._called(f"purchases of {customer_id}")
        return tuple(p for owner, p in self._purchases.values() if owner == customer_id)

    def customer_of_payment(self, payment_intent_id: str) -> str | None:
        self._called(payment_intent_id)
        return self.payers.get(payment_intent_id)

    def _called(self, object_id: str) -> None:
        self.calls.append(object_id)
        if self.failure is not None:
            raise self.failure

    def _stamp(self) -> Stamp:
        return Stamp(lo=self._clock.now, hi=self._clock.now + 1)
