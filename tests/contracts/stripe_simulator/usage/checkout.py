"""Checkout sessions in every mode: open, refused, paid, authenticated, expired and recovered."""

from __future__ import annotations

from typing import Any

from tests.unit.stripe_simulator.account import DAY, Account


def use(stripe: Account) -> None:
    price = stripe.price()
    everything: dict[str, Any] = {
        "automatic_tax": {"enabled": "true"},
        "billing_address_collection": "auto",
        "client_reference_id": "user_1",
        "cancel_url": "https://app.example.com/back",
        "metadata": {"user": "1"},
        "expand": ["line_items"],
    }
    session = stripe.session(price, **everything, customer_email="customer@example.test")
    path = f"/v1/checkout/sessions/{session['id']}"
    stripe.post(path, metadata={"user": "2"})
    stripe.get(f"/v1/payment_pages/{session['id']}")
    confirm = f"/v1/payment_pages/{session['id']}/confirm"
    stripe.refused("POST", confirm, 402, payment_method="pm_card_chargeDeclined")
    stripe.pay(session)
    stripe.get(path, expand=["subscription.latest_invoice", "customer", "invoice.payments"])
    stripe.get(f"{path}/line_items")
    stripe.get("/v1/checkout/sessions")
    trial = stripe.session(price, subscription_data={"trial_period_days": 3})
    stripe.pay(trial)
    stripe.pay(stripe.session(stripe.price(500, None), customer_creation="always"))
    _use_discounts(stripe)
    _use_collected_details(stripe)
    _use_other_methods(stripe)
    _use_recovery(stripe)


def _use_discounts(stripe: Account) -> None:
    coupon = stripe.post("/v1/coupons", percent_off=25)
    promotion = {"type": "coupon", "coupon": coupon["id"]}
    stripe.post("/v1/promotion_codes", promotion=promotion, code="SPRING")
    adjustable = {"enabled": "true", "maximum": 10}
    for price in (stripe.price(), stripe.price(500, None)):
        session = stripe.session(
            price,
            allow_promotion_codes="true",
            line_items=[{"price": price["id"], "quantity": 2, "adjustable_quantity": adjustable}],
        )
        line = stripe.get(f"/v1/checkout/sessions/{session['id']}/line_items")["data"][0]
        page = f"/v1/payment_pages/{session['id']}"
        stripe.post(page, promotion_code="spring", line_items=[{"id": line["id"], "quantity": 3}])
        stripe.pay(session)
        stripe.get(
            f"/v1/checkout/sessions/{session['id']}",
            expand=["total_details.breakdown", "line_items.data.discounts", "discounts.coupon"],
        )


def _use_collected_details(stripe: Account) -> None:
    label = {"type": "custom", "custom": "Team"}
    options = [{"label": "Red", "value": "red"}]
    session = stripe.session(
        stripe.price(500, None),
        consent_collection={"terms_of_service": "required", "promotions": "auto"},
        custom_fields=[
            {"key": "team", "label": label, "type": "dropdown", "dropdown": {"options": options}},
            {"key": "size", "label": label, "type": "numeric", "optional": "true"},
            {"key": "note", "label": label, "type": "text", "text": {"maximum_length": 20}},
        ],
        custom_text={"submit": {"message": "Thank you"}},
        invoice_creation={"enabled": "true", "invoice_data": {"description": "Bought"}},
        phone_number_collection={"enabled": "true"},
    )
    stripe.post(
        f"/v1/payment_pages/{session['id']}/confirm",
        payment_method="pm_card_visa",
        consent={"terms_of_service": "accepted", "promotions": "opt_out"},
        custom_fields=[{"key": "team", "value": "red"}],
        phone="+15555550100",
    )


def _use_other_methods(stripe: Account) -> None:
    """Cards that are authenticated, debits that take their time, and methods only saved."""
    done = {"success_url": "https://app.example.com/done"}
    debits = {"allowed_payment_method_types": ["card", "us_bank_account"]}
    for price in (stripe.price(), stripe.price(500, None)):
        for account in ("success", "insufficientFunds"):
            stripe.pay(stripe.session(price, **debits), f"pm_usBankAccount_{account}")
        for outcome in ("completed", "failed"):
            session = stripe.session(price)
            stripe.pay(session, "pm_card_threeDSecure2Required")
            intent = stripe.engine.world.private[session["id"]]["intent"]
            stripe.post(f"/v1/3ds2/{intent}/authenticate", outcome=outcome)
    stripe.wait(60)
    setup = stripe.post("/v1/checkout/sessions", mode="setup", currency="usd", **done)
    stripe.refused("POST", f"/v1/payment_pages/{setup['id']}/confirm", 402,
                   payment_method="pm_card_chargeDeclined")  # fmt: skip
    stripe.pay(setup)


def _use_recovery(stripe: Account) -> None:
    recovery = {"enabled": "true", "allow_promotion_codes": "true"}
    session = stripe.session(after_expiration={"recovery": recovery})
    stripe.post(f"/v1/checkout/sessions/{session['id']}/expire")
    stripe.post(f"/v1/payment_pages/{session['id']}/recover")
    stripe.wait(DAY)
