"""Build domain values for tests: sensible defaults, and only what matters named by the test."""

from typing import Any

from billing.domain.events import InvoiceEvent, PurchaseEvent, SessionEvent, SubscriptionEvent
from billing.domain.record import Invoice, Purchase, Record, Stamp, Subscription

NOW = 1_780_000_000


def a_subscription(**fields: Any) -> Subscription:
    return Subscription.model_validate(
        {
            "subscription_id": "sub_1",
            "status": "active",
            "item_id": "si_1",
            "price_id": "price_standard",
            "product_id": "prod_standard",
            "quantity": 1,
            "currency": "usd",
            "current_period_start": NOW - 100,
            "current_period_end": NOW + 2_600_000,
            "subscription_created": NOW - 100,
            **fields,
        }
    )


def an_invoice(**fields: Any) -> Invoice:
    return Invoice.model_validate(
        {
            "invoice_id": "in_1",
            "subscription_id": "sub_1",
            "status": "open",
            "billing_reason": "subscription_cycle",
            "currency": "usd",
            "total": 2900,
            "amount_due": 2900,
            "amount_paid": 0,
            "invoice_created": NOW - 3600,
            "as_of": NOW,
            **fields,
        }
    )


def a_purchase(**fields: Any) -> Purchase:
    return Purchase.model_validate(
        {
            "purchase_id": "pi_1",
            "session_id": "cs_1",
            "price_id": "price_self_hosted",
            "lookup_key": "self_hosted",
            "currency": "usd",
            "amount": 19900,
            "status": "paid",
            "charge_id": "ch_1",
            "purchase_created": NOW - 3600,
            **fields,
        }
    )


def a_record(**fields: Any) -> Record:
    known = {"user_id": "user_1", "customer_id": "cus_1", "synced_customer_id": "cus_1"}
    return Record.model_validate({**known, **fields})


def a_stamped_record(lo: int, hi: int, **subscription: Any) -> Record:
    return a_record(
        version=1, subscription=a_subscription(**subscription), stamp=Stamp(lo=lo, hi=hi)
    )


def a_subscription_event(payload: Subscription | None = None, **fields: Any) -> SubscriptionEvent:
    return SubscriptionEvent.model_validate(
        {
            "event_id": "evt_1",
            "created": NOW,
            "customer_id": "cus_1",
            "subscription_id": payload.subscription_id if payload else "sub_1",
            "payload": payload,
            **fields,
        }
    )


def an_invoice_event(invoice: Invoice, **fields: Any) -> InvoiceEvent:
    return InvoiceEvent.model_validate(
        {
            "event_id": "evt_3",
            "created": NOW,
            "customer_id": "cus_1",
            "invoice": invoice,
            **fields,
        }
    )


def a_session_event(**fields: Any) -> SessionEvent:
    return SessionEvent.model_validate(
        {
            "event_id": "evt_2",
            "created": NOW,
            "customer_id": "cus_1",
            "session_id": "cs_1",
            "subscription_id": "sub_1",
            **fields,
        }
    )


def a_purchase_event(**fields: Any) -> PurchaseEvent:
    return PurchaseEvent.model_validate(
        {
            "event_id": "evt_5",
            "created": NOW,
            "customer_id": "cus_1",
            "payment_intent_id": "pi_1",
            "session_id": "cs_1",
            **fields,
        }
    )
