"""What Checkout sessions refuse, and how they are changed and found."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.stripe_simulator.account import START, Account, Json


def refused(stripe: Account, **params: Any) -> Json:
    usual = {
        "mode": "subscription",
        "line_items": [{"price": stripe.price()["id"], "quantity": 1}],
        "success_url": "https://app.example.com/done",
    }
    return stripe.refused("POST", "/v1/checkout/sessions", 400, **{**usual, **params})


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"payment_method_types": ["card"]}, "parameter_unknown", "payment_method_types"),
        ({"ui_mode": "embedded_page"}, "not_simulated", "ui_mode"),
        ({"shipping_options": []}, "not_simulated", "shipping_options"),
        (
            {"allowed_payment_method_types": ["klarna"]},
            "not_simulated",
            "allowed_payment_method_types[0]",
        ),
        (
            {"allowed_payment_method_types": ["sepa_debit"]},
            None,
            "allowed_payment_method_types",
        ),
        ({"currency": "eur"}, None, "currency"),
        ({"setup_intent_data": {"description": "x"}}, None, "setup_intent_data"),
        ({"invoice_creation": {"enabled": "true"}}, None, "invoice_creation"),
        ({"customer_update": {"name": "auto"}}, None, "customer_update"),
        (
            {"allow_promotion_codes": "true", "discounts": [{"coupon": "x"}]},
            None,
            "allow_promotion_codes",
        ),
        ({"discounts": [{"coupon": "none"}]}, "resource_missing", "discounts[0][coupon]"),
        ({"discounts": [{}]}, None, "discounts[0]"),
        ({"mode": "setup"}, None, "line_items"),
        (
            {"subscription_data": {"trial_period_days": 3, "trial_end": START + 9}},
            None,
            "subscription_data[trial_end]",
        ),
        (
            {"subscription_data": {"proration_behavior": "none"}},
            None,
            "subscription_data[proration_behavior]",
        ),
        (
            {"subscription_data": {"billing_cycle_anchor": START}},
            None,
            "subscription_data[billing_cycle_anchor]",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(
    stripe: Account, params: Json, code: str | None, param: str
) -> None:
    error = refused(stripe, **params)
    assert (error.get("code"), error["param"]) == (code, param)


@pytest.mark.parametrize("missing", ["line_items", "success_url", "mode"])
def test_what_is_missing_is_named(stripe: Account, missing: str) -> None:
    error = refused(stripe, **{missing: None})
    assert (error["code"], error["param"]) == ("parameter_missing", missing)


def test_prices_of_different_intervals_are_not_sold_together(stripe: Account) -> None:
    prices = (stripe.price(), stripe.price(interval="year"))
    lines = [{"price": price["id"], "quantity": 1} for price in prices]
    assert "billing intervals" in refused(stripe, line_items=lines)["message"]


def test_the_limits_of_a_quantity_must_make_sense(stripe: Account) -> None:
    limits = {"enabled": "true", "minimum": 9, "maximum": 2}
    lines = [{"price": stripe.price()["id"], "quantity": 1, "adjustable_quantity": limits}]
    error = refused(stripe, line_items=lines)
    assert error["param"] == "line_items[0][adjustable_quantity][minimum]"


def test_the_key_of_a_custom_field_is_alphanumeric(stripe: Account) -> None:
    field = {"key": "a b", "type": "text", "label": {"type": "custom", "custom": "A"}}
    assert refused(stripe, custom_fields=[field])["param"] == "custom_fields[0][key]"


def test_a_setup_needs_a_currency_or_what_it_allows(stripe: Account) -> None:
    done = {"mode": "setup", "success_url": "https://app.example.com/done"}
    error = stripe.refused("POST", "/v1/checkout/sessions", 400, **done)
    assert error["param"] == "currency"
    cards = stripe.post("/v1/checkout/sessions", **done, allowed_payment_method_types=["card"])
    assert cards["allowed_payment_method_types"] == ["card"]


def test_the_data_of_the_payment_can_be_changed_until_it_is_made(stripe: Account) -> None:
    data = {"metadata": {"a": "1", "b": "2"}, "description": "Old"}
    session = stripe.session(stripe.price(500, None), payment_intent_data=data)
    path = f"/v1/checkout/sessions/{session['id']}"
    changed = {"metadata": {"a": "", "c": "3"}, "description": "New"}
    stripe.post(path, payment_intent_data=changed)
    paid = stripe.pay(session)
    intent = stripe.get(f"/v1/payment_intents/{paid['payment_intent']}")
    assert (intent["metadata"], intent["description"]) == ({"b": "2", "c": "3"}, "New")
    stripe.refused("POST", path, 400, payment_intent_data=changed)
    assert stripe.post(path, metadata={"seen": "yes"})["metadata"] == {"seen": "yes"}
