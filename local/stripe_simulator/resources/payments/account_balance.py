"""Balance transactions: what each charge, refund and dispute moves on the account's balance.

A card's charge costs 2.9% and 30 minor units, a debit's 0.8%, a dispute 1500 minor units. Funds are
available at once: there are no payouts.
"""

from __future__ import annotations

from typing import Any

from local.stripe_simulator.pagination import LIST
from local.stripe_simulator.params import text
from local.stripe_simulator.resources import plain
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

DISPUTE_FEE = 1500
CATEGORIES = {"payment": "charge", "payment_refund": "refund"}


def of_charge(world: World, charge: Json) -> Json:
    amount = charge["amount_captured"]
    card = charge["payment_method_details"]["type"] == "card"
    fee = (amount * 29 + 500) // 1000 + 30 if card else (amount * 8 + 500) // 1000
    kind = "charge" if card else "payment"
    return _new(world, charge, type=kind, amount=amount, fee=fee)


def of_refund(world: World, refund: Json, charge: Json) -> Json:
    card = charge["payment_method_details"]["type"] == "card"
    kind = "refund" if card else "payment_refund"
    return _new(world, refund, type=kind, amount=-refund["amount"], description="REFUND FOR CHARGE")


def of_failed_refund(world: World, refund: Json) -> Json:
    return _new(world, refund, type="refund_failure", amount=refund["amount"])


def of_dispute(world: World, dispute: Json, *, withdrawn: bool) -> Json:
    """Take the disputed amount and the fee for the dispute, or give both back."""
    sign = -1 if withdrawn else 1
    return _new(
        world,
        dispute,
        type="adjustment",
        amount=sign * dispute["amount"],
        fee=-sign * DISPUTE_FEE,
        reporting_category="dispute" if withdrawn else "dispute_reversal",
    )


def _new(world: World, source: Json, **fields: Any) -> Json:
    fee, kind = fields.get("fee", 0), fields["type"]
    details = {
        "amount": fee,
        "application": None,
        "currency": source["currency"],
        "description": "Dispute fee" if kind == "adjustment" else "Stripe processing fees",
        "type": "stripe_fee",
    }
    return world.store.insert(
        {
            "id": world.new_id("txn_3", 23),
            "object": "balance_transaction",
            "available_on": world.now(),
            "balance_type": "payments",
            "created": world.now(),
            "currency": source["currency"],
            "description": source.get("description"),
            "exchange_rate": None,
            "fee": fee,
            "fee_details": [details] if fee else [],
            "net": fields["amount"] - fee,
            "reporting_category": CATEGORIES.get(kind, kind),
            "source": source["id"],
            "status": "available",
            **fields,
        }
    )


ROUTES = (
    plain.listing(
        "/v1/balance_transactions",
        "balance_transaction",
        {**LIST, "currency": text(), "source": text(), "type": text()},
    ),
    plain.retrieve("/v1/balance_transactions/{}", "balance_transaction"),
)
