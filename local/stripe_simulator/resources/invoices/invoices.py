"""Invoices through the API: made, listed, changed, finalized, paid, sent, voided, deleted."""

from __future__ import annotations

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.pagination import LIST, page, whole, within
from local.stripe_simulator.params import (
    Params,
    boolean,
    created,
    merged,
    one_of,
    text,
    unsupported,
)
from local.stripe_simulator.resources import plain
from local.stripe_simulator.resources.catalogue import discounts
from local.stripe_simulator.resources.customers import customers
from local.stripe_simulator.resources.invoices import (
    invoice_drafts,
    invoice_endings,
    invoice_items,
    invoice_sending,
    tax_rates,
)
from local.stripe_simulator.resources.invoices.invoice_collection import (
    charge_now,
    intent_of,
    is_processing,
    pay_out_of_band,
    payment_method_of,
)
from local.stripe_simulator.resources.invoices.invoice_drafts import subscription_of
from local.stripe_simulator.resources.invoices.invoice_finalization import (
    auto_finalize,
    collect_soon,
    finalize,
)
from local.stripe_simulator.resources.invoices.invoice_lines import product_of
from local.stripe_simulator.resources.invoices.invoice_params import (
    COLLECTION_METHOD,
    CREATE,
    DRAFT_ONLY,
    PLAIN,
    UPDATE,
)
from local.stripe_simulator.resources.payments import payment_methods
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

DAY = 86400
UNDUE = "collection_method=charge_automatically"


def create(world: World, params: Params) -> Json:
    """Draft an invoice of one's own: empty, or of the customer's pending items."""
    customer = world.store.get("customer", params["customer"], "customer")
    subscription = _subscription(world, customer, params)
    currency = (
        params.get("currency")
        or (subscription and subscription["currency"])
        or customer["currency"]
        or world.settings.currency
    )
    customers.check_currency(customer, currency)
    wanted = params.get("pending_invoice_items_behavior") == "include"
    items = (
        invoice_items.pending(world, customer["id"], params.get("subscription")) if wanted else []
    )
    empty = {
        **invoice_drafts.empty(world, customer, "manual", currency),
        **(invoice_drafts.settings_of(world, subscription) if subscription else {}),
        "auto_advance": False,
    }
    fields = {**empty, **_settings(world, empty, params, items)}
    at = _finalization_time(world, params)
    if params.get("auto_advance", at is not None):
        fields.update(invoice_drafts.advancing(world, fields["collection_method"], at))
    return invoice_drafts.draft(world, fields, [], items)


def _subscription(world: World, customer: Json, params: Params) -> Json | None:
    if not params.get("subscription"):
        return None
    subscription = world.store.get("subscription", params["subscription"], "subscription")
    if subscription["customer"] != customer["id"]:
        raise invalid("The subscription is another customer's.", "subscription")
    return subscription


def _settings(world: World, before: Json, params: Params, lines: list[Json]) -> Json:
    """The fields of an invoice of these lines (or items) that parameters set."""
    changes: Json = {name: params[name] for name in PLAIN if name in params}
    if "metadata" in params:
        changes["metadata"] = merged(before["metadata"], params["metadata"])
    if params.get("default_payment_method"):
        method = world.store.get(
            "payment_method", params["default_payment_method"], "default_payment_method"
        )
        payment_methods.check_owner(method, before["customer"])
    if "default_tax_rates" in params:
        changes["default_tax_rates"] = tax_rates.named(
            world, params["default_tax_rates"], "default_tax_rates"
        )
    if "automatic_tax" in params:
        changes["automatic_tax"] = invoice_drafts.automatic_tax(**params["automatic_tax"])
    if "payment_settings" in params:
        changes["payment_settings"] = {**before["payment_settings"], **params["payment_settings"]}
    if "discounts" in params:
        changes["discounts"] = _discounts(world, before, params, lines)
    return {**changes, **_dates(world, before, params)}


