"""Invoices through the API: listed, changed, paid, voided."""

from __future__ import annotations

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.pagination import LIST, page, whole
from local.stripe_simulator.params import Params, Spec, boolean, merged, metadata, one_of, text
from local.stripe_simulator.resources.invoices import invoice_endings
from local.stripe_simulator.resources.invoices.invoice_collection import (
    charge_now,
    intent_of,
    pay_out_of_band,
    payment_method_of,
)
from local.stripe_simulator.resources.invoices.invoice_drafts import subscription_of
from local.stripe_simulator.resources.invoices.invoice_finalization import finalize
from local.stripe_simulator.resources.payments import payment_methods
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

FILTERS: Spec = {
    **LIST,
    "customer": text(),
    "subscription": text(),
    "status": one_of("draft", "open", "paid", "uncollectible", "void"),
    "collection_method": one_of("charge_automatically", "send_invoice"),
}


def retrieve(world: World, _params: Params, invoice_id: str) -> Json:
    return world.store.get("invoice", invoice_id)


def update(world: World, params: Params, invoice_id: str) -> Json:
    before = world.store.get("invoice", invoice_id)
    changes = dict(params)
    if "metadata" in params:
        changes["metadata"] = merged(before["metadata"], params["metadata"])
    if params.get("default_payment_method"):
        method = world.store.get("payment_method", params["default_payment_method"])
        payment_methods.check_owner(method, before["customer"])
    invoice = world.store.update(before, **changes)
    world.emit("invoice.updated", invoice, before)
    return invoice


def finalize_now(world: World, _params: Params, invoice_id: str) -> Json:
    invoice = _with_status(world, invoice_id, ("draft",), "finalized")
    return finalize(world, invoice)


def pay(world: World, params: Params, invoice_id: str) -> Json:
    invoice = _with_status(world, invoice_id, ("draft", "open", "uncollectible"), "paid")
    method = _method_to_pay_with(world, invoice, params.get("payment_method"))
    if invoice["status"] == "draft":
        invoice = finalize(world, invoice)
    if params.get("paid_out_of_band"):
        return pay_out_of_band(world, invoice)
    if invoice["status"] == "paid":
        return invoice
    return charge_now(world, invoice, method, off_session=params.get("off_session", True))


def _method_to_pay_with(world: World, invoice: Json, method_id: str | None) -> Json | None:
    if not method_id:
        return payment_method_of(world, invoice)
    method = payment_methods.resolve(world, method_id)
    if method["customer"] is None:
        return method
    payment_methods.check_owner(method, invoice["customer"])
    return method


def void(world: World, _params: Params, invoice_id: str) -> Json:
    invoice = _with_status(world, invoice_id, ("open", "uncollectible"), "voided")
    return invoice_endings.void(world, invoice)


def mark_uncollectible(world: World, _params: Params, invoice_id: str) -> Json:
    invoice = _with_status(world, invoice_id, ("open",), "marked uncollectible")
    transitions = {**invoice["status_transitions"], "marked_uncollectible_at": world.now()}
    invoice = world.store.update(
        invoice,
        auto_advance=False,
        next_payment_attempt=None,
        status="uncollectible",
        status_transitions=transitions,
    )
    world.emit("invoice.marked_uncollectible", invoice)
    return invoice


def _with_status(world: World, invoice_id: str, allowed: tuple[str, ...], verb: str) -> Json:
    invoice = world.store.get("invoice", invoice_id)
    if invoice["status"] == "paid" and verb == "paid":
        raise invalid("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] not in allowed:
        raise invalid(
            f"This invoice can't be {verb} because it has a status of {invoice['status']}.",
            code="invoice_not_editable",
        )
    return invoice


def listing(world: World, params: Params) -> Json:
    where = {"customer": params["customer"]} if params.get("customer") else {}
    found = (
        invoice
        for invoice in world.store.newest_first("invoice", **where)
        if params.get("subscription") in (None, subscription_of(invoice))
        and params.get("status") in (None, invoice["status"])
        and params.get("collection_method") in (None, invoice["collection_method"])
    )
    return page(found, params, "/v1/invoices")


def lines(world: World, params: Params, invoice_id: str) -> Json:
    invoice = world.store.get("invoice", invoice_id)
    return page(invoice["lines"]["data"], params, f"/v1/invoices/{invoice_id}/lines")


def _payments(world: World, invoice: Json) -> Json:
    payments = list(world.store.newest_first("invoice_payment", invoice=invoice["id"]))
    return whole(payments, "/v1/invoice_payments")


def _confirmation_secret(world: World, invoice: Json) -> Json | None:
    intent = intent_of(world, invoice)
    return intent and {"client_secret": intent["client_secret"], "type": "payment_intent"}


ROUTES = (
    Route("GET", "/v1/invoices", listing, FILTERS),
    Route("GET", "/v1/invoices/{}", retrieve, {}),
    Route(
        "POST",
        "/v1/invoices/{}",
        update,
        {
            "metadata": metadata,
            "description": text(),
            "default_payment_method": text(),
            "auto_advance": boolean,
        },
    ),
    Route("GET", "/v1/invoices/{}/lines", lines, LIST),
    Route("POST", "/v1/invoices/{}/finalize", finalize_now, {"auto_advance": boolean}),
    Route(
        "POST",
        "/v1/invoices/{}/pay",
        pay,
        {"payment_method": text(), "off_session": boolean, "paid_out_of_band": boolean},
    ),
    Route("POST", "/v1/invoices/{}/void", void, {}),
    Route("POST", "/v1/invoices/{}/mark_uncollectible", mark_uncollectible, {}),
)
INCLUDABLE = {
    ("invoice", "payments"): _payments,
    ("invoice", "confirmation_secret"): _confirmation_secret,
}
