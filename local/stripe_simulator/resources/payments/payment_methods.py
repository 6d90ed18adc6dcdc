"""Payment methods: cards, kept as brand, last four digits and expiry, and how each behaves."""

from __future__ import annotations

from datetime import UTC, datetime

from local.stripe_simulator.cards import Decline, TestCard, by_id, by_number
from local.stripe_simulator.errors import declined, invalid, no_such, not_simulated
from local.stripe_simulator.pagination import PAGE, page
from local.stripe_simulator.params import (
    Params,
    Spec,
    address,
    clearable,
    hash_of,
    integer,
    merged,
    metadata,
    one_of,
    required,
    text,
)
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

BILLING_DETAILS = hash_of(
    {"address": clearable(address), "email": text(), "name": text(), "phone": text()}
)
EXPIRY: Spec = {"exp_month": integer(1, 12), "exp_year": integer(1970, 2099)}
CREATE: Spec = {
    "type": required(one_of("card")),
    "card": required(hash_of({"token": text(), "number": text(), "cvc": text(), **EXPIRY})),
    "billing_details": BILLING_DETAILS,
    "metadata": metadata,
    "allow_redisplay": one_of("always", "limited", "unspecified"),
}
UPDATE: Spec = {
    "billing_details": BILLING_DETAILS,
    "card": hash_of(EXPIRY),
    "metadata": metadata,
    "allow_redisplay": CREATE["allow_redisplay"],
}
FILTERS: Spec = {**PAGE, "type": one_of("card")}


def new(world: World, card: TestCard, params: Params | None = None) -> Json:
    """Store a payment method for a test card: its expiry and the holder's details are given."""
    if not card.simulated:
        raise not_simulated(f"the test card ending in {card.last4}", "card")
    given = params or {}
    year = datetime.fromtimestamp(world.now(), UTC).year
    expiry = given.get("card", {})
    method = world.store.insert(
        {
            "id": world.new_id("pm_1", 23),
            "object": "payment_method",
            "allow_redisplay": given.get("allow_redisplay", "unspecified"),
            "billing_details": billing_details(given.get("billing_details", {})),
            "card": {
                "brand": card.brand,
                "checks": {
                    "address_line1_check": None,
                    "address_postal_code_check": None,
                    "cvc_check": "pass",
                },
                "country": "US",
                "display_brand": card.brand,
                "exp_month": expiry.get("exp_month", 12),
                "exp_year": expiry.get("exp_year", year + 1),
                "fingerprint": f"test{card.brand[:4]}{card.last4}".ljust(16, "0"),
                "funding": card.funding,
                "generated_from": None,
                "last4": card.last4,
                "networks": {"available": [card.brand], "preferred": None},
                "regulated_status": "unregulated",
                "three_d_secure_usage": {"supported": True},
                "wallet": None,
            },
            "created": world.now(),
            "customer": None,
            "customer_account": None,
            "livemode": False,
            "metadata": merged({}, given.get("metadata")),
            "type": "card",
        }
    )
    world.cards[method["id"]] = card
    return method


def billing_details(given: Params, former: Json | None = None) -> Json:
    fields = {"address": None, "email": None, "name": None, "phone": None, "tax_id": None}
    details: Json = {**fields, **(former or {}), **given}
    if details["address"] is not None:
        parts = ("city", "country", "line1", "line2", "postal_code", "state")
        details["address"] = {part: details["address"].get(part) for part in parts}
    return details


def create(world: World, params: Params) -> Json:
    card = params["card"]
    found = by_number(card["number"]) if card.get("number") else by_id(card.get("token") or "")
    if found is None:
        raise no_such("token", card.get("token") or "", "card[token]")
    if isinstance(found, Decline):
        raise declined(found)
    if card.get("number") and not ("exp_month" in card and "exp_year" in card):
        raise invalid("Missing required param: card[exp_month].", "card[exp_month]")
    return new(world, found, params)


def resolve(world: World, method_id: str, param: str = "payment_method") -> Json:
    """The payment method of that id; a test id such as `pm_card_visa` makes a new one."""
    if world.store.find(method_id) is None and (card := by_id(method_id)):
        return new(world, card)
    return world.store.get("payment_method", method_id, param)


def retrieve(world: World, _params: Params, method_id: str) -> Json:
    return resolve(world, method_id, "id")