def _discounts(world: World, before: Json, params: Params, lines: list[Json]) -> list[str]:
    products = frozenset(filter(None, map(product_of, lines)))
    purchase = discounts.Purchase(
        before["customer"],
        before["currency"],
        products,
        sum(line["amount"] for line in lines),
    )
    found = discounts.redeem(world, params["discounts"], purchase, invoice=before["id"])
    return [discount["id"] for discount in found]


def _dates(world: World, before: Json, params: Params) -> Json:
    """When an invoice is due, which it is if it is sent rather than charged."""
    method = params.get("collection_method", before["collection_method"])
    due = params.get("due_date", before["due_date"])
    if "days_until_due" in params:
        due = before["created"] + params["days_until_due"] * DAY
    if method == "send_invoice":
        if due is None:
            raise invalid(
                "You must provide `days_until_due` or `due_date` for invoices with "
                "collection_method=send_invoice.",
                "days_until_due",
            )
        if "due_date" in params and due <= world.now():
            raise invalid("`due_date` must be in the future.", "due_date")
        return {"due_date": due}
    given = next((name for name in ("days_until_due", "due_date") if name in params), None)
    if given is not None:
        raise invalid(f"`{given}` can't be set for invoices with {UNDUE}.", given)
    return {"due_date": None}


def _finalization_time(world: World, params: Params) -> int | None:
    name = "automatically_finalizes_at"
    at: int | None = params.get(name)
    if at is not None and at <= world.now():
        raise invalid(f"`{name}` must be in the future.", name)
    return at


def _advance_by_itself(world: World, invoice: Json, params: Params) -> Json:
    """Let an invoice go on by itself, or let it lie, as the parameters say."""
    at = _finalization_time(world, params)
    if not params.get("auto_advance", at is not None or invoice["auto_advance"]):
        return world.store.update(
            invoice, auto_advance=False, automatically_finalizes_at=None, next_payment_attempt=None
        )
    if invoice["status"] == "open":
        return collect_soon(world, world.store.update(invoice, auto_advance=True))
    if invoice["status"] == "draft" and (at or not invoice["automatically_finalizes_at"]):
        return auto_finalize(world, invoice, at)
    return invoice


def update(world: World, params: Params, invoice_id: str) -> Json:
    """Change an invoice; once it is finalized, only what doesn't touch its amounts."""
    before = world.store.get("invoice", invoice_id)
    refused = next((name for name in DRAFT_ONLY if name in params), None)
    if before["status"] != "draft" and refused is not None:
        raise invalid(
            "Finalized invoices can't be updated in this way", refused, "invoice_not_editable"
        )
    lines = before["lines"]["data"]
    invoice = world.store.update(before, **_settings(world, before, params, lines))
    if invoice["status"] == "draft":
        invoice = world.store.update(invoice, **invoice_drafts.worked_out(world, invoice))
    elif invoice["due_date"] != before["due_date"]:
        invoice_sending.set_timers(world, invoice)
    if {"auto_advance", "automatically_finalizes_at"} & params.keys():
        invoice = _advance_by_itself(world, invoice, params)
    world.emit("invoice.updated", invoice, before)
    return invoice


def delete(world: World, _params: Params, invoice_id: str) -> Json:
    invoice = world.store.get("invoice", invoice_id)
    if invoice["status"] != "draft":
        raise invalid("You can only delete draft invoices.", code="invoice_not_editable")
    if subscription_of(invoice) is not None:
        raise invalid("You can't delete invoices created by subscriptions.")
    return invoice_endings.delete(world, invoice)


def finalize_now(world: World, params: Params, invoice_id: str) -> Json:
    invoice = _with_status(world, invoice_id, ("draft",), "finalized")
    if "auto_advance" in params:
        invoice = world.store.update(invoice, auto_advance=params["auto_advance"])
    return collect_soon(world, finalize(world, invoice))


