"""Payment methods: cards and bank accounts, kept without their number, and how each behaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from local.stripe_simulator import bank_accounts
from local.stripe_simulator.cards import (
    INVALID_EXPIRY_MONTH,
    INVALID_EXPIRY_YEAR,
    Decline,
    TestMethod,
    by_id,
    by_number,
)
from local.stripe_simulator.errors import declined, invalid, no_such, not_simulated
from local.stripe_simulator.pagination import PAGE, page
from local.stripe_simulator.params import (
    Params,
    Spec,
    address,
    changes_of,
    clearable,
    hash_of,
    integer,
    merged,
    metadata,
    one_of,
    required,
    text,
    unsupported,
)
from local.stripe_simulator.resources.payments import method_details
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

BILLING_DETAILS = hash_of(
    {"address": clearable(address), "email": text(), "name": text(), "phone": text()}
)
TYPES = ("card", "sepa_debit", "us_bank_account")
EXPIRY: Spec = {"exp_month": integer(1, 12), "exp_year": integer(1970, 2099)}
CREATE: Spec = {
    "type": required(one_of(*TYPES)),
    "card": hash_of({"token": text(), "number": text(), "cvc": text(), **EXPIRY}),
    "sepa_debit": hash_of({"iban": required(text())}),
    "us_bank_account": unsupported(
        "verifying a bank account by microdeposits; use a test id such as pm_usBankAccount_success"
    ),
    "billing_details": BILLING_DETAILS,
    "metadata": metadata,
    "allow_redisplay": one_of("always", "limited", "unspecified"),
    "customer": unsupported("copying a payment method to a connected account"),
    "payment_method": unsupported("copying a payment method to a connected account"),
    "radar_options": unsupported("Radar sessions"),
}
UPDATE: Spec = {
    "billing_details": BILLING_DETAILS,
    "card": hash_of(EXPIRY),
    "metadata": metadata,
    "allow_redisplay": CREATE["allow_redisplay"],
}
FILTERS: Spec = {**PAGE, "type": one_of(*TYPES), "allow_redisplay": CREATE["allow_redisplay"]}


def new(world: World, known: TestMethod, params: Params | None = None) -> Json:
    """Store a payment method that behaves as `known`: the holder's details are given."""
    if not known.simulated:
        raise not_simulated(f"the test card ending in {known.last4}", "card")
    given = params or {}
    this_year = datetime.fromtimestamp(world.now(), UTC).year
    method = world.store.insert(
        {
            "id": world.new_id("pm_1", 23),
            "object": "payment_method",
            "allow_redisplay": given.get("allow_redisplay", "unspecified"),
            "billing_details": billing_details(given.get("billing_details", {})),
            "created": world.now(),
            "customer": None,
            "customer_account": None,
            "livemode": False,
            "metadata": merged({}, given.get("metadata")),
            **method_details.of_method(known, given.get("card", {}), this_year),
        }
    )
    world.cards[method["id"]] = known
    return method


def billing_details(given: Params, former: Json | None = None) -> Json:
    fields = {"address": None, "email": None, "name": None, "phone": None, "tax_id": None}
    details: Json = {**fields, **(former or {}), **given}
    if details["address"] is not None:
        parts = ("city", "country", "line1", "line2", "postal_code", "state")
        details["address"] = {part: details["address"].get(part) for part in parts}
    return details


def create(world: World, params: Params) -> Json:
    kind = params["type"]
    if kind not in params:
        raise invalid(f"Missing required param: {kind}.", kind, "parameter_missing")
    if kind == "sepa_debit":
        return new(world, _account(params["sepa_debit"]["iban"]), params)
    return new(world, _card(world, params["card"]), params)


def _account(iban: str) -> TestMethod:
    account = bank_accounts.by_iban(iban)
    if account is None:
        decline = bank_accounts.INVALID_IBAN
        raise invalid(decline.message, "sepa_debit[iban]", decline.code)
    return account


def _card(world: World, given: Params) -> TestMethod:
    found = by_number(given["number"]) if given.get("number") else by_id(given.get("token") or "")
    if found is None:
        raise no_such("token", given.get("token") or "", "card[token]")
    if isinstance(found, Decline):
        raise declined(found)
    if given.get("number"):
        _check_expiry(world, given)
    return found


def _check_expiry(world: World, given: Params) -> None:
    for name in ("exp_month", "exp_year"):
        if name not in given:
            raise invalid(f"Missing required param: card[{name}].", f"card[{name}]")
    today = datetime.fromtimestamp(world.now(), UTC)
    if given["exp_year"] < today.year:
        raise declined(INVALID_EXPIRY_YEAR)
    if (given["exp_year"], given["exp_month"]) < (today.year, today.month):
        raise declined(INVALID_EXPIRY_MONTH)


def resolve(world: World, method_id: str, param: str = "payment_method") -> Json:
    """The payment method of that id; a test id such as `pm_card_visa` makes a new one."""
    if world.store.find(method_id) is None and (
        known := by_id(method_id) or bank_accounts.BY_ID.get(method_id)
    ):
        return new(world, known)
    return world.store.get("payment_method", method_id, param)


def retrieve(world: World, _params: Params, method_id: str) -> Json:
    return resolve(world, method_id, "id")


def update(world: World, params: Params, method_id: str) -> Json:
    before = world.store.get("payment_method", method_id)
    changes = changes_of(before, params)
    if "billing_details" in params:
        former = before["billing_details"]
        changes["billing_details"] = billing_details(params["billing_details"], former)
    if "card" in params:
        if before["type"] != "card":
            raise invalid("You may only update the card of a payment method of that type.", "card")
        changes["card"] = {**before["card"], **params["card"]}
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
    """Put a method on file; one that is there already stays as it is."""
    method = world.store.get("payment_method", method["id"])
    if method["customer"] == customer_id:
        return method
    attached = world.store.update(method, customer=customer_id)
    world.emit("payment_method.attached", attached)
    return attached


def save(world: World, method: Json, customer_id: str | None) -> Json:
    """Keep a method that was just set up: it can be used off-session from now on."""
    world.cards[method["id"]] = replace(world.cards[method["id"]], is_set_up=True)
    return attach_to(world, method, customer_id) if customer_id else method


def auto_update(world: World, method_id: str, exp_month: int, exp_year: int) -> Json:
    """Renew a card as its network does when the bank issues a new one ("card account updater")."""
    before = world.store.get("payment_method", method_id)
    if before["type"] != "card":
        raise invalid("Only cards are updated by their network.", "payment_method")
    card = {**before["card"], "exp_month": exp_month, "exp_year": exp_year}
    method = world.store.update(before, card=card)
    world.emit("payment_method.automatically_updated", method, before)
    return method


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
    methods = _on_file(world, params, params["customer"], "customer")
    return page(methods, params, "/v1/payment_methods")


def of_customer(world: World, params: Params, customer_id: str) -> Json:
    methods = _on_file(world, params, customer_id, "id")
    return page(methods, params, f"/v1/customers/{customer_id}/payment_methods")


def _on_file(world: World, params: Params, customer_id: str, param: str) -> Iterator[Json]:
    world.store.get("customer", customer_id, param)
    wanted = {name: params[name] for name in ("type", "allow_redisplay") if name in params}
    return (
        method
        for method in world.store.newest_first("payment_method", customer=customer_id)
        if wanted.items() <= method.items()
    )


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
