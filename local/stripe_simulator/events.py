"""Events: what happened during one request or timer, put in the order in which Stripe tells it.

Stripe guarantees no order of delivery, but what is seen is steady for each lifecycle; the tables
here are those orders (observed in `stripe listen` logs). `data.object` is a snapshot because
stored objects are never changed in place (see `store`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from local.stripe_simulator.store import Json

API_VERSION = "2026-10-28.endive"
RETENTION_SECONDS = 30 * 86400

RENEW = ("customer.subscription.updated", "invoice.created")
SUBSCRIPTION_UPDATED = (
    "invoiceitem.created",
    "invoice.created",
    "invoice.finalized",
    "charge.failed",
    "charge.succeeded",
    "payment_intent.created",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "invoice.updated",
    "invoice.paid",
    "invoice.payment_succeeded",
    "invoice_payment.paid",
    "invoice.payment_action_required",
    "invoice.payment_failed",
    "customer.subscription.paused",
    "customer.subscription.updated",
    "customer.subscription.resumed",
    "customer.subscription.pending_update_applied",
)
SUBSCRIPTION_CANCELED = (
    "invoiceitem.created",
    "invoiceitem.deleted",
    "customer.subscription.deleted",
    "invoice.created",
    "invoice.finalized",
)
CUSTOMER_DELETED = ("customer.subscription.deleted", "customer.deleted")
TEST_CLOCK_DELETED = (*CUSTOMER_DELETED, "test_helpers.test_clock.deleted")
_INVOICE = (
    "invoice.created",
    "invoice.finalized",
    "invoice.updated",
    "invoice.paid",
    "invoice.payment_succeeded",
    "invoice_payment.paid",
)
CHECKOUT_SUBSCRIBE = (
    "charge.failed",
    "charge.succeeded",
    "setup_intent.created",
    "payment_method.attached",
    "customer.created",
    "customer.updated",
    "checkout.session.completed",
    "setup_intent.succeeded",
    "customer.discount.created",
    "customer.subscription.created",
    "payment_intent.created",
    "payment_intent.succeeded",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.payment_failed",
    "invoiceitem.created",
    *_INVOICE,
)
CHECKOUT_SETUP = (
    "setup_intent.created",
    "payment_method.attached",
    "customer.created",
    "customer.updated",
    "setup_intent.succeeded",
    "checkout.session.completed",
)
CHECKOUT_PAYMENT = (
    "charge.failed",
    "charge.succeeded",
    "payment_intent.succeeded",
    "payment_intent.created",
    "payment_intent.processing",
    "payment_intent.payment_failed",
    "payment_method.attached",
    "customer.created",
    "checkout.session.completed",
    *_INVOICE,
)
API_SUBSCRIBE = (
    "charge.failed",
    "charge.succeeded",
    "customer.updated",
    "customer.subscription.created",
    "payment_intent.created",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "charge.pending",
    "payment_intent.processing",
    *_INVOICE,
    "payment_intent.requires_action",
    "invoice.payment_action_required",
    "invoice.payment_failed",
)


class Recorded(NamedTuple):
    """Something that happened: the object's version then, and the one before a change."""

    kind: str
    obj: Json
    before: Json | None
    created: int


class EventLog:
    """What happened since events were last published, and the order to tell it in."""

    def __init__(self) -> None:
        self._pending: list[Recorded] = []
        self._order: dict[str, int] = {}

    def add(self, recorded: Recorded) -> None:
        self._pending.append(recorded)

    def tell_in(self, order: tuple[str, ...]) -> None:
        """Sort what this request records by `order`; types it doesn't name come last."""
        self._order = {kind: place for place, kind in enumerate(order)}

    def take(self) -> list[Recorded]:
        pending, order = self._pending, self._order
        self._pending, self._order = [], {}
        return sorted(pending, key=lambda item: order.get(item.kind, len(order)))


def event_object(
    event_id: str,
    recorded: Recorded,
    request: Json,
    pending_webhooks: int,
) -> Json:
    data: Json = {"object": recorded.obj}
    if recorded.before is not None:
        data["previous_attributes"] = changed(recorded.before, recorded.obj)
    return {
        "id": event_id,
        "object": "event",
        "api_version": API_VERSION,
        "created": recorded.created,
        "data": data,
        "livemode": False,
        "pending_webhooks": pending_webhooks,
        "request": request,
        "type": recorded.kind,
    }


def changed(before: Json, after: Json) -> Json:
    """The former values of what differs: hashes by key, lists whole, added keys as null."""
    former: Json = {}
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            former[key] = changed(old, new)
        else:
            former[key] = old
    return former


def matches(kind: str, patterns: list[str] | tuple[str, ...]) -> bool:
    """Whether an event type is one of `patterns`, of which `*` and `invoice.*` are wildcards."""
    return kind in patterns or kind.startswith(_prefixes(tuple(patterns)))


@lru_cache
def _prefixes(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """How the types begin that the wildcards among patterns stand for."""
    return tuple(each[:-1] for each in patterns if each == "*" or each.endswith(".*"))
