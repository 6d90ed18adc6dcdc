"""Build domain values for tests: sensible defaults, and only what matters named by the test."""

from typing import Any

from billing.domain.events import SessionEvent, SubscriptionEvent
from billing.domain.record import Record, Stamp, Subscription

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


def a_record(**fields: Any) -> Record:
    return Record.model_validate({"user_id": "user_1", "customer_id": "cus_1", **fields})


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
