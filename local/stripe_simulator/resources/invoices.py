"""Invoices: draft, open, then paid, void or uncollectible; collected from the card on file."""

from __future__ import annotations

from dataclasses import dataclass, field

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.pagination import LIST, page, whole
from local.stripe_simulator.params import Params, Spec, boolean, merged, metadata, one_of, text
from local.stripe_simulator.resources import invoice_payments, payment_intents, payment_methods
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

DAY = 86400
DRAFT_SECONDS = 3600  # how long a renewal's invoice can still be edited
FILTERS: Spec = {
    **LIST,
    "customer": text(),
    "subscription": text(),
    "status": one_of("draft", "open", "paid", "uncollectible", "void"),
    "collection_method": one_of("charge_automatically", "send_invoice"),
}


@dataclass(frozen=True)
class Line:
    """What one line of an invoice bills: an item of a subscription, for a period."""

    subscription_item: Json
    start: int
    end: int
    amount: int
    description: str
    metadata: Json = field(default_factory=dict)


def new(world: World, subscription: Json, reason: str, lines: list[Line], since: int) -> Json:
    """Draft an invoice of a subscription; `since` begins the period that it looks back on."""
    customer = world.store.get("customer", subscription["customer"])
    invoice_id = world.new_id("in_1", 23)
    total = sum(line.amount for line in lines)
    automatic = subscription["automatic_tax"]["enabled"]
    invoice = world.store.insert(
        {
            "id": invoice_id,
            "object": "invoice",
            "account_country": world.settings.country,
            "account_name": world.settings.account_name,
            "account_tax_ids": None,
            "amount_due": total,
            "amount_overpaid": 0,
            "amount_paid": 0,
            "amount_remaining": total,
            "amount_shipping": 0,
            "application": None,
            "attempt_count": 0,
            "attempted": False,
            "auto_advance": True,
            "automatic_tax": {
                "disabled_reason": None,
                "enabled": automatic,
                "liability": {"type": "self"} if automatic else None,
                "provider": "stripe" if automatic else None,
                "status": "complete" if automatic else None,
            },
            "automatically_finalizes_at": None,
            "billing_reason": reason,
            "collection_method": subscription["collection_method"],
            "created": world.now(),
            "currency": subscription["currency"],
            "custom_fields": None,
            "customer": customer["id"],
            "customer_account": None,
            "customer_address": customer["address"],
            "customer_email": customer["email"],
            "customer_name": customer["name"],
            "customer_phone": customer["phone"],
            "customer_shipping": customer["shipping"],
            "customer_tax_exempt": customer["tax_exempt"],
            "customer_tax_ids": [],
            "default_payment_method": None,
            "default_source": None,
            "default_tax_rates": [],
            "description": None,
            "discounts": [],
            "due_date": None,
            "effective_at": None,
            "ending_balance": None,
            "footer": None,
            "from_invoice": None,
            "hosted_invoice_url": None,
            "invoice_pdf": None,
            "issuer": {"type": "self"},
            "last_finalization_error": None,
            "latest_revision": None,
            "lines": whole(
                [_line_item(world, invoice_id, subscription, line) for line in lines],
                f"/v1/invoices/{invoice_id}/lines",
            ),
            "livemode": False,
            "metadata": {},
            "next_payment_attempt": None,
            "number": None,
            "on_behalf_of": None,
            "parent": {
                "quote_details": None,
                "subscription_details": {
                    "metadata": subscription["metadata"],
                    "subscription": subscription["id"],
                },
                "type": "subscription_details",
            },
            "payment_settings": {
                "default_mandate": None,
                "payment_method_options": None,
                "payment_method_types": None,
            },
            "period_end": world.now(),
            "period_start": since,
            "post_payment_credit_notes_amount": 0,
            "pre_payment_credit_notes_amount": 0,
            "receipt_number": None,
            "rendering": None,
            "shipping_cost": None,
            "shipping_details": None,
            "starting_balance": 0,
            "statement_descriptor": None,
            "status": "draft",
            "status_transitions": {
                "finalized_at": None,
                "marked_uncollectible_at": None,
                "paid_at": None,
                "voided_at": None,
            },
            "subtotal": total,
            "subtotal_excluding_tax": total,
            "test_clock": None,
            "total": total,
            "total_discount_amounts": [],
            "total_excluding_tax": total,
            "total_pretax_credit_amounts": [],
            "total_taxes": [],
            "webhooks_delivered_at": None,
        }
    )
    world.emit("invoice.created", invoice)
    return invoice


