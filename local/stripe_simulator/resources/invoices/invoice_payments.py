"""Invoice payments: which payment intent pays which invoice, since neither names the other."""

from __future__ import annotations

from local.stripe_simulator.pagination import LIST, page
from local.stripe_simulator.params import Params, hash_of, one_of, required, text
from local.stripe_simulator.resources import plain
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

PAYMENT = hash_of({"type": required(one_of("payment_intent")), "payment_intent": text()})


def new(world: World, invoice: Json, intent: Json) -> Json:
    return world.store.insert(
        {
            "id": world.new_id("inpay_1", 23),
            "object": "invoice_payment",
            "amount_paid": None,
            "amount_requested": invoice["amount_due"],
            "created": world.now(),
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "livemode": False,
            "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
            "status": "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
        }
    )


def of_invoice(world: World, invoice_id: str) -> Json | None:
    """The invoice's default payment; none while it is a draft, or when nothing is due."""
    return next(world.store.newest_first("invoice_payment", invoice=invoice_id), None)


def mark_paid(world: World, payment: Json) -> None:
    transitions = {**payment["status_transitions"], "paid_at": world.now()}
    paid = world.store.update(
        payment,
        amount_paid=payment["amount_requested"],
        status="paid",
        status_transitions=transitions,
    )
    world.emit("invoice_payment.paid", paid)


def mark_canceled(world: World, payment: Json) -> None:
    transitions = {**payment["status_transitions"], "canceled_at": world.now()}
    world.store.update(payment, status="canceled", status_transitions=transitions)


def listing(world: World, params: Params) -> Json:
    where = {"invoice": params["invoice"]} if params.get("invoice") else {}
    intent = params.get("payment", {}).get("payment_intent")
    found = (
        payment
        for payment in world.store.newest_first("invoice_payment", **where)
        if intent in (None, payment["payment"]["payment_intent"])
        and params.get("status") in (None, payment["status"])
    )
    return page(found, params, "/v1/invoice_payments")


ROUTES = (
    Route(
        "GET",
        "/v1/invoice_payments",
        listing,
        {
            **LIST,
            "invoice": text(),
            "payment": PAYMENT,
            "status": one_of("canceled", "open", "paid"),
        },
    ),
    plain.retrieve("/v1/invoice_payments/{}", "invoice_payment"),
)
