"""What must be true of the money, whatever was asked: sums agree, and nothing is lost or made."""

from __future__ import annotations

from collections.abc import Iterator

from local.stripe_simulator.store import Json
from tests.properties.stripe_simulator.watched import WatchedStore


def wrong_invoice(store: WatchedStore, invoice: Json) -> str:
    """How an invoice's amounts contradict each other, or nothing."""
    lines = invoice["lines"]["data"]
    discounts = _total(invoice["total_discount_amounts"])
    taxes = _total(
        tax for tax in invoice["total_taxes"] or () if tax["tax_behavior"] == "exclusive"
    )
    applied = invoice["starting_balance"] - (invoice["ending_balance"] or 0)
    finished = invoice["status"] != "draft"
    sums = {
        "subtotal": (invoice["subtotal"], _total(lines) - _off_single_lines(lines)),
        "total": (invoice["total"], _total(lines) - discounts + taxes),
        "discounts": (discounts, sum(_total(line["discount_amounts"]) for line in lines)),
    }
    if finished:
        sums["amount_due"] = (invoice["amount_due"], invoice["total"] + applied)
        sums["amount_paid"] = (invoice["amount_paid"], _paid(store, invoice))
        sums["amount_remaining"] = (
            invoice["amount_remaining"],
            max(invoice["amount_due"] - invoice["amount_paid"], 0),
        )
    if invoice["status"] == "paid":
        sums["paid in full"] = (invoice["amount_remaining"], 0)
    wrong = {name: both for name, both in sums.items() if both[0] != both[1]}
    return f"{invoice['id']} ({invoice['status']}): {wrong}" if wrong else ""


def wrong_customer(store: WatchedStore, customer: Json) -> str:
    """How a customer's balance contradicts its transactions, or nothing."""
    if customer.get("deleted"):
        return ""
    transactions = list(store.oldest_first("customer_balance_transaction", customer=customer["id"]))
    balance = 0
    for transaction in transactions:
        balance += transaction["amount"]
        if transaction["ending_balance"] != balance:
            return f"{transaction['id']} ends at {transaction['ending_balance']}, not {balance}"
    if customer["balance"] != balance:
        return f"{customer['id']} has {customer['balance']}, its transactions say {balance}"
    return ""


def wrong_charge(store: WatchedStore, charge: Json) -> str:
    """How what was given back contradicts its refunds, or nothing."""
    refunds = list(store.oldest_first("refund", charge=charge["id"]))
    done = _total(refund for refund in refunds if refund["status"] == "succeeded")
    under_way = _total(
        refund for refund in refunds if refund["status"] in ("pending", "requires_action")
    )
    if charge["amount_refunded"] not in (done, done + under_way):
        return f"{charge['id']} has {charge['amount_refunded']} refunded, its refunds {done}"
    if done + under_way > charge["amount"]:
        return f"{charge['id']} gives back more than it took"
    return ""


def wrong_intent(store: WatchedStore, intent: Json) -> str:
    """How what an intent received contradicts its charges, or nothing."""
    charged = sum(
        charge["amount_captured"]
        for charge in store.oldest_first("charge", payment_intent=intent["id"])
        if charge["status"] == "succeeded"
    )
    if intent["amount_received"] != charged:
        return f"{intent['id']} received {intent['amount_received']}, charged was {charged}"
    return ""


def wrong_payment(store: WatchedStore, payment: Json) -> str:
    """How an invoice's payment contradicts the intent that made it, or nothing."""
    intent = store.find(payment["payment"].get("payment_intent") or "")
    if intent is None:
        return ""
    if intent["object"] != "payment_intent":
        return f"{payment['id']} is paid by a {intent['object']}"
    if payment["status"] == "paid" and payment["amount_paid"] != intent["amount_received"]:
        return f"{payment['id']} paid {payment['amount_paid']}, {intent['amount_received']} came in"
    return ""


CHECKS = {
    "invoice": wrong_invoice,
    "customer": wrong_customer,
    "charge": wrong_charge,
    "payment_intent": wrong_intent,
    "invoice_payment": wrong_payment,
}


def _paid(store: WatchedStore, invoice: Json) -> int:
    """What was paid of an invoice, by its payments."""
    if invoice["status"] == "paid" and invoice["id"] in store.paid_by_hand:
        return int(invoice["amount_paid"])
    payments = store.oldest_first("invoice_payment", invoice=invoice["id"])
    return sum(payment["amount_paid"] or 0 for payment in payments)


def _off_single_lines(lines: list[Json]) -> int:
    """The discounts that are on single lines: Stripe takes them off before the subtotal."""
    return sum(
        amount["amount"]
        for line in lines
        for amount in line["discount_amounts"] or ()
        if amount["discount"] in line["discounts"]
    )


def _total(amounts: Iterator[Json] | list[Json] | None) -> int:
    return sum(each["amount"] for each in amounts or ())
