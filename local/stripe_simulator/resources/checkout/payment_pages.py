"""Payment pages: paying a Checkout session, as its hosted page and Stripe's CLI fixtures do.

Checkout creates the subscription after the payment: a failed attempt leaves none behind, the
session stays open, and the caller gets the card's refusal.
"""

from __future__ import annotations

from local.stripe_simulator.errors import declined, invalid
from local.stripe_simulator.events import CHECKOUT_PAYMENT, CHECKOUT_SUBSCRIBE
from local.stripe_simulator.params import Params, Spec, integer, required, text
from local.stripe_simulator.resources.checkout import checkout_sessions
from local.stripe_simulator.resources.customers import customers
from local.stripe_simulator.resources.invoices import invoice_collection, invoice_finalization
from local.stripe_simulator.resources.payments import (
    payment_intents,
    payment_methods,
    setup_intents,
)
from local.stripe_simulator.resources.subscriptions import subscription_lifecycle, subscriptions
from local.stripe_simulator.routing import Route
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

CONFIRM: Spec = {"payment_method": required(text()), "expected_amount": integer(0)}


def retrieve(world: World, _params: Params, session_id: str) -> Json:
    return world.store.get("checkout.session", session_id)


def confirm(world: World, params: Params, session_id: str) -> Json:
    session = world.store.get("checkout.session", session_id)
    if session["status"] != "open":
        raise invalid(
            f"This Checkout Session is no longer open: it is {session['status']}.",
            code=f"checkout_session_{session['status']}",
        )
    if params.get("expected_amount") not in (None, session["amount_total"]):
        raise invalid("The amount of this Checkout Session has changed.", "expected_amount")
    method = payment_methods.resolve(world, params["payment_method"])
    if method["customer"] is not None and method["customer"] != session["customer"]:
        payment_methods.check_owner(method, session["customer"])
    if session["mode"] == "subscription":
        return _subscribe(world, session, method)
    return _pay_once(world, session, method)


def _subscribe(world: World, session: Json, method: Json) -> Json:
    world.events.tell_in(CHECKOUT_SUBSCRIBE)
    _refuse_other_currency(world, session)
    if session["amount_total"] == 0:
        _check_card(world, method)
    customer, intent = _take_payment(world, session, method)
    if intent is None:
        setup = setup_intents.new(world, {"customer": customer["id"]})
        setup_intents.succeed(world, setup, method)
    _put_on_file(world, customer, method)
    customers.charge_in(world, customer, session["currency"])
    subscription = _start(world, session, customer, method, intent)
    return _complete(
        world,
        session,
        customer=customer["id"],
        customer_details=_details(customer, method),
        invoice=subscription["latest_invoice"],
        payment_status="paid" if intent else "no_payment_required",
        subscription=subscription["id"],
    )


def _start(world: World, session: Json, customer: Json, method: Json, intent: Json | None) -> Json:
    """Create the subscription that was just paid for, with its paid invoice."""
    private = world.private[session["id"]]
    subscription = subscriptions.new(
        world,
        customer,
        {
            **private["subscription_data"],
            "automatic_tax": {"enabled": session["automatic_tax"]["enabled"]},
            "default_payment_method": method["id"],
            "items": [
                {"price": line["price"]["id"], "quantity": line["quantity"]}
                for line in private["line_items"]
            ],
        },
    )
    subscription, invoice = subscription_lifecycle.bill(
        world, subscription, "subscription_create", world.now()
    )
    invoice = invoice_finalization.finalize(world, invoice, intent)
    if invoice["status"] == "open":
        invoice_collection.mark_paid(world, invoice)
    world.emit("customer.subscription.created", subscription)
    return subscription


def _pay_once(world: World, session: Json, method: Json) -> Json:
    world.events.tell_in(CHECKOUT_PAYMENT)
    customer, intent = _take_payment(world, session, method)
    return _complete(
        world,
        session,
        customer=customer["id"] if customer else None,
        customer_details=_details(customer, method),
        payment_intent=intent["id"] if intent else None,
        payment_status="paid" if intent else "no_payment_required",
    )


def _take_payment(world: World, session: Json, method: Json) -> tuple[Json, Json | None]:
    """Charge what is due today: (the customer, the intent that paid; none if nothing is due).

    A customer is created only once the payment is sure to go through.
    """
    decline = payment_intents.decline_for(world, method)
    if decline is None or session["amount_total"] == 0:
        customer = _customer(world, session, method)
    else:
        customer = {"id": session["customer"]}
    if session["amount_total"] == 0:
        return customer, None
    intent = _intent(world, session, customer["id"])
    intent, decline = payment_intents.attempt(world, intent, method)
    if decline is not None:
        raise payment_intents.refusal(intent)
    return customer, intent


def _intent(world: World, session: Json, customer_id: str | None) -> Json:
    """The session's payment intent: one for all its attempts."""
    private = world.private[session["id"]]
    existing = world.store.find(private.get("payment_intent", ""))
    if existing is not None:
        return world.store.update(existing, customer=customer_id)
    subscribes = session["mode"] == "subscription"
    described = {"description": "Subscription creation", "setup_future_usage": "off_session"}
    intent = payment_intents.new(
        world,
        {
            "amount": session["amount_total"],
            "currency": session["currency"],
            "customer": customer_id,
            **(described if subscribes else private["payment_intent_data"]),
        },
    )
    world.private[session["id"]] = {**private, "payment_intent": intent["id"]}
    return intent


def _customer(world: World, session: Json, method: Json) -> Json:
    if session["customer"] is not None:
        return world.store.get("customer", session["customer"])
    if session["customer_creation"] != "always":
        return {"id": None}
    details = method["billing_details"]
    return customers.new(
        world,
        {
            "email": session["customer_email"] or details["email"],
            "name": details["name"],
            "address": details["address"],
        },
    )


def _check_card(world: World, method: Json) -> None:
    """Nothing is charged today, so the card is only checked."""
    refusal = world.cards[method["id"]].on_attach
    if refusal is not None:
        raise declined(refusal, payment_method=method)


def _refuse_other_currency(world: World, session: Json) -> None:
    if session["customer"] is not None:
        customer = world.store.get("customer", session["customer"])
        if customer["currency"] not in (None, session["currency"]):
            customers.charge_in(world, customer, session["currency"])


def _put_on_file(world: World, customer: Json, method: Json) -> None:
    if method["customer"] is None:
        payment_methods.attach_to(world, method, customer["id"])


def _details(customer: Json, method: Json) -> Json:
    given = method["billing_details"]
    known = customer if customer["id"] else None
    details = checkout_sessions.details_of(known, given["email"]) or {}
    return {
        **(details or checkout_sessions.details_of(None, "") or {}),
        "address": given["address"] or details.get("address"),
        "email": details.get("email") or given["email"],
        "name": given["name"] or details.get("name"),
    }


def _complete(world: World, session: Json, **changes: object) -> Json:
    tax = session["automatic_tax"]
    session = world.store.update(
        session,
        **changes,
        automatic_tax={**tax, "status": "complete" if tax["enabled"] else None},
        status="complete",
        url=None,
    )
    world.emit("checkout.session.completed", session)
    return session


ROUTES = (
    Route("GET", "/v1/payment_pages/{}", retrieve, {}),
    Route("POST", "/v1/payment_pages/{}/confirm", confirm, CONFIRM),
)