def _line_item(world: World, invoice_id: str, subscription: Json, line: Line) -> Json:
    item = line.subscription_item
    price = item["price"]
    return {
        "id": world.new_id("il_1", 23),
        "object": "line_item",
        "amount": line.amount,
        "currency": price["currency"],
        "description": line.description,
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": invoice_id,
        "livemode": False,
        "metadata": subscription["metadata"],
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": subscription["id"],
                "subscription_item": item["id"],
            },
            "type": "subscription_item_details",
        },
        "period": {"end": line.end, "start": line.start},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": item["quantity"],
        "quantity_decimal": str(item["quantity"]),
        "subscription": subscription["id"],
        "subtotal": line.amount,
        "taxes": [],
    }


def auto_finalize(world: World, invoice: Json) -> Json:
    """Let a draft be finalized and collected by itself, an hour from now."""
    at = world.now() + DRAFT_SECONDS
    world.timers.add(at, "invoice.finalize", invoice["id"])
    return world.store.update(invoice, automatically_finalizes_at=at)


def finalize(world: World, invoice: Json, intent: Json | None = None) -> Json:
    """Open a draft: number it and make its payment (with `intent`, where one exists already)."""
    customer = world.store.get("customer", invoice["customer"])
    sequence = customer["next_invoice_sequence"]
    world.store.update(customer, next_invoice_sequence=sequence + 1)
    page_url = f"{world.settings.base_url}/i/{invoice['id']}"
    now = world.now()
    invoice = world.store.update(
        invoice,
        automatically_finalizes_at=None,
        effective_at=now,
        ending_balance=0,
        hosted_invoice_url=page_url,
        invoice_pdf=f"{page_url}/pdf",
        number=f"{customer['invoice_prefix']}-{sequence:04d}",
        status="open",
        status_transitions={**invoice["status_transitions"], "finalized_at": now},
        webhooks_delivered_at=now,
    )
    world.emit("invoice.finalized", invoice)
    if invoice["amount_due"] == 0:
        return mark_paid(world, invoice)
    intent = intent or payment_intents.new(
        world,
        {
            "amount": invoice["amount_due"],
            "currency": invoice["currency"],
            "customer": invoice["customer"],
            "description": _describe(invoice),
            "setup_future_usage": "off_session",
        },
    )
    invoice_payments.new(world, invoice, intent)
    world.private[intent["id"]] = {"invoice": invoice["id"]}
    return invoice


def _describe(invoice: Json) -> str:
    first = invoice["billing_reason"] == "subscription_create"
    return "Subscription creation" if first else "Subscription update"


def payment_method_of(world: World, invoice: Json) -> Json | None:
    """What the invoice is collected from: the subscription's card wins over the customer's."""
    subscription = world.store.get("subscription", subscription_of(invoice))
    customer = world.store.get("customer", invoice["customer"])
    method_id = (
        invoice["default_payment_method"]
        or subscription["default_payment_method"]
        or customer["invoice_settings"]["default_payment_method"]
    )
    return world.store.find(method_id) if method_id else None


def subscription_of(invoice: Json) -> str:
    return str(invoice["parent"]["subscription_details"]["subscription"])


def intent_of(world: World, invoice: Json) -> Json | None:
    payment = invoice_payments.of_invoice(world, invoice["id"])
    return payment and world.store.find(payment["payment"]["payment_intent"])


def collect(world: World, invoice: Json, method: Json | None) -> Json:
    """Make the attempt that is due by the retry schedule: it comes back paid, or still open."""
    invoice = world.store.update(invoice, attempt_count=invoice["attempt_count"] + 1)
    intent = intent_of(world, invoice)
    if intent is not None and method is not None:
        payment_intents.attempt(world, intent, method)  # the reactions below do the rest
    else:
        _mark_failed(world, invoice)
    return world.store.get("invoice", invoice["id"])


def on_intent_succeeded(world: World, intent: Json) -> None:
    """An open invoice is paid when its payment intent is, whoever confirmed that."""
    invoice = _open_invoice_of(world, intent)
    if invoice is not None:
        mark_paid(world, invoice)


def on_intent_failed(world: World, intent: Json) -> None:
    invoice = _open_invoice_of(world, intent)
    if invoice is not None:
        _mark_failed(world, invoice)


def _open_invoice_of(world: World, intent: Json) -> Json | None:
    invoice = world.store.find(world.private.get(intent["id"], {}).get("invoice", ""))
    return invoice if invoice is not None and invoice["status"] != "paid" else None


