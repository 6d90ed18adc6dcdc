"""Customers: who pays, and with what by default."""

from __future__ import annotations

import re

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.events import CUSTOMER_DELETED
from local.stripe_simulator.pagination import LIST, page, whole
from local.stripe_simulator.params import (
    Params,
    Spec,
    address,
    clearable,
    email,
    hash_of,
    integer,
    list_of,
    merged,
    metadata,
    one_of,
    required,
    text,
    unsupported,
)
from local.stripe_simulator.resources.customers import balance_transactions
from local.stripe_simulator.resources.payments import payment_methods
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import TEST_CLOCK, World

CUSTOM_FIELD = hash_of({"name": required(text(40)), "value": required(text(140))})
PREFIX = re.compile(r"[A-Z0-9]{3,12}")
FIELDS: Spec = {
    "address": clearable(address),
    "description": text(),
    "email": email,
    "invoice_prefix": text(12),
    "invoice_settings": hash_of(
        {
            "custom_fields": clearable(list_of(CUSTOM_FIELD, maximum=4)),
            "default_payment_method": text(),
            "footer": text(),
            "rendering_options": unsupported("how an invoice is rendered"),
        }
    ),
    "metadata": metadata,
    "name": text(256),
    "next_invoice_sequence": integer(1, 1_000_000_000),
    "phone": text(20),
    "preferred_locales": list_of(text()),
    "shipping": clearable(hash_of({"address": address, "name": required(text()), "phone": text()})),
    "tax_exempt": clearable(one_of("exempt", "none", "reverse")),
    "balance": integer(-99_999_999, 99_999_999),
    "business_name": unsupported("names of businesses; use `name`"),
    "cash_balance": unsupported("cash balances"),
    "individual_name": unsupported("names of individuals; use `name`"),
    "source": unsupported("sources; use payment methods"),
}
CREATE: Spec = {
    **FIELDS,
    "payment_method": text(),
    "test_clock": text(),
    "tax": unsupported("automatic tax by location"),
    "tax_id_data": unsupported("tax ids"),
    "validate": unsupported("the validation of sources"),
}
PLAIN = ("description", "email", "invoice_prefix", "name", "next_invoice_sequence", "phone")


def new(world: World, params: Params) -> Json:
    """Create a customer, and say so."""
    clock_id = params.get("test_clock")
    clock = world.store.get(TEST_CLOCK, clock_id, "test_clock")["id"] if clock_id else None
    settings = params.get("invoice_settings", {})
    customer = world.store.insert(
        {
            "id": world.new_id("cus_", 14),
            "object": "customer",
            "address": _address(params.get("address")),
            "balance": 0,
            "created": world.now(),
            "currency": None,
            "customer_account": None,
            "default_source": None,
            "delinquent": False,
            "description": params.get("description"),
            "discount": None,
            "email": params.get("email"),
            "invoice_prefix": _prefix(params) or world.token(8).upper(),
            "invoice_settings": {
                "custom_fields": settings.get("custom_fields"),
                "default_payment_method": None,
                "footer": settings.get("footer"),
                "rendering_options": None,
            },
            "livemode": False,
            "metadata": merged({}, params.get("metadata")),
            "name": params.get("name"),
            "next_invoice_sequence": params.get("next_invoice_sequence", 1),
            "phone": params.get("phone"),
            "preferred_locales": params.get("preferred_locales", []),
            "shipping": _shipping(params.get("shipping")),
            "tax_exempt": params.get("tax_exempt") or "none",
            "test_clock": clock,
        }
    )
    if params.get("balance"):
        code = world.settings.currency
        balance_transactions.enter(world, customer, params["balance"], code, "initial")
        customer = world.store.get("customer", customer["id"])
    world.emit("customer.created", customer)
    return customer


def _prefix(params: Params) -> str | None:
    prefix: str | None = params.get("invoice_prefix")
    if prefix is not None and not PREFIX.fullmatch(prefix):
        raise invalid(
            "Invoice prefixes must have 3 to 12 uppercase letters or numbers.", "invoice_prefix"
        )
    return prefix


def create(world: World, params: Params) -> Json:
    method_id = params.get("payment_method")
    method = payment_methods.resolve(world, method_id) if method_id else None
    default = params.get("invoice_settings", {}).get("default_payment_method")
    if default and default != method_id:
        raise invalid(
            "The customer does not have a payment method with the ID "
            f"{default}. The payment method must be attached to the customer.",
            "invoice_settings[default_payment_method]",
            "resource_missing",
        )
    if method is not None:
        payment_methods.check_attachable(world, method)
    customer = new(world, params)
    if method is not None:
        attached = payment_methods.attach_to(world, method, customer["id"])
        if default:
            customer = set_default_payment_method(world, customer, attached["id"])
    return customer


def retrieve(world: World, _params: Params, customer_id: str) -> Json:
    """A deleted customer is still found, as a stub that says so."""
    found = world.store.find(customer_id)
    if found is not None and found.get("deleted") and found["object"] == "customer":
        return found
    return world.store.get("customer", customer_id)


