"""What a Checkout session sells: discounts, quantities, taxes, one-time prices, and their sums."""

from __future__ import annotations

import pytest

from tests.unit.stripe_simulator.account import DAY, START, Account, Json


def coupon(stripe: Account, **params: object) -> str:
    return str(stripe.post("/v1/coupons", **params)["id"])


def code(stripe: Account, typed: str = "SPRING", **params: object) -> Json:
    promotion = {"type": "coupon", "coupon": coupon(stripe, percent_off=25)}
    return stripe.post("/v1/promotion_codes", promotion=promotion, code=typed, **params)


def lines_of(stripe: Account, session: Json) -> list[Json]:
    found: list[Json] = stripe.get(f"/v1/checkout/sessions/{session['id']}/line_items")["data"]
    return found


def of(price: Json, quantity: int = 1, **params: object) -> Json:
    return {"price": price["id"], "quantity": quantity, **params}


def amounts(session: Json) -> tuple[int, int, int, int]:
    details = session["total_details"]
    return (
        session["amount_subtotal"],
        details["amount_discount"],
        details["amount_tax"],
        session["amount_total"],
    )


def test_a_discount_is_taken_off_and_counted_once_the_session_is_paid(stripe: Account) -> None:
    off = coupon(stripe, percent_off=25, duration="forever")
    session = stripe.session(discounts=[{"coupon": off}])
    assert amounts(session) == (1900, 475, 0, 1425)
    assert session["discounts"] == [{"coupon": off, "promotion_code": None}]
    assert stripe.get(f"/v1/coupons/{off}")["times_redeemed"] == 0

    paid = stripe.pay(session)

    assert stripe.get(f"/v1/coupons/{off}")["times_redeemed"] == 1
    invoice = stripe.get(f"/v1/invoices/{paid['invoice']}", expand=["discounts"])
    assert (invoice["total"], invoice["amount_paid"]) == (1425, 1425)
    subscription = stripe.get(f"/v1/subscriptions/{paid['subscription']}", expand=["discounts"])
    assert subscription["discounts"] == invoice["discounts"]
    assert subscription["discounts"][0]["source"]["coupon"] == off
    assert "customer.discount.created" in stripe.event_types()


def test_the_breakdown_says_what_the_total_is_made_of(stripe: Account) -> None:
    rate = stripe.post("/v1/tax_rates", display_name="VAT", percentage=10, inclusive="false")
    off = coupon(stripe, amount_off=100, currency="usd")
    session = stripe.session(
        line_items=[of(stripe.price(1000), tax_rates=[rate["id"]]), of(stripe.price(1000))],
        discounts=[{"coupon": off}],
        expand=["total_details.breakdown", "line_items.data.taxes", "line_items.data.discounts"],
    )
    assert amounts(session) == (2000, 100, 95, 1995)
    breakdown = session["total_details"]["breakdown"]
    [discount], [tax] = breakdown["discounts"], breakdown["taxes"]
    assert discount["amount"] == 100
    assert discount["discount"]["source"]["coupon"] == off
    assert (tax["amount"], tax["taxable_amount"], tax["rate"]) == (95, 950, rate)
    first, second = session["line_items"]["data"]
    assert [each["amount"] for each in first["discounts"]] == [50]
    assert (first["amount_tax"], first["amount_total"]) == (95, 1045)
    assert second["taxes"] == []
    path = f"/v1/checkout/sessions/{session['id']}"
    assert "breakdown" not in stripe.get(path)["total_details"]


def test_the_invoice_bills_to_the_cent_what_the_page_showed(stripe: Account) -> None:
    rate = stripe.post("/v1/tax_rates", display_name="VAT", percentage="8.1", inclusive="false")
    inside = stripe.post("/v1/tax_rates", display_name="GST", percentage=7, inclusive="true")
    off = coupon(stripe, percent_off="33.3", duration="once")
    session = stripe.session(
        line_items=[
            of(stripe.price(1999), 3, tax_rates=[rate["id"]]),
            of(stripe.price(777), tax_rates=[inside["id"]]),
            of(stripe.price(4999, None), tax_rates=[rate["id"], inside["id"]]),
        ],
        discounts=[{"coupon": off}],
    )
    paid = stripe.pay(session)
    invoice = stripe.get(f"/v1/invoices/{paid['invoice']}")
    assert (invoice["subtotal"], invoice["total"]) == (
        session["amount_subtotal"],
        session["amount_total"],
    )
    [charge] = stripe.get("/v1/charges")["data"]
    assert charge["amount"] == invoice["amount_paid"] == session["amount_total"]
    tax = sum(each["amount"] for each in invoice["total_taxes"])
    assert tax == session["total_details"]["amount_tax"]


