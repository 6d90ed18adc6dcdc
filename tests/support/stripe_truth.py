"""What a record should say, from Stripe's own objects: a comparison of its own, none of our code.

``at_stripe`` asks Stripe, ``on_record`` reads an item of the table; both come in the same words.
"""

from collections.abc import Callable, Iterable
from typing import Any

Json = dict[str, Any]
#: Asks Stripe's API: a path and its parameters.
Ask = Callable[..., Json]

GRACE_SECONDS = 7 * 86_400
PAID = ("trialing", "active")
LIVE = (*PAID, "past_due", "unpaid", "paused")

_SUBSCRIPTION: dict[str, Callable[[Json], Any]] = {
    "subscription_id": lambda s: s["id"],
    "status": lambda s: s["status"],
    "price_id": lambda s: _item(s)["price"]["id"],
    "quantity": lambda s: _item(s)["quantity"],
    "current_period_start": lambda s: _item(s)["current_period_start"],
    "current_period_end": lambda s: _item(s)["current_period_end"],
    "cancel_at": lambda s: s["cancel_at"],
    "cancel_at_period_end": lambda s: s["cancel_at_period_end"],
    "canceled_at": lambda s: s["canceled_at"],
    "ended_at": lambda s: s["ended_at"],
    "trial_end": lambda s: s["trial_end"],
    "pause_collection": lambda s: (s["pause_collection"] or {}).get("behavior"),
    "schedule_id": lambda s: s["schedule"],
    "default_payment_method_id": lambda s: s["default_payment_method"],
    "latest_invoice_id": lambda s: s["latest_invoice"],
}
_INVOICE = ("subscription_id", "status", "total", "amount_paid", "billing_reason", "finalized_at")
_PURCHASE = ("session_id", "price_id", "amount", "amount_refunded", "status", "dispute")
_CARD = ("brand", "last4", "exp_month", "exp_year")


def at_stripe(ask: Ask, customer_id: str) -> Json:
    """All that Stripe holds of a customer, as the record should have it."""
    customer = ask("get", f"/v1/customers/{customer_id}")
    if customer.get("deleted"):
        return {"deleted": True, "subscription": None, "methods": {}, "default": None}
    methods = ask("get", f"/v1/customers/{customer_id}/payment_methods")["data"]
    invoices = _of(ask, "invoices", customer_id)
    return {
        "deleted": False,
        "subscription": _subscription(ask, customer_id),
        "methods": {m["id"]: {name: m[m["type"]].get(name) for name in _CARD} for m in methods},
        "default": customer["invoice_settings"]["default_payment_method"],
        "invoices": {i["id"]: _invoice(i) for i in invoices if _tried(i["status"], i)},
        "purchases": dict(_purchases(ask, customer_id)),
    }


def on_record(record: Json) -> Json:
    """The same of what the table has."""
    customer = record["customer"]
    held = {
        "deleted": customer["deleted"],
        "subscription": {n: record.get(n) for n in _SUBSCRIPTION} if "status" in record else None,
        "methods": {
            method["payment_method_id"]: {name: method.get(name) for name in _CARD}
            for method in customer.get("payment_methods", ())
        },
        "default": customer.get("default_payment_method_id"),
    }
    if customer["deleted"]:
        return held | {"subscription": record["status"] if record["status"] in LIVE else None}
    return held | {
        "invoices": {
            id_: {name: invoice.get(name) for name in _INVOICE}
            for id_, invoice in record.get("invoices", {}).items()
            if _tried(invoice["status"], {"attempted": invoice["attempts"] > 0})
        },
        "purchases": {
            id_: {name: purchase.get(name) for name in _PURCHASE}
            for id_, purchase in record.get("purchases", {}).items()
        },
    }


def access_by_stripe(ask: Ask, customer_id: str, now: int) -> str:
    """The level of access that Stripe's objects give (UTC seconds)."""
    subscription = _subscription(ask, customer_id)
    if subscription is None or subscription["status"] not in LIVE:
        return "none"
    if subscription["status"] in PAID:
        return "full"
    if subscription["status"] != "past_due":
        return "restricted"
    owed = [i for i in _of(ask, "invoices", customer_id) if i["status"] == "open"]
    since = min(invoice["status_transitions"]["finalized_at"] for invoice in owed)
    return "grace" if now < since + GRACE_SECONDS else "restricted"


def _of(ask: Ask, kind: str, customer_id: str, **params: Any) -> list[Json]:
    answer = ask("get", f"/v1/{kind}", customer=customer_id, limit=100, **params)
    assert not answer["has_more"]
    listed: list[Json] = answer["data"]
    return listed


def _subscription(ask: Ask, customer_id: str) -> Json | None:
    """The one that is live, else the newest."""
    listed = _of(ask, "subscriptions", customer_id, status="all")
    best = max(listed, key=lambda s: (s["status"] in LIVE, s["created"]), default=None)
    return {name: value(best) for name, value in _SUBSCRIPTION.items()} if best else None


def _item(subscription: Json) -> Json:
    item: Json = subscription["items"]["data"][0]
    return item


def _tried(status: str, invoice: Json) -> bool:
    """Whether Stripe has told of it: of a draft, and of one not yet tried, it doesn't."""
    return status not in ("draft", "open") or invoice["attempted"]


def _invoice(invoice: Json) -> Json:
    parent = (invoice["parent"] or {}).get("subscription_details") or {}
    return {
        "subscription_id": parent.get("subscription"),
        "finalized_at": invoice["status_transitions"]["finalized_at"],
    } | {name: invoice[name] for name in ("status", "total", "amount_paid", "billing_reason")}


def _purchases(ask: Ask, customer_id: str) -> Iterable[tuple[str, Json]]:
    expand = ["data.line_items", "data.payment_intent.latest_charge"]
    for session in _of(ask, "checkout/sessions", customer_id, expand=expand):
        if (session["mode"], session["status"]) == ("payment", "complete"):
            intent = session["payment_intent"]
            disputes = ask("get", "/v1/disputes", payment_intent=intent["id"])["data"]
            yield (
                intent["id"],
                {
                    "session_id": session["id"],
                    "price_id": session["line_items"]["data"][0]["price"]["id"],
                    "amount": session["amount_total"],
                    "amount_refunded": intent["latest_charge"]["amount_refunded"],
                    "status": _payment(intent["status"]),
                    "dispute": disputes[0]["status"] if disputes else None,
                },
            )


def _payment(status: str) -> str:
    if status == "requires_payment_method":
        return "failed"
    return "paid" if status == "succeeded" else "pending"