def update(world: World, params: Params, customer_id: str) -> Json:
    before = world.store.get("customer", customer_id)
    _prefix(params)
    changes: Json = {name: params[name] for name in PLAIN if name in params}
    if "address" in params:
        changes["address"] = _address(params["address"])
    if "shipping" in params:
        changes["shipping"] = _shipping(params["shipping"])
    if "metadata" in params:
        changes["metadata"] = merged(before["metadata"], params["metadata"])
    if "preferred_locales" in params:
        changes["preferred_locales"] = params["preferred_locales"]
    if "tax_exempt" in params:
        changes["tax_exempt"] = params["tax_exempt"] or "none"
    if "invoice_settings" in params:
        changes["invoice_settings"] = _invoice_settings(world, before, params["invoice_settings"])
    customer = world.store.update(before, **changes)
    moved = params.get("balance", customer["balance"]) - customer["balance"]
    if moved:
        code = customer["currency"] or world.settings.currency
        balance_transactions.enter(world, customer, moved, code, "adjustment")
        customer = world.store.get("customer", customer_id)
    world.emit("customer.updated", customer, before)
    return customer


def on_collected(world: World, invoice: Json) -> None:
    _set_delinquent(world, invoice, delinquent=False)


def on_not_paid(world: World, invoice: Json) -> None:
    _set_delinquent(world, invoice, delinquent=True)


def _set_delinquent(world: World, invoice: Json, *, delinquent: bool) -> None:
    """Follow the latest change of any of the customer's invoices (the API's `delinquent`)."""
    before = world.store.find(invoice["customer"])
    if before is not None and not before.get("deleted"):
        customer = world.store.update(before, delinquent=delinquent)
        world.emit("customer.updated", customer, before)


def set_default_payment_method(world: World, customer: Json, method_id: str) -> Json:
    before = world.store.get("customer", customer["id"])
    settings = {**before["invoice_settings"], "default_payment_method": method_id}
    customer = world.store.update(before, invoice_settings=settings)
    world.emit("customer.updated", customer, before)
    return customer


def charge_in(world: World, customer: Json, currency: str) -> None:
    """Fix the customer's currency on the first charge; a different one later is refused."""
    check_currency(customer, currency)
    changed = world.store.update(customer, currency=currency)
    world.emit("customer.updated", changed, customer)


def check_currency(customer: Json, currency: str) -> None:
    if customer["currency"] not in (None, currency):
        raise invalid(
            "You cannot combine currencies on a single customer. This customer has an active "
            "subscription, subscription schedule, discount, quote, or invoice item with currency "
            f"{customer['currency']}"
        )


def delete(world: World, _params: Params, customer_id: str) -> Json:
    """Delete a customer; what belongs to it ends by reaction to the event."""
    customer = world.store.get("customer", customer_id)
    world.events.tell_in(CUSTOMER_DELETED)
    world.emit("customer.deleted", customer)
    return world.store.delete(customer, keep_stub=True)


def on_clock_deleted(world: World, clock: Json) -> None:
    for customer in list(world.store.oldest_first("customer", test_clock=clock["id"])):
        delete(world, {}, customer["id"])


def listing(world: World, params: Params) -> Json:
    where = {"test_clock": params["test_clock"]} if params.get("test_clock") else {}
    found = (
        customer
        for customer in world.store.newest_first("customer", **where)
        if params.get("email") in (None, customer["email"])
    )
    return page(found, params, "/v1/customers")


def _invoice_settings(world: World, customer: Json, given: Params) -> Json:
    method_id = given.get("default_payment_method")
    if method_id:
        method = world.store.get(
            "payment_method", method_id, "invoice_settings[default_payment_method]"
        )
        payment_methods.check_owner(method, customer["id"])
    return {**customer["invoice_settings"], **given}


def _address(given: Params | None) -> Json | None:
    parts = ("city", "country", "line1", "line2", "postal_code", "state")
    return None if given is None else {part: given.get(part) for part in parts}


def _shipping(given: Params | None) -> Json | None:
    if given is None:
        return None
    shipping: Json = {"name": given["name"], "phone": given.get("phone")}
    if "address" in given:
        shipping["address"] = _address(given["address"])
    return shipping


def _subscriptions(world: World, customer: Json) -> Json:
    running = (
        subscription
        for subscription in world.store.newest_first("subscription", customer=customer["id"])
        if subscription["status"] != "canceled"
    )
    return whole(list(running), f"/v1/customers/{customer['id']}/subscriptions")


ROUTES = (
    Route("POST", "/v1/customers", create, CREATE),
    Route("GET", "/v1/customers", listing, {**LIST, "email": text(512), "test_clock": text()}),
    Route("GET", "/v1/customers/{}", retrieve, {}),
    Route("POST", "/v1/customers/{}", update, FIELDS),
    Route("DELETE", "/v1/customers/{}", delete, {}),
)
INCLUDABLE = {("customer", "subscriptions"): _subscriptions}
REACTIONS = {
    "invoice.marked_uncollectible": on_collected,
    "invoice.overdue": on_not_paid,
    "invoice.paid": on_collected,
    "invoice.payment_failed": on_not_paid,
    "test_helpers.test_clock.deleted": on_clock_deleted,
}
