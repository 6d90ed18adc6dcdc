"""Charges: one attempt to take money from a card, whether it went through or not."""

from __future__ import annotations

from local.stripe_simulator.cards import Decline
from local.stripe_simulator.pagination import LIST, page
from local.stripe_simulator.params import Params, merged, metadata, text
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

OUTCOME: Json = {
    "advice_code": None,
    "network_advice_code": None,
    "network_decline_code": None,
    "risk_level": "normal",
    "risk_score": 20,
}


def new(world: World, intent: Json, method: Json, decline: Decline | None) -> Json:
    """Record the attempt that a payment intent makes with `method`, and say how it went."""
    paid = decline is None
    charge = world.store.insert(
        {
            "id": world.new_id("ch_3", 23),
            "object": "charge",
            "amount": intent["amount"],
            "amount_captured": intent["amount"] if paid else 0,
            "amount_refunded": 0,
            "application": None,
            "application_fee": None,
            "application_fee_amount": None,
            "balance_transaction": world.new_id("txn_3", 23) if paid else None,
            "billing_details": method["billing_details"],
            "calculated_statement_descriptor": "LOCAL STRIPE",
            "captured": paid,
            "created": world.now(),
            "currency": intent["currency"],
            "customer": intent["customer"],
            "description": intent["description"],
            "disputed": False,
            "failure_balance_transaction": None,
            "failure_code": decline and decline.code,
            "failure_message": decline and decline.message,
            "fraud_details": {},
            "livemode": False,
            "metadata": intent["metadata"],
            "on_behalf_of": None,
            "outcome": _outcome(decline),
            "paid": paid,
            "payment_intent": intent["id"],
            "payment_method": method["id"],
            "payment_method_details": {
                "card": _card(method["card"], intent["amount"] if paid else None),
                "type": "card",
            },
            "radar_options": {},
            "receipt_email": intent["receipt_email"],
            "receipt_number": None,
            "receipt_url": None,
            "refunded": False,
            "review": None,
            "shipping": None,
            "source": None,
            "source_transfer": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": None,
            "status": "succeeded" if paid else "failed",
            "transfer_data": None,
            "transfer_group": None,
        }
    )
    world.emit("charge.succeeded" if paid else "charge.failed", charge)
    return charge


def _outcome(decline: Decline | None) -> Json:
    if decline is None:
        return {
            **OUTCOME,
            "network_status": "approved_by_network",
            "reason": None,
            "seller_message": "Payment complete.",
            "type": "authorized",
        }
    return {
        **OUTCOME,
        "network_status": "declined_by_network",
        "reason": decline.decline_code or decline.code,
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "issuer_declined",
    }


def _card(card: Json, authorized: int | None) -> Json:
    kept = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding")
    return {
        **{name: card[name] for name in kept},
        "amount_authorized": authorized,
        "authorization_code": None,
        "electronic_commerce_indicator": None,
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "last4": card["last4"],
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card["brand"],
        "network_token": {"used": False},
        "network_transaction_id": None,
        "overcapture": {"maximum_amount_capturable": authorized or 0, "status": "unavailable"},
        "regulated_status": "unregulated",
        "three_d_secure": None,
        "transaction_link_id": None,
        "wallet": None,
    }


def retrieve(world: World, _params: Params, charge_id: str) -> Json:
    return world.store.get("charge", charge_id)


def update(world: World, params: Params, charge_id: str) -> Json:
    before = world.store.get("charge", charge_id)
    changes = dict(params)
    if "metadata" in params:
        changes["metadata"] = merged(before["metadata"], params["metadata"])
    charge = world.store.update(before, **changes)
    world.emit("charge.updated", charge, before)
    return charge


def listing(world: World, params: Params) -> Json:
    where = {name: params[name] for name in ("customer", "payment_intent") if params.get(name)}
    return page(world.store.newest_first("charge", **where), params, "/v1/charges")


ROUTES = (
    Route("GET", "/v1/charges", listing, {**LIST, "customer": text(), "payment_intent": text()}),
    Route("GET", "/v1/charges/{}", retrieve, {}),
    Route("POST", "/v1/charges/{}", update, {"metadata": metadata, "description": text()}),
)
