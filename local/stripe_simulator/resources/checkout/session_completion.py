"""What a Checkout session makes once it is paid: a customer, a subscription, an invoice.

A session follows its intent, whoever confirms or authenticates that: succeeded, it is complete
and paid; processing (a debit), complete and unpaid until the money is there or isn't. Checkout
creates the subscription after the page is paid ("Changelog", 2025-03 basil).
"""

from __future__ import annotations

from local.stripe_simulator.events import CHECKOUT_PAYMENT, CHECKOUT_SETUP, CHECKOUT_SUBSCRIBE
from local.stripe_simulator.resources.catalogue import discounts
from local.stripe_simulator.resources.checkout import checkout_lines, checkout_sessions
from local.stripe_simulator.resources.customers import customers
from local.stripe_simulator.resources.invoices import (
    invoice_collection,
    invoice_drafts,
    invoice_finalization,
    invoice_items,
)
from local.stripe_simulator.resources.payments import payment_methods
from local.stripe_simulator.resources.subscriptions import subscription_lifecycle, subscriptions
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

ORDERS = {
    "payment": CHECKOUT_PAYMENT,
    "setup": CHECKOUT_SETUP,
    "subscription": CHECKOUT_SUBSCRIBE,
}


def on_paid(world: World, intent: Json) -> None:
    session = _session_of(world, intent)
    if session is None:
        return
    if session["status"] == "open":
        _complete_with(world, session, intent, "paid")
    elif session["payment_status"] == "unpaid":
        paid = world.store.update(session, payment_status="paid")
        if intent["capture_method"] != "manual":  # a capture tells of itself
            world.emit("checkout.session.async_payment_succeeded", paid)


def on_pending(world: World, intent: Json) -> None:
    """A debit is on its way, or a card's money is held: the customer's part is done."""
    session = _session_of(world, intent)
    if session is not None and session["status"] == "open":
        _complete_with(world, session, intent, "unpaid")


def on_failed(world: World, intent: Json) -> None:
    session = _session_of(world, intent)
    if session is not None and session["status"] == "complete":
        world.emit("checkout.session.async_payment_failed", session)


def on_set_up(world: World, intent: Json) -> None:
    session = _session_of(world, intent)
    if session is not None and session["status"] == "open":
        _complete_with(world, session, intent, "no_payment_required")


def _session_of(world: World, intent: Json) -> Json | None:
    return world.store.find(world.private.get(intent["id"], {}).get("checkout_session", ""))


def _complete_with(world: World, session: Json, intent: Json, payment_status: str) -> None:
    world.events.tell_in(ORDERS[session["mode"]])
    complete(world, session, intent, payment_status)


def complete(world: World, session: Json, intent: Json | None, payment_status: str) -> Json:
    """Make what was bought, and say that the session is complete."""
    method = world.store.get("payment_method", intent["payment_method"]) if intent else None
    customer_id = customer_for(world, session, method)
    if customer_id is not None:
        customer = world.store.get("customer", customer_id)
        _put_on_file(world, session, customer, method)
        _follow_details(world, session, customer, method)
    make = _subscribe if session["mode"] == "subscription" else _buy
    made = make(world, session, customer_id, method, intent)
    if intent is not None:
        of_session = {"checkout_session": session["id"]}
        world.private[intent["id"]] = {**world.private[intent["id"]], **of_session}
    tax = session["automatic_tax"]
    session = world.store.update(
        session,
        automatic_tax={**tax, "status": "complete" if tax["enabled"] else None},
        customer=customer_id,
        customer_details=_details(world, session, customer_id, method),
        payment_status=payment_status,
        status="complete",
        url=None,
        **made,
    )
    world.emit("checkout.session.completed", session)
    return session


def customer_for(world: World, session: Json, method: Json | None) -> str | None:
    """Whose session it is: a customer is created only once the page is as good as paid."""
    private = world.private[session["id"]]
    if session["customer"] or private.get("customer"):
        return str(session["customer"] or private["customer"])
    if not _needs_customer(session, private["params"]):
        return None
    details = method["billing_details"] if method else {}
    customer = customers.new(
        world,
        {
            "address": details.get("address"),
            "email": session["customer_email"] or details.get("email") or private.get("email"),
            "name": details.get("name"),
            "phone": private.get("phone") or details.get("phone"),
        },
    )
    world.private[session["id"]] = {**private, "customer": customer["id"]}
    return str(customer["id"])


def _needs_customer(session: Json, params: Json) -> bool:
    """Whether something is to belong to a customer, or one is wanted anyway."""
    saves = "setup_future_usage" in params.get("payment_intent_data", {})
    bills = params.get("invoice_creation", {}).get("enabled", False)
    return session["customer_creation"] == "always" or saves or bills


def _put_on_file(world: World, session: Json, customer: Json, method: Json | None) -> None:
    if method is not None and session["mode"] != "payment":
        payment_methods.attach_to(world, method, customer["id"])


def _follow_details(world: World, session: Json, customer: Json, method: Json | None) -> None:
    """Keep with a customer what they gave on the page, where the session says so."""
    private = world.private[session["id"]]
    wanted = private["params"].get("customer_update", {})
    given = method["billing_details"] if method else {}
    changes = {
        name: given[name]
        for name in ("address", "name")
        if wanted.get(name) == "auto" and given.get(name)
    }
    if private.get("phone") and not customer["phone"]:
        changes["phone"] = private["phone"]
    before = world.store.get("customer", customer["id"])
    world.emit("customer.updated", world.store.update(before, **changes), before)


