"""Subscriptions and checkouts of prices that aren't a plain amount for each unit."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.stripe_simulator.account import DAY, HOUR, START, Account, Json

MONTH = 31 * DAY
TIERS = [{"up_to": 5, "unit_amount": 1000}, {"up_to": "inf", "unit_amount": 500}]


@pytest.fixture
def metered(stripe: Account) -> Json:
    """Half a cent for each search."""
    meter = stripe.post(
        "/v1/billing/meters",
        display_name="Searches",
        event_name="search",
        default_aggregation={"formula": "sum"},
    )
    recurring = {"interval": "month", "usage_type": "metered", "meter": meter["id"]}
    return make(stripe, unit_amount_decimal="0.5", recurring=recurring)


def make(stripe: Account, **params: Any) -> Json:
    given = {"currency": "usd", "product_data": {"name": "Search"}, **params}
    return stripe.post("/v1/prices", **given)


def subscribe(stripe: Account, *items: Json, **params: Any) -> Json:
    customer = stripe.customer()["id"]
    return stripe.post("/v1/subscriptions", customer=customer, items=list(items), **params)


def search(stripe: Account, subscription: Json, times: int) -> None:
    payload = {"stripe_customer_id": subscription["customer"], "value": times}
    stripe.post("/v1/billing/meter_events", event_name="search", payload=payload)


def test_usage_is_billed_when_the_period_is_over(stripe: Account, metered: Json) -> None:
    subscription = subscribe(stripe, {"price": metered["id"]})
    assert "quantity" not in subscription["items"]["data"][0]
    search(stripe, subscription, 1000)
    preview = stripe.post("/v1/invoices/create_preview", subscription=subscription["id"])
    stripe.wait(MONTH)
    search(stripe, subscription, 9)  # is the next period's
    stripe.wait(HOUR)
    invoice = stripe.latest_invoice(subscription)
    (line,) = invoice["lines"]["data"]
    assert (invoice["total"], line["quantity"]) == (500, 1000)
    assert preview["total"] == invoice["total"]
    assert line["period"] == {"start": START, "end": START + MONTH}
    assert line["description"] == "1000 \u00d7 Search (at $0.005 / month)"
    stripe.wait(28 * DAY)
    assert stripe.latest_invoice(subscription)["lines"]["data"][0]["quantity"] == 9


def test_usage_and_seats_are_on_one_invoice(stripe: Account, metered: Json) -> None:
    seat = stripe.price(1900)
    subscription = subscribe(stripe, {"price": seat["id"]}, {"price": metered["id"]})
    assert stripe.latest_invoice(subscription)["total"] == 1900
    search(stripe, subscription, 200)
    stripe.wait(MONTH)
    invoice = stripe.latest_invoice(subscription)
    amounts = {line["amount"]: line["period"]["start"] for line in invoice["lines"]["data"]}
    assert amounts == {100: START, 1900: START + MONTH}


def test_what_is_used_in_a_trial_is_free(stripe: Account, metered: Json) -> None:
    subscription = subscribe(stripe, {"price": metered["id"]}, trial_period_days=7)
    search(stripe, subscription, 1000)
    stripe.wait(7 * DAY)
    assert stripe.latest_invoice(subscription)["total"] == 0


def test_what_was_used_is_billed_at_the_end(stripe: Account, metered: Json) -> None:
    subscription = subscribe(stripe, {"price": metered["id"]})
    search(stripe, subscription, 1000)
    stripe.wait(DAY)
    stripe.delete(f"/v1/subscriptions/{subscription['id']}", invoice_now="true")
    invoice = stripe.latest_invoice(subscription)
    assert (invoice["total"], invoice["lines"]["data"][0]["period"]["end"]) == (500, START + DAY)


def test_a_metered_item_takes_no_quantity(stripe: Account, metered: Json) -> None:
    items = [{"price": metered["id"], "quantity": 2}]
    customer = stripe.customer()["id"]
    stripe.refused("POST", "/v1/subscriptions", 400, customer=customer, items=items)


@pytest.mark.parametrize(
    ("mode", "first", "second"), [("graduated", 5500, 6500), ("volume", 3000, 4000)]
)
def test_seats_by_tier_are_billed_and_prorated_by_tier(
    stripe: Account, mode: str, first: int, second: int
) -> None:
    price = make(
        stripe,
        billing_scheme="tiered",
        tiers=TIERS,
        tiers_mode=mode,
        recurring={"interval": "month"},
    )
    subscription = subscribe(stripe, {"price": price["id"], "quantity": 6})
    assert stripe.latest_invoice(subscription)["total"] == first
    stripe.wait(MONTH / 2)
    item = subscription["items"]["data"][0]["id"]
    path = f"/v1/subscriptions/{subscription['id']}"
    stripe.post(path, items=[{"id": item, "quantity": 8}], proration_behavior="always_invoice")
    assert stripe.latest_invoice(subscription)["total"] == (second - first) // 2


def test_packages_are_billed_whole(stripe: Account) -> None:
    transform = {"divide_by": 10, "round": "up"}
    price = make(
        stripe, unit_amount=500, transform_quantity=transform, recurring={"interval": "month"}
    )
    subscription = subscribe(stripe, {"price": price["id"], "quantity": 11})
    (line,) = stripe.latest_invoice(subscription)["lines"]["data"]
    assert (line["amount"], line["description"]) == (
        1000,
        "11 \u00d7 Search (at $5.00 per 10 / month)",
    )


def test_a_checkout_sells_by_tiers_and_by_use(stripe: Account, metered: Json) -> None:
    seats = make(
        stripe,
        billing_scheme="tiered",
        tiers=TIERS,
        tiers_mode="graduated",
        recurring={"interval": "month"},
    )
    session = stripe.post(
        "/v1/checkout/sessions",
        mode="subscription",
        line_items=[{"price": seats["id"], "quantity": 6}, {"price": metered["id"]}],
        success_url="https://app.example.com/done",
    )
    assert session["amount_total"] == 5500
    paid = stripe.pay(session)
    subscription = stripe.get(f"/v1/subscriptions/{paid['subscription']}")
    assert len(subscription["items"]["data"]) == 2
    assert stripe.latest_invoice(subscription)["amount_paid"] == 5500
    search(stripe, subscription, 1000)
    stripe.wait(MONTH)
    assert stripe.latest_invoice(subscription)["total"] == 5500 + 500


@pytest.fixture
def abroad(stripe: Account) -> Json:
    return make(
        stripe,
        unit_amount=1900,
        recurring={"interval": "month"},
        currency_options={"eur": {"unit_amount": 1700}},
    )


def test_a_subscription_is_billed_in_the_currency_that_is_asked_for(
    stripe: Account, abroad: Json
) -> None:
    subscription = subscribe(stripe, {"price": abroad["id"], "quantity": 2}, currency="eur")
    invoice = stripe.latest_invoice(subscription)
    assert (subscription["currency"], invoice["currency"], invoice["total"]) == ("eur", "eur", 3400)
    line = invoice["lines"]["data"][0]
    assert line["pricing"]["unit_amount_decimal"] == "1700"
    assert line["description"].endswith("(at €17.00 / month)")
    stripe.wait(MONTH + HOUR)
    assert stripe.latest_invoice(subscription)["amount_paid"] == 3400


def test_a_customer_goes_on_in_their_currency(stripe: Account, abroad: Json) -> None:
    customer = stripe.customer()["id"]
    euros = make(stripe, currency="eur", unit_amount=500, recurring={"interval": "month"})
    stripe.post("/v1/subscriptions", customer=customer, items=[{"price": euros["id"]}])
    items = [{"price": abroad["id"]}]
    second = stripe.post("/v1/subscriptions", customer=customer, items=items)
    assert stripe.latest_invoice(second)["total"] == 1700


def test_a_currency_that_is_not_offered_is_refused(stripe: Account, abroad: Json) -> None:
    customer = stripe.customer()["id"]
    items = [{"price": abroad["id"]}]
    error = stripe.refused(
        "POST", "/v1/subscriptions", 400, customer=customer, items=items, currency="gbp"
    )
    assert "expected currency: `gbp`" in error["message"]


def test_a_checkout_sells_in_the_currency_that_is_asked_for(stripe: Account, abroad: Json) -> None:
    session = stripe.session(abroad, currency="eur")
    assert (session["currency"], session["amount_total"]) == ("eur", 1700)
    paid = stripe.pay(session)
    subscription = stripe.get(f"/v1/subscriptions/{paid['subscription']}")
    assert subscription["currency"] == "eur"
    assert stripe.latest_invoice(subscription)["amount_paid"] == 1700