def test_one_time_prices_are_on_the_first_invoice_only(stripe: Account) -> None:
    session = stripe.session(line_items=[of(stripe.price(1900)), of(stripe.price(4900, None))])
    paid = stripe.pay(session)
    assert paid["amount_total"] == 6800
    subscription = stripe.get(f"/v1/subscriptions/{paid['subscription']}")
    assert len(subscription["items"]["data"]) == 1
    stripe.wait(32 * DAY)
    totals = [invoice["total"] for invoice in stripe.get("/v1/invoices")["data"]]
    assert totals == [1900, 6800]


def test_a_trial_still_bills_what_is_paid_once(stripe: Account) -> None:
    session = stripe.session(
        line_items=[of(stripe.price(1900)), of(stripe.price(4900, None))],
        subscription_data={"trial_period_days": 14},
    )
    assert session["amount_total"] == 4900
    paid = stripe.pay(session)
    assert paid["payment_status"] == "paid"
    subscription = stripe.get(f"/v1/subscriptions/{paid['subscription']}")
    assert subscription["status"] == "trialing"
    assert stripe.get(f"/v1/invoices/{paid['invoice']}")["amount_paid"] == 4900


def test_a_typed_code_is_applied_and_taken_off(stripe: Account) -> None:
    made = code(stripe)
    session = stripe.session(allow_promotion_codes="true")
    page = f"/v1/payment_pages/{session['id']}"
    applied = stripe.post(page, promotion_code="spring")
    assert applied["discounts"] == [{"coupon": None, "promotion_code": made["id"]}]
    assert applied["amount_total"] == 1425
    assert stripe.post(page, promotion_code="") == session
    stripe.post(page, promotion_code="spring")
    stripe.pay(session)
    assert stripe.get(f"/v1/promotion_codes/{made['id']}")["times_redeemed"] == 1


def test_a_code_that_does_not_exist_or_may_not_be_used_is_refused(stripe: Account) -> None:
    code(stripe, "DEAR", restrictions={"minimum_amount": 5000, "minimum_amount_currency": "usd"})
    session = stripe.session(allow_promotion_codes="true")
    page = f"/v1/payment_pages/{session['id']}"
    unknown = stripe.refused("POST", page, 400, promotion_code="AUTUMN")
    assert (unknown["message"], unknown["param"]) == ("This code is invalid.", "promotion_code")
    assert "minimum" in stripe.refused("POST", page, 400, promotion_code="DEAR")["message"]
    closed = f"/v1/payment_pages/{stripe.session()['id']}"
    stripe.refused("POST", closed, 400, promotion_code="DEAR")


def test_a_code_that_runs_out_meanwhile_is_refused_when_paying(stripe: Account) -> None:
    made = code(stripe, max_redemptions=1)
    sessions = [stripe.session(discounts=[{"promotion_code": made["id"]}]) for _ in range(2)]
    stripe.pay(sessions[0])
    path = f"/v1/payment_pages/{sessions[1]['id']}/confirm"
    error = stripe.refused("POST", path, 400, payment_method="pm_card_visa")
    assert "maximum number" in error["message"]
    assert len(stripe.get("/v1/charges")["data"]) == 1


def test_adjustable_quantities_are_adjusted_within_their_limits(stripe: Account) -> None:
    limits = {"enabled": "true", "minimum": 1, "maximum": 5}
    session = stripe.session(line_items=[of(stripe.price(), 2, adjustable_quantity=limits)])
    [line] = lines_of(stripe, session)
    assert line["adjustable_quantity"] == {"enabled": True, "minimum": 1, "maximum": 5}
    page = f"/v1/payment_pages/{session['id']}"
    changed = stripe.post(page, line_items=[{"id": line["id"], "quantity": 4}])
    assert changed["amount_total"] == 7600
    for quantity in (0, 6):
        stripe.refused("POST", page, 400, line_items=[{"id": line["id"], "quantity": quantity}])
    paid = stripe.pay(session)
    subscription = stripe.get(f"/v1/subscriptions/{paid['subscription']}")
    assert subscription["items"]["data"][0]["quantity"] == 4