def pay(world: World, params: Params, invoice_id: str) -> Json:
    invoice = _with_status(world, invoice_id, ("draft", "open", "uncollectible"), "paid")
    method = _method_to_pay_with(world, invoice, params.get("payment_method"))
    if invoice["status"] == "draft":
        invoice = finalize(world, invoice)
    if invoice["status"] == "paid":
        return invoice
    if params.get("paid_out_of_band"):
        return pay_out_of_band(world, invoice)
    return charge_now(world, invoice, method, off_session=params.get("off_session", True))


def _method_to_pay_with(world: World, invoice: Json, method_id: str | None) -> Json | None:
    if not method_id:
        return payment_method_of(world, invoice)
    method = payment_methods.resolve(world, method_id)
    if method["customer"] is None:
        return method
    payment_methods.check_owner(method, invoice["customer"])
    return method


def send(world: World, _params: Params, invoice_id: str) -> Json:
    """Send an invoice to its customer; a draft is finalized first."""
    invoice = _with_status(world, invoice_id, ("draft", "open"), "sent")
    if invoice["collection_method"] != "send_invoice":
        raise invalid(
            "You can only manually send an invoice if its collection method is 'send_invoice'."
        )
    if invoice["status"] == "draft":
        invoice = finalize(world, invoice)
    return invoice_sending.send(world, invoice)


def void(world: World, _params: Params, invoice_id: str) -> Json:
    invoice = _with_status(world, invoice_id, ("open", "uncollectible"), "voided")
    if is_processing(world, invoice):
        raise invalid(
            "This invoice can't be voided because a payment of it is processing.",
            code="payment_intent_unexpected_state",
        )
    return invoice_endings.void(world, invoice)


def mark_uncollectible(world: World, _params: Params, invoice_id: str) -> Json:
    invoice = _with_status(world, invoice_id, ("open",), "marked uncollectible")
    return invoice_endings.give_up(world, invoice)


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
        and within(invoice["due_date"], params.get("due_date"))
    )
    return page(found, params, "/v1/invoices")


def _payments(world: World, invoice: Json) -> Json:
    payments = list(world.store.newest_first("invoice_payment", invoice=invoice["id"]))
    return whole(payments, "/v1/invoice_payments")


def _confirmation_secret(world: World, invoice: Json) -> Json | None:
    intent = intent_of(world, invoice)
    return intent and {"client_secret": intent["client_secret"], "type": "payment_intent"}


ROUTES = (
    Route("POST", "/v1/invoices", create, CREATE),
    Route(
        "GET",
        "/v1/invoices",
        listing,
        {
            **LIST,
            "collection_method": COLLECTION_METHOD,
            "customer": text(),
            "due_date": created,
            "status": one_of("draft", "open", "paid", "uncollectible", "void"),
            "subscription": text(),
        },
    ),
    plain.retrieve("/v1/invoices/{}", "invoice"),
    Route("POST", "/v1/invoices/{}", update, UPDATE),
    Route("DELETE", "/v1/invoices/{}", delete, {}),
    Route("POST", "/v1/invoices/{}/finalize", finalize_now, {"auto_advance": boolean}),
    Route(
        "POST",
        "/v1/invoices/{}/pay",
        pay,
        {
            "forgive": unsupported("partly funded sources"),
            "mandate": unsupported("mandates"),
            "off_session": boolean,
            "paid_out_of_band": boolean,
            "payment_method": text(),
            "source": unsupported("sources; use payment methods"),
        },
    ),
    Route("POST", "/v1/invoices/{}/send", send, {}),
    Route("POST", "/v1/invoices/{}/void", void, {}),
    Route("POST", "/v1/invoices/{}/mark_uncollectible", mark_uncollectible, {}),
)
INCLUDABLE = {
    ("invoice", "payments"): _payments,
    ("invoice", "confirmation_secret"): _confirmation_secret,
}
