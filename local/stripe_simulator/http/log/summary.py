"""One line about an object: its name, what it amounts to, and its state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local.stripe_simulator.money import formatted
from local.stripe_simulator.store import Json

NAMES = ("name", "email", "number", "description", "code", "nickname", "lookup_key", "url",
         "reason", "display_name", "customer_email")  # fmt: skip
AMOUNTS = ("amount_due", "amount_total", "unit_amount", "amount")
GOOD = {"active", "available", "complete", "enabled", "paid", "ready", "succeeded", "trialing",
        "won", "delivered"}  # fmt: skip
BAD = {"canceled", "disabled", "expired", "failed", "incomplete_expired", "inactive", "lost",
       "past_due", "requires_payment_method", "uncollectible", "unpaid", "void", "dropped",
       "needs_response"}  # fmt: skip


@dataclass(frozen=True)
class Summary:
    name: str
    amount: str
    status: str


def summarize(obj: Json) -> Summary:
    return Summary(_name(obj), _amount(obj), _status(obj))


def tone(status: str) -> str:
    """Whether a state is good, bad, or neither (yet)."""
    if status in GOOD:
        return "good"
    return "bad" if status in BAD else "open"


def _name(obj: Json) -> str:
    found = next((obj[key] for key in NAMES if isinstance(obj.get(key), str) and obj[key]), None)
    return str(found) if found else _card(obj.get("card"))


def _card(card: Any) -> str:
    return f"{card['brand']} •••• {card['last4']}" if isinstance(card, dict) else ""


def _amount(obj: Json) -> str:
    """What it costs or moves; of a subscription, what its first item costs."""
    if obj["object"] in ("subscription", "subscription_item"):
        item = obj["items"]["data"][0] if "items" in obj else obj
        times = f"{item['quantity']} of " if item.get("quantity", 1) != 1 else ""
        return times + _amount(item["price"])
    found = next((obj[key] for key in AMOUNTS if isinstance(obj.get(key), int)), None)
    currency = obj.get("currency")
    if found is None or not isinstance(currency, str):
        return ""
    recurring = obj.get("recurring")
    every = f" / {recurring['interval']}" if isinstance(recurring, dict) else ""
    return formatted(found, currency) + every


def _status(obj: Json) -> str:
    status = obj.get("status")
    if isinstance(status, str):
        return status
    if isinstance(obj.get("active"), bool):
        return "active" if obj["active"] else "inactive"
    return ""
