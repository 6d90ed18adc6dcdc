"""Charges: one attempt to take money, whether it went through or not.

With `capture_method=automatic_async`, as payment intents have it by default, the balance
transaction of a card's charge follows some seconds later, which `charge.updated` tells
("Asynchronous capture").
"""

from __future__ import annotations

from local.stripe_simulator.cards import HARD_DECLINES, Decline, TestCard, TestMethod
from local.stripe_simulator.pagination import LIST
from local.stripe_simulator.params import metadata, text, unsupported
from local.stripe_simulator.resources import plain
from local.stripe_simulator.resources.payments import account_balance, method_details
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

BOOKING_SECONDS = 3
RISK_SCORES = {"normal": 20, "elevated": 65, "highest": 90}
ADVICE = {"incorrect_cvc": "confirm_card_data", "expired_card": "confirm_card_data"}


def new(
    world: World,
    intent: Json,
    method: Json,
    decline: Decline | None = None,
    *,
    authenticated: bool = False,
) -> Json:
    """Record the attempt that a payment intent makes with `method`, and say how it went.

    A debit is pending, whatever becomes of it: `settle` tells that.
    """
    known = world.cards[method["id"]]
    status = "failed" if decline else "succeeded"
    if known.settles_after is not None:
        status, decline = "pending", None
    went = status == "succeeded"
    captured = went and intent["capture_method"] != "manual"
    charge = world.store.insert(
        {
            "id": world.new_id("ch_3" if method["type"] == "card" else "py_3", 23),
            "object": "charge",
            "amount": intent["amount"],
            "amount_captured": intent["amount"] if captured else 0,
            "amount_refunded": 0,
            "application": None,
            "application_fee": None,
            "application_fee_amount": None,
            "balance_transaction": None,
            "billing_details": method["billing_details"],
            "calculated_statement_descriptor": "LOCAL STRIPE",
            "captured": captured or status == "pending",
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
            "outcome": _outcome(known, decline),
            "paid": went,
            "payment_intent": intent["id"],
            "payment_method": method["id"],
            "payment_method_details": method_details.of_charge(
                method, intent["amount"] if went else None, authenticated=authenticated
            ),
            "radar_options": {},
            "receipt_email": intent["receipt_email"],
            "receipt_number": None,
            "receipt_url": None,
            "refunded": False,
            "review": None,
            "shipping": intent["shipping"],
            "source": None,
            "source_transfer": None,
            "statement_descriptor": intent["statement_descriptor"],
            "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
            "status": status,
            "transfer_data": None,
            "transfer_group": intent["transfer_group"],
        }
    )
    if captured and intent["capture_method"] == "automatic_async":
        world.schedule_on_account(world.wall() + BOOKING_SECONDS, "charge.book", charge["id"])
    elif captured:
        charge = _book(world, charge)
    world.emit(f"charge.{status}", charge)
    return charge


def book_due(world: World, charge_id: str) -> None:
    """Tell that the balance transaction is there."""
    before = world.store.find(charge_id)
    if before is None:  # deleted with its test clock
        return
    with world.on_clock(world.clock_of(charge_id)):
        world.emit("charge.updated", _book(world, before), before)


def _book(world: World, charge: Json) -> Json:
    transaction = account_balance.of_charge(world, charge)
    return world.store.update(charge, balance_transaction=transaction["id"])


def settle(world: World, charge: Json, decline: Decline | None) -> Json:
    """Tell what became of a debit that was pending."""
    if decline is None:
        charge = world.store.update(
            charge, amount_captured=charge["amount"], paid=True, status="succeeded"
        )
        charge = _book(world, charge)
    else:
        charge = world.store.update(
            charge,
            captured=False,
            failure_code=decline.code,
            failure_message=decline.message,
            status="failed",
        )
    world.emit(f"charge.{charge['status']}", charge)
    return charge


def capture(world: World, charge: Json, amount: int) -> Json:
    """Take what was only authorized, or a part of it; the rest is released."""
    before = charge
    charge = _book(world, world.store.update(charge, amount_captured=amount, captured=True))
    world.emit("charge.captured", charge)
    world.emit("charge.updated", charge, before)
    return charge


def _outcome(known: TestMethod, decline: Decline | None) -> Json:
    risk = known.risk if isinstance(known, TestCard) else "normal"
    outcome: Json = {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "risk_level": risk,
        "risk_score": RISK_SCORES[risk],
    }
    if decline is None:
        return {
            **outcome,
            "network_status": "approved_by_network",
            "reason": "elevated_risk_level" if risk == "elevated" else None,
            "seller_message": "Payment complete.",
            "type": "authorized",
        }
    if risk == "highest":
        return {
            **outcome,
            "network_status": "not_sent_to_network",
            "reason": "highest_risk_level",
            "seller_message": "Stripe blocked this payment as too risky.",
            "type": "blocked",
        }
    return {
        **outcome,
        "advice_code": advice(decline),
        "network_status": "declined_by_network",
        "reason": decline.decline_code or decline.code,
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "issuer_declined",
    }


def advice(decline: Decline) -> str:
    """What Stripe advises after a decline ("Card declines", on retrying)."""
    if (decline.decline_code or decline.code) in HARD_DECLINES:
        return "do_not_try_again"
    return ADVICE.get(decline.code, "try_again_later")


ROUTES = (
    plain.listing(
        "/v1/charges",
        "charge",
        {
            **LIST,
            "customer": text(),
            "payment_intent": text(),
            "transfer_group": unsupported("filtering by transfer group"),
        },
    ),
    plain.retrieve("/v1/charges/{}", "charge"),
    plain.update(
        "/v1/charges/{}",
        "charge",
        {
            "metadata": metadata,
            "description": text(),
            "receipt_email": text(),
            "transfer_group": text(),
            "customer": unsupported("giving a charge to a customer"),
            "fraud_details": unsupported("reporting fraud"),
            "shipping": unsupported("shipping"),
        },
    ),
)
TIMERS = {"charge.book": book_due}