def _details(world: World, session: Json, customer_id: str | None, method: Json | None) -> Json:
    given = method["billing_details"] if method else {}
    private = world.private[session["id"]]
    known = world.store.find(customer_id) if customer_id else None
    email = session["customer_email"] or given.get("email") or private.get("email")
    details = checkout_sessions.details_of(known, email or "") or {}
    return {
        **details,
        "address": given.get("address") or details["address"],
        "email": details["email"] or None,
        "name": given.get("name") or details["name"],
        "phone": private.get("phone") or details["phone"],
    }


def _buy(
    world: World,
    session: Json,
    customer_id: str | None,
    _method: Json | None,
    intent: Json | None,
) -> Json:
    """What a payment or a setup comes to: its intent, and the invoice if one is wanted."""
    made: Json = {intent["object"]: intent["id"]} if intent else {}
    discounts_made = _redeem(world, session, customer_id, {"checkout_session": session["id"]})
    if customer_id is not None and (session["invoice_creation"] or {}).get("enabled"):
        customer = world.store.get("customer", customer_id)
        ids = [each["id"] for each in discounts_made]
        made["invoice"] = _invoice(world, session, customer, intent, ids)
    return made


def _subscribe(
    world: World,
    session: Json,
    customer_id: str | None,
    method: Json | None,
    intent: Json | None,
) -> Json:
    """Create the subscription that the page sold, with its first invoice."""
    customer = world.store.get("customer", str(customer_id))
    private = world.private[session["id"]]
    customers.charge_in(world, customer, session["currency"])
    subscription = subscriptions.new(
        world,
        customer,
        {
            **private["params"].get("subscription_data", {}),
            "automatic_tax": {"enabled": session["automatic_tax"]["enabled"]},
            "currency": session["currency"],
            "default_payment_method": method["id"] if method else None,
            "items": [
                {
                    "metadata": line["metadata"],
                    "price": line["price"]["id"],
                    "tax_rates": _rates(world, line),
                    **({} if line["quantity"] is None else {"quantity": line["quantity"]}),
                }
                for line in private["line_items"]
                if line["price"]["recurring"] and line["quantity"] != 0
            ],
        },
    )
    made = _redeem(world, session, customer["id"], {"subscription": subscription["id"]})
    subscription = world.store.update(subscription, discounts=[each["id"] for each in made])
    items = _one_time_items(world, session, customer, subscription["id"])
    subscription, invoice = subscription_lifecycle.bill(
        world, subscription, "subscription_create", world.now(), pending=items
    )
    _settled(world, invoice, intent)
    subscription = world.store.get("subscription", subscription["id"])
    world.emit("customer.subscription.created", subscription)
    return {"invoice": subscription["latest_invoice"], "subscription": subscription["id"]}


def _rates(world: World, line: Json) -> list[str]:
    return [rate["id"] for rate in world.private[line["id"]]["tax_rates"]]


def _one_time_items(
    world: World, session: Json, customer: Json, subscription_id: str | None = None
) -> list[Json]:
    """Invoice items of what isn't recurring: only the first invoice bills them."""
    return [
        invoice_items.new(
            world,
            customer["id"],
            amount=checkout_lines.full_amount(world, line),
            currency=line["currency"],
            description=line["description"],
            start=world.now(),
            end=world.now(),
            subscription=subscription_id,
            price=line["price"],
            quantity=line["quantity"],
            tax_rates=world.private[line["id"]]["tax_rates"],
        )
        for line in world.private[session["id"]]["line_items"]
        if line["price"]["recurring"] is None and line["quantity"]
    ]


def _invoice(
    world: World, session: Json, customer: Json, intent: Json | None, discount_ids: list[str]
) -> str:
    """The invoice of a one-time purchase ("Send invoices and receipts after payment")."""
    data = session["invoice_creation"]["invoice_data"]
    fields = {
        **invoice_drafts.empty(world, customer, "manual", session["currency"]),
        "custom_fields": data["custom_fields"],
        "description": data["description"],
        "discounts": discount_ids,
        "footer": data["footer"],
        "metadata": data["metadata"] or {},
    }
    items = _one_time_items(world, session, customer)
    invoice = invoice_drafts.draft(world, fields, (), items)
    return str(_settled(world, invoice, intent)["id"])


def _settled(world: World, invoice: Json, intent: Json | None) -> Json:
    """The invoice finalized, and paid by the intent if that has succeeded."""
    invoice = invoice_finalization.finalize(world, invoice, intent)
    if invoice["status"] == "open" and intent is not None and intent["status"] == "succeeded":
        return invoice_collection.mark_paid(world, invoice)
    return invoice


def _redeem(
    world: World, session: Json, customer_id: str | None, holder: dict[str, str]
) -> list[Json]:
    """Redeem the session's code, which was checked when it was confirmed: now it is counted."""
    given = world.private[session["id"]].get("discount")
    if given is None:
        return []
    order = checkout_sessions.purchase(world, {**session, "customer": customer_id})
    return [discounts.make(world, given, order, **holder)]


REACTIONS = {
    "payment_intent.amount_capturable_updated": on_pending,
    "payment_intent.payment_failed": on_failed,
    "payment_intent.processing": on_pending,
    "payment_intent.succeeded": on_paid,
    "setup_intent.succeeded": on_set_up,
}