def test_a_fixed_quantity_stays(stripe: Account) -> None:
    session = stripe.session()
    [line] = lines_of(stripe, session)
    page = f"/v1/payment_pages/{session['id']}"
    stripe.refused("POST", page, 400, line_items=[{"id": line["id"], "quantity": 2}])


def test_a_discount_of_everything_needs_no_money(stripe: Account) -> None:
    free: Json = {"discounts": [{"coupon": coupon(stripe, percent_off=100, duration="once")}]}
    once = stripe.session(stripe.price(500, None), **free)
    path = f"/v1/payment_pages/{once['id']}/confirm"
    assert stripe.post(path)["payment_status"] == "no_payment_required"
    monthly = stripe.session(**free)
    missing = stripe.refused("POST", f"/v1/payment_pages/{monthly['id']}/confirm", 400)
    assert missing["param"] == "payment_method"
    assert stripe.pay(monthly)["payment_status"] == "no_payment_required"
    assert stripe.get("/v1/charges")["data"] == []


def test_without_anything_due_a_card_is_asked_for_only_if_required(stripe: Account) -> None:
    session = stripe.session(
        payment_method_collection="if_required", subscription_data={"trial_period_days": 7}
    )
    path = f"/v1/payment_pages/{session['id']}/confirm"
    paid = stripe.post(path, email="customer@example.test")
    assert paid["customer_details"]["email"] == "customer@example.test"
    subscription = stripe.get(f"/v1/subscriptions/{paid['subscription']}")
    assert (subscription["status"], subscription["default_payment_method"]) == ("trialing", None)
    assert stripe.get("/v1/setup_intents")["data"] == []


def test_one_time_purchases_may_come_with_an_invoice(stripe: Account) -> None:
    session = stripe.session(
        stripe.price(4900, None),
        invoice_creation={"enabled": "true", "invoice_data": {"metadata": {"order": "6735"}}},
        discounts=[{"coupon": coupon(stripe, percent_off=10)}],
    )
    paid = stripe.pay(session)
    invoice = stripe.get(f"/v1/invoices/{paid['invoice']}", expand=["payments"])
    assert (invoice["status"], invoice["amount_paid"]) == ("paid", 4410)
    assert (invoice["metadata"], invoice["customer"]) == ({"order": "6735"}, paid["customer"])
    [payment] = invoice["payments"]["data"]
    assert payment["payment"]["payment_intent"] == paid["payment_intent"]


def test_a_cycle_anchored_later_bills_the_time_until_then(stripe: Account) -> None:
    anchor = START + 10 * DAY
    session = stripe.session(subscription_data={"billing_cycle_anchor": anchor})
    assert session["amount_total"] == 613  # 10 of 31 days
    paid = stripe.pay(session)
    subscription = stripe.get(f"/v1/subscriptions/{paid['subscription']}")
    assert subscription["billing_cycle_anchor"] == anchor
    assert stripe.get(f"/v1/invoices/{paid['invoice']}")["amount_paid"] == 613
    unprorated = {"billing_cycle_anchor": anchor, "proration_behavior": "none"}
    assert stripe.session(subscription_data=unprorated)["amount_total"] == 0


def test_default_tax_rates_are_the_subscriptions(stripe: Account) -> None:
    rate = stripe.post("/v1/tax_rates", display_name="VAT", percentage=20, inclusive="false")
    session = stripe.session(subscription_data={"default_tax_rates": [rate["id"]]})
    assert amounts(session) == (1900, 0, 380, 2280)
    paid = stripe.pay(session)
    subscription = stripe.get(f"/v1/subscriptions/{paid['subscription']}")
    assert [each["id"] for each in subscription["default_tax_rates"]] == [rate["id"]]
    assert stripe.get(f"/v1/invoices/{paid['invoice']}")["amount_paid"] == 2280


@pytest.mark.parametrize("exempt", ["exempt", "reverse"])
def test_who_is_exempt_pays_no_tax(stripe: Account, exempt: str) -> None:
    rate = stripe.post("/v1/tax_rates", display_name="VAT", percentage=20, inclusive="false")
    customer = stripe.customer(None, tax_exempt=exempt)
    session = stripe.session(
        customer=customer["id"], line_items=[of(stripe.price(), tax_rates=[rate["id"]])]
    )
    assert session["amount_total"] == 1900
