"""What must be so, in words of its own: from Stripe's objects and the policies, never our code.

Nothing here may import ``billing.domain``: an oracle that shared the reducer's projections would
agree with a reducer that ignores everything.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Json = dict[str, Any]

DAY = 86_400
GOOD = ("trialing", "active")
ALIVE = (*GOOD, "past_due", "unpaid", "paused")
OVER = ("canceled", "incomplete_expired")
KEPT_CLOSED = 24


def subscription_as_recorded(stripe: Json) -> Json:
    """The attributes by which a record tells of a subscription; unset ones are left out."""
    plan = stripe["items"]["data"][0]
    paused, pending = stripe["pause_collection"], stripe["pending_update"]
    told = {
        "subscription_id": stripe["id"],
        "status": stripe["status"],
        "item_id": plan["id"],
        "price_id": plan["price"]["id"],
        "product_id": plan["price"]["product"],
        "quantity": plan.get("quantity"),
        "currency": stripe["currency"],
        "current_period_start": plan["current_period_start"],
        "current_period_end": plan["current_period_end"],
        "cancel_at": stripe["cancel_at"],
        "cancel_at_period_end": stripe["cancel_at_period_end"],
        "canceled_at": stripe["canceled_at"],
        "ended_at": stripe["ended_at"],
        "trial_end": stripe["trial_end"],
        "pause_collection": paused["behavior"] if paused else None,
        "pending_update_expires_at": pending["expires_at"] if pending else None,
        "schedule_id": stripe["schedule"],
        "default_payment_method_id": stripe["default_payment_method"],
        "latest_invoice_id": stripe["latest_invoice"],
        "subscription_created": stripe["created"],
    }
    return {name: value for name, value in told.items() if value is not None}


def customer_as_recorded(stripe: Json, methods: Iterable[Json]) -> Json:
    """What a record tells of a customer: the default, and summaries of what is on file."""
    if stripe.get("deleted"):
        return {"customer_id": stripe["id"], "deleted": True, "methods": {}}
    default = stripe["invoice_settings"]["default_payment_method"]
    return {
        "customer_id": stripe["id"],
        "deleted": False,
        **({"default": default} if default else {}),
        "methods": {method["id"]: _summary(method) for method in methods},
    }


def recorded_customer(record: Json) -> Json:
    """The same of a stored record."""
    state = record["customer"]
    default = state.get("default_payment_method_id")
    methods = {
        method["payment_method_id"]: (
            method["type"],
            *(method.get(part) for part in ("brand", "last4", "exp_month", "exp_year")),
        )
        for method in state.get("payment_methods", ())
    }
    return {
        "customer_id": state["customer_id"],
        "deleted": state.get("deleted", False),
        **({"default": default} if default else {}),
        "methods": methods,
    }


def _summary(method: Json) -> tuple[Any, ...]:
    card = method.get("card") or {}
    shown = (card.get(part) for part in ("brand", "last4", "exp_month", "exp_year"))
    return (method["type"], *shown)


def subscription_of(invoice: Json) -> str | None:
    parent = invoice["parent"] or {}
    details = parent.get("subscription_details") or {}
    found: str | None = details.get("subscription")
    return found


def counts(invoice: Json) -> bool:
    """Whether access may hang on it: billed for the subscription itself, and for money."""
    return bool(invoice["total"] > 0 and invoice["billing_reason"] != "manual")


def payable_since(invoice: Json) -> int:
    due = invoice["due_date"] or invoice["status_transitions"]["finalized_at"]
    return int(due or invoice["created"])


def debt(invoices: Iterable[Json]) -> tuple[Json | None, bool]:
    """The debt that a subscription's invoices amount to, and whether anything was ever paid."""
    ours = [invoice for invoice in invoices if counts(invoice)]
    paid = [invoice["created"] for invoice in ours if invoice["status"] == "paid"]
    newest_paid = max(paid, default=0)
    owed = [
        invoice
        for invoice in ours
        if invoice["status"] in ("open", "uncollectible") and invoice["created"] > newest_paid
    ]
    return min(owed, key=payable_since, default=None), bool(paid)


def grace_end(invoices: Iterable[Json], policy: Mapping[str, str]) -> float | None:
    """When grace ends for what is owed; None where nothing is, or nothing was ever paid."""
    owed, ever_paid = debt(list(invoices))
    if owed is None or not ever_paid:
        return None
    return payable_since(owed) + int(policy["GRACE_PERIOD_DAYS"]) * DAY


def level(
    subscription: Json | None,
    invoices: Iterable[Json],
    policy: Mapping[str, str],
    now: float,
) -> str:
    """What the user may use."""
    if subscription is None:
        return "none"
    status = subscription["status"]
    if status in GOOD:
        if has_ended(subscription, now):
            return "none"
        if subscription["pause_collection"] and policy["PAUSED_COLLECTION_ACCESS"] == "restricted":
            return "restricted"
        return "full"
    if status == "past_due":
        until = grace_end(invoices, policy)
        in_grace = until is not None and now < until and not has_ended(subscription, now)
        return "grace" if in_grace else "restricted"
    return "restricted" if status in ALIVE else "none"


def levels(
    subscription: Json | None,
    invoices: Iterable[Json],
    policies: Iterable[Mapping[str, str]],
    moments: Iterable[float],
) -> set[str]:
    """What the user may use by any of these policies, at any of these moments."""
    known, nows = list(invoices), list(moments)
    return {level(subscription, known, policy, now) for policy in policies for now in nows}


def in_force(
    policies: Sequence[tuple[float, Mapping[str, str]]], since: float
) -> list[Mapping[str, str]]:
    """The policies in force at some moment from then on; they come with when they began."""
    ends = [began for began, _ in policies[1:]] + [math.inf]
    return [policy for (_, policy), end in zip(policies, ends, strict=True) if end > since]


def has_ended(subscription: Json, now: float) -> bool:
    """Whether the moment is past at which it was to end, by whichever field says so."""
    if subscription["cancel_at"] is not None:
        return bool(subscription["cancel_at"] <= now)
    end = subscription["items"]["data"][0]["current_period_end"]
    return bool(subscription["cancel_at_period_end"] and end <= now)


def standing(subscription: Json) -> int:
    """How much a subscription matters: in good standing, alive, not begun, over."""
    status = subscription["status"]
    if status in ALIVE:
        return 0 if status in GOOD else 1
    return 3 if status in OVER else 2


def purchase_as_recorded(session: Json, charge: Json | None, intent: Json | None) -> Json:
    """What a record tells of a one-time purchase."""
    paid = intent is None or intent["status"] == "succeeded"
    failed = intent is not None and intent["status"] in ("requires_payment_method", "canceled")
    return {
        "purchase_id": intent["id"] if intent else session["id"],
        "session_id": session["id"],
        "amount": session["amount_total"],
        "status": "paid" if paid else "failed" if failed else "pending",
        "amount_refunded": charge["amount_refunded"] if charge else 0,
    }


def recorded_subscription(record: Json) -> Json:
    """The attributes of a stored record that tell of its subscription."""
    return {name: record[name] for name in _SUBSCRIPTION if name in record}


_SUBSCRIPTION = (
    "subscription_id",
    "status",
    "item_id",
    "price_id",
    "product_id",
    "quantity",
    "currency",
    "current_period_start",
    "current_period_end",
    "cancel_at",
    "cancel_at_period_end",
    "canceled_at",
    "ended_at",
    "trial_end",
    "pause_collection",
    "pending_update_expires_at",
    "schedule_id",
    "default_payment_method_id",
    "latest_invoice_id",
    "subscription_created",
)