def mark_paid(world: World, invoice: Json) -> Json:
    invoice = world.store.update(
        invoice,
        amount_paid=invoice["amount_due"],
        amount_remaining=0,
        attempt_count=_attempts(invoice) if invoice["amount_due"] else 0,
        attempted=True,
        auto_advance=False,
        next_payment_attempt=None,
        status="paid",
        status_transitions={**invoice["status_transitions"], "paid_at": world.now()},
    )
    world.emit("invoice.paid", invoice)
    world.emit("invoice.payment_succeeded", invoice)
    payment = invoice_payments.of_invoice(world, invoice["id"])
    if payment is not None:
        invoice_payments.mark_paid(world, payment)
    return invoice


def _mark_failed(world: World, before: Json) -> None:
    scheduled = before["next_payment_attempt"]
    if scheduled is None or scheduled <= world.now():
        scheduled = _next_attempt(world, before)
    invoice = world.store.update(
        before,
        attempt_count=_attempts(before),
        attempted=True,
        next_payment_attempt=scheduled,
    )
    if scheduled is not None:
        world.timers.add(scheduled, "invoice.retry", invoice["id"])
    world.emit("invoice.payment_failed", invoice)
    world.emit("invoice.updated", invoice, before)


def _attempts(invoice: Json) -> int:
    """The first attempt counts whoever makes it; after that only the schedule's do."""
    return max(int(invoice["attempt_count"]), 1)


def _next_attempt(world: World, invoice: Json) -> int | None:
    """When to try again; a subscription's first invoice is the customer's to pay."""
    retries, count = world.settings.payment_retry_days, _attempts(invoice)
    if invoice["billing_reason"] == "subscription_create" or count > len(retries):
        return None
    return world.now() + retries[count - 1] * DAY


def stop_collecting(world: World, invoice: Json) -> None:
    """Leave an invoice as it is: its subscription has ended."""
    if invoice["status"] in ("draft", "open") and invoice["auto_advance"]:
        world.store.update(invoice, auto_advance=False, next_payment_attempt=None)


def void_open(world: World, invoice: Json) -> Json:
    transitions = {**invoice["status_transitions"], "voided_at": world.now()}
    invoice = world.store.update(
        invoice,
        auto_advance=False,
        next_payment_attempt=None,
        status="void",
        status_transitions=transitions,
    )
    payment = invoice_payments.of_invoice(world, invoice["id"])
    intent = intent_of(world, invoice)
    if payment is not None and intent is not None:
        invoice_payments.mark_canceled(world, payment)
        payment_intents.abandon(world, intent, "void_invoice")
    world.emit("invoice.voided", invoice)
    return invoice


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
        return mark_paid(world, invoice)
    if invoice["status"] == "paid":
        return invoice
    intent = intent_of(world, invoice)
    if method is None or intent is None:
        raise invalid(
            "There is no `default_payment_method` set on this Customer or Invoice. Please set a "
            "default payment method or pass one in.",
            code="invoice_payment_intent_requires_action",
        )
    intent, decline = payment_intents.attempt(world, intent, method)
    if decline is not None:
        raise payment_intents.refusal(intent)
    return world.store.get("invoice", invoice_id)


def _method_to_pay_with(world: World, invoice: Json, method_id: str | None) -> Json | None:
    if not method_id:
        return payment_method_of(world, invoice)
    method = payment_methods.resolve(world, method_id)
    if method["customer"] is None:
        return method
    payment_methods.check_owner(method, invoice["customer"])
    return method


def void(world: World, _params: Params, invoice_id: str) -> Json:
    return void_open(world, _with_status(world, invoice_id, ("open", "uncollectible"), "voided"))


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


def finalize_due(world: World, invoice_id: str) -> None:
    invoice = world.store.get("invoice", invoice_id)
    if invoice["status"] != "draft" or not invoice["auto_advance"]:
        return
    invoice = finalize(world, invoice)
    if invoice["status"] == "open":
        collect(world, invoice, payment_method_of(world, invoice))


def retry_due(world: World, invoice_id: str) -> None:
    invoice = world.store.get("invoice", invoice_id)
    due_at = invoice["next_payment_attempt"]
    if invoice["status"] == "open" and due_at is not None and due_at <= world.now():
        collect(world, invoice, payment_method_of(world, invoice))


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
REACTIONS = {
    "payment_intent.succeeded": on_intent_succeeded,
    "payment_intent.payment_failed": on_intent_failed,
}
TIMERS = {"invoice.finalize": finalize_due, "invoice.retry": retry_due}
