"""A customer's credit balance: what is given or owed on the next invoice, as a ledger.

Invariant: a customer's `balance` is the sum of its transactions; nothing else changes it.
Negative is credit, positive is owed (docs.stripe.com/billing/customer/balance).
"""

from __future__ import annotations

from typing import Any

from local.stripe_simulator.errors import invalid, no_such
from local.stripe_simulator.money import currency
from local.stripe_simulator.pagination import LIST, page
from local.stripe_simulator.params import (
    Params,
    changes_of,
    integer,
    merged,
    metadata,
    required,
    text,
)
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

KIND = "customer_balance_transaction"
MAX_AMOUNT = 99_999_999
ROOT = "/v1/customers/{}/balance_transactions"


def record(
    world: World, customer_id: str, amount: int, code: str, kind: str, **details: Any
) -> Json:
    """Move a customer's balance by `amount` of currency `code`, and say so."""
    before = world.store.get("customer", customer_id)
    transaction = enter(world, before, amount, code, kind, **details)
    world.emit("customer.updated", world.store.get("customer", customer_id), before)
    return transaction


def enter(world: World, customer: Json, amount: int, code: str, kind: str, **details: Any) -> Json:
    """Move a customer's balance; what else changes about the customer is told with it.

    `details` are the transaction's `description`, `invoice` and `metadata`.
    """
    if customer["currency"] not in (None, code):
        raise invalid(
            f"The customer's balance is in {customer['currency']}; {code} can't be applied to it.",
            "currency",
        )
    balance = customer["balance"] + amount
    world.store.update(customer, balance=balance, currency=code)
    return world.store.insert(
        {
            "id": world.new_id("cbtxn_1", 23),
            "object": KIND,
            "amount": amount,
            "checkout_session": None,
            "created": world.now(),
            "credit_note": None,
            "currency": code,
            "customer": customer["id"],
            "customer_account": None,
            "description": None,
            "ending_balance": balance,
            "invoice": None,
            "livemode": False,
            "metadata": {},
            "type": kind,
            **details,
        }
    )


def create(world: World, params: Params, customer_id: str) -> Json:
    return record(
        world,
        customer_id,
        params["amount"],
        params["currency"],
        "adjustment",
        description=params.get("description"),
        metadata=merged({}, params.get("metadata")),
    )


def retrieve(world: World, _params: Params, customer_id: str, transaction_id: str) -> Json:
    world.store.get("customer", customer_id)
    return _of(world, customer_id, transaction_id)


def update(world: World, params: Params, customer_id: str, transaction_id: str) -> Json:
    before = _of(world, customer_id, transaction_id)
    return world.store.update(before, **changes_of(before, params))


def _of(world: World, customer_id: str, transaction_id: str) -> Json:
    found = world.store.get(KIND, transaction_id)
    if found["customer"] != customer_id:
        raise no_such(KIND, transaction_id)
    return found


def listing(world: World, params: Params, customer_id: str) -> Json:
    world.store.get("customer", customer_id)
    found = (
        transaction
        for transaction in world.store.newest_first(KIND, customer=customer_id)
        if params.get("invoice") in (None, transaction["invoice"])
    )
    return page(found, params, ROOT.format(customer_id))


ROUTES = (
    Route(
        "POST",
        ROOT,
        create,
        {
            "amount": required(integer(-MAX_AMOUNT, MAX_AMOUNT)),
            "currency": required(currency),
            "description": text(350),
            "metadata": metadata,
        },
    ),
    Route("GET", ROOT, listing, {**LIST, "invoice": text()}),
    Route("GET", f"{ROOT}/{{}}", retrieve, {}),
    Route("POST", f"{ROOT}/{{}}", update, {"description": text(350), "metadata": metadata}),
)