def update(world: World, params: Params, method_id: str) -> Json:
    before = world.store.get("payment_method", method_id)
    changes: Json = {}
    if "billing_details" in params:
        former = before["billing_details"]
        changes["billing_details"] = billing_details(params["billing_details"], former)
    if "card" in params:
        changes["card"] = {**before["card"], **params["card"]}
    if "metadata" in params:
        changes["metadata"] = merged(before["metadata"], params["metadata"])
    if "allow_redisplay" in params:
        changes["allow_redisplay"] = params["allow_redisplay"]
    method = world.store.update(before, **changes)
    world.emit("payment_method.updated", method, before)
    return method


def attach(world: World, params: Params, method_id: str) -> Json:
    customer = world.store.get("customer", params["customer"], "customer")
    method = resolve(world, method_id, "id")
    if method["customer"] == customer["id"]:
        return method
    check_attachable(world, method)
    return attach_to(world, method, customer["id"])


def check_attachable(world: World, method: Json) -> None:
    """Refuse a method in use elsewhere, detached before, or whose bank refuses it."""
    if method["customer"] is not None:
        raise invalid(
            "The payment method you provided has already been attached to a customer.",
            code="payment_method_unexpected_state",
        )
    if method["id"] in world.detached:
        raise invalid(
            "This PaymentMethod was previously used without being attached to a Customer or was "
            "detached from a Customer, and may not be used again."
        )
    refusal = world.cards[method["id"]].on_attach
    if refusal is not None:
        raise declined(refusal)


def attach_to(world: World, method: Json, customer_id: str) -> Json:
    attached = world.store.update(method, customer=customer_id)
    world.emit("payment_method.attached", attached)
    return attached


def check_owner(method: Json, customer_id: str) -> None:
    if method["customer"] != customer_id:
        raise invalid(
            f"The customer does not have a payment method with the ID {method['id']}. The payment "
            "method must be attached to the customer.",
            code="resource_missing",
        )


def detach(world: World, _params: Params, method_id: str) -> Json:
    """Detach for good; whoever had it as default has none."""
    before = world.store.get("payment_method", method_id)
    if before["customer"] is None:
        raise invalid(
            "The payment method you provided is not attached to a customer so detachment is "
            "impossible."
        )
    world.detached[method_id] = True
    method = world.store.update(before, customer=None)
    world.emit("payment_method.detached", method, before)
    _forget_default(world, method_id, before["customer"])
    return method


def _forget_default(world: World, method_id: str, customer_id: str) -> None:
    customer = world.store.get("customer", customer_id)
    settings = customer["invoice_settings"]
    if settings["default_payment_method"] == method_id:
        cleared = {**settings, "default_payment_method": None}
        changed = world.store.update(customer, invoice_settings=cleared)
        world.emit("customer.updated", changed, customer)
    for subscription in list(world.store.newest_first("subscription", customer=customer_id)):
        if subscription["default_payment_method"] == method_id:
            changed = world.store.update(subscription, default_payment_method=None)
            world.emit("customer.subscription.updated", changed, subscription)


def listing(world: World, params: Params) -> Json:
    if not params.get("customer"):
        return page((), params, "/v1/payment_methods")
    customer = world.store.get("customer", params["customer"], "customer")
    methods = world.store.newest_first("payment_method", customer=customer["id"])
    return page(methods, params, "/v1/payment_methods")


def of_customer(world: World, params: Params, customer_id: str) -> Json:
    world.store.get("customer", customer_id, "customer")
    methods = world.store.newest_first("payment_method", customer=customer_id)
    return page(methods, params, f"/v1/customers/{customer_id}/payment_methods")


def one_of_customer(world: World, _params: Params, customer_id: str, method_id: str) -> Json:
    method = world.store.get("payment_method", method_id)
    if method["customer"] != customer_id:
        raise no_such("payment_method", method_id)
    return method


ROUTES = (
    Route("POST", "/v1/payment_methods", create, CREATE),
    Route("GET", "/v1/payment_methods", listing, {**FILTERS, "customer": text()}),
    Route("GET", "/v1/payment_methods/{}", retrieve, {}),
    Route("POST", "/v1/payment_methods/{}", update, UPDATE),
    Route("POST", "/v1/payment_methods/{}/attach", attach, {"customer": required(text())}),
    Route("POST", "/v1/payment_methods/{}/detach", detach, {}),
    Route("GET", "/v1/customers/{}/payment_methods", of_customer, FILTERS),
    Route("GET", "/v1/customers/{}/payment_methods/{}", one_of_customer, {}),
)
