"""How subscriptions start: first periods that are short, in the past or free, and their payment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.stripe_simulator.account import DAY, HOUR, START, Account

Json = dict[str, Any]
MONTH = 31 * DAY


def create(
    stripe: Account, *amounts: int, card: str | None = "pm_card_visa", **params: Any
) -> Json:
    items = [{"price": stripe.price(amount)["id"]} for amount in amounts or (3100,)]
    customer = stripe.customer(card)["id"]
    return stripe.post("/v1/subscriptions", customer=customer, **{"items": items, **params})


def paid(stripe: Account, subscription: Json) -> list[int]:
    invoice = stripe.get(f"/v1/invoices/{subscription['latest_invoice']}")
    assert invoice["status"] == "paid"
    return [line["amount"] for line in invoice["lines"]["data"]]


def test_an_anchor_in_the_future_makes_the_first_period_a_short_one(stripe: Account) -> None:
    subscription = create(stripe, billing_cycle_anchor=START + 10 * DAY)
    item = subscription["items"]["data"][0]
    assert (item["current_period_start"], item["current_period_end"]) == (START, START + 10 * DAY)
    assert paid(stripe, subscription) == [1000]
    stripe.wait(10 * DAY + HOUR)
    assert stripe.latest_invoice(subscription)["amount_paid"] == 3100


def test_without_prorations_the_short_period_is_free(stripe: Account) -> None:
    subscription = create(stripe, billing_cycle_anchor=START + 10 * DAY, proration_behavior="none")
    assert (subscription["status"], subscription["latest_invoice"]) == ("active", None)
    stripe.wait(10 * DAY + HOUR)
    assert stripe.latest_invoice(subscription)["amount_paid"] == 3100


def test_an_anchor_beyond_the_first_period_is_refused(stripe: Account) -> None:
    price, customer = stripe.price(), stripe.customer()["id"]
    for at in (START + 40 * DAY, START - DAY):
        error = stripe.refused(
            "POST",
            "/v1/subscriptions",
            400,
            customer=customer,
            items=[{"price": price["id"]}],
            billing_cycle_anchor=at,
        )
        assert error["param"] == "billing_cycle_anchor"


@pytest.mark.parametrize(
    ("config", "anchor"),
    [
        ({"day_of_month": 31}, "2027-01-31T08:00:00"),
        ({"day_of_month": 1, "hour": 0, "minute": 30}, "2027-02-01T00:30:00"),
        ({"day_of_month": 15, "hour": 7}, "2027-02-15T07:00:00"),
    ],
)
def test_the_anchor_may_be_a_day_of_the_month(stripe: Account, config: Json, anchor: str) -> None:
    subscription = create(stripe, billing_cycle_anchor_config=config)
    at = int(datetime.fromisoformat(anchor).replace(tzinfo=UTC).timestamp())
    assert subscription["billing_cycle_anchor"] == at
    assert subscription["items"]["data"][0]["current_period_end"] == at
    assert subscription["billing_cycle_anchor_config"]["day_of_month"] == config["day_of_month"]


def test_a_backdated_subscription_bills_each_period_since(stripe: Account) -> None:
    start = START - 40 * DAY  # 6 December
    subscription = create(stripe, backdate_start_date=start)
    assert (subscription["start_date"], subscription["created"]) == (start, START)
    assert paid(stripe, subscription) == [3100, 3100]
    item = subscription["items"]["data"][0]
    assert item["current_period_start"] == start + 31 * DAY
    unbilled = create(stripe, backdate_start_date=start, proration_behavior="none")
    assert (unbilled["start_date"], unbilled["latest_invoice"]) == (start, None)


def test_extra_items_are_on_the_first_invoice(stripe: Account) -> None:
    setup = stripe.price(500, None)["id"]
    subscription = create(stripe, add_invoice_items=[{"price": setup, "quantity": 2}])
    assert sorted(paid(stripe, subscription)) == [1000, 3100]


def test_a_date_to_cancel_at_cuts_the_first_period_short(stripe: Account) -> None:
    subscription = create(stripe, cancel_at=START + 10 * DAY)
    assert paid(stripe, subscription) == [1000]
    assert subscription["items"]["data"][0]["current_period_end"] == START + 10 * DAY
    stripe.wait(10 * DAY)
    ended = stripe.get(f"/v1/subscriptions/{subscription['id']}")
    assert (ended["status"], ended["ended_at"]) == ("canceled", START + 10 * DAY)
    assert ended["latest_invoice"] == subscription["latest_invoice"]


def test_a_trial_without_a_card_asks_for_one(stripe: Account) -> None:
    subscription = create(stripe, card=None, trial_period_days=7, expand=["pending_setup_intent"])
    intent = subscription["pending_setup_intent"]
    assert intent["status"] == "requires_payment_method"
    stripe.post(f"/v1/setup_intents/{intent['id']}/confirm", payment_method="pm_card_visa")
    current = stripe.get(f"/v1/subscriptions/{subscription['id']}")
    assert current["pending_setup_intent"] is None
    assert create(stripe, trial_period_days=7)["pending_setup_intent"] is None


def test_a_free_subscription_needs_no_card(stripe: Account) -> None:
    subscription = create(stripe, 0, card=None)
    assert subscription["status"] == "active"
    assert paid(stripe, subscription) == [0]


def test_what_pays_may_become_the_subscriptions_default(stripe: Account) -> None:
    subscription = create(
        stripe, payment_settings={"save_default_payment_method": "on_subscription"}
    )
    customer = stripe.get(f"/v1/customers/{subscription['customer']}")
    expected = customer["invoice_settings"]["default_payment_method"]
    current = stripe.get(f"/v1/subscriptions/{subscription['id']}")
    assert current["default_payment_method"] == expected


def test_a_default_that_comes_with_the_first_payment_is_told_with_it(stripe: Account) -> None:
    subscription = create(
        stripe,
        card=None,
        payment_behavior="default_incomplete",
        payment_settings={"save_default_payment_method": "on_subscription"},
        expand=["latest_invoice.payments"],
    )
    [payment] = subscription["latest_invoice"]["payments"]["data"]
    intent = payment["payment"]["payment_intent"]
    paid = stripe.post(f"/v1/payment_intents/{intent}/confirm", payment_method="pm_card_visa")
    [event] = stripe.events(type="customer.subscription.updated")
    assert event["data"]["object"]["default_payment_method"] == paid["payment_method"]
    former = {"default_payment_method": None, "status": "incomplete"}
    assert event["data"]["previous_attributes"] == former


def test_a_default_that_comes_with_a_later_payment_is_told(stripe: Account) -> None:
    subscription = create(
        stripe,
        payment_settings={"save_default_payment_method": "on_subscription"},
        trial_period_days=7,
    )
    stripe.wait(8 * DAY)
    *_, event = stripe.events(type="customer.subscription.updated")
    assert event["data"]["previous_attributes"] == {"default_payment_method": None}
    current = stripe.get(f"/v1/subscriptions/{subscription['id']}")
    assert event["data"]["object"]["default_payment_method"] == current["default_payment_method"]


def test_a_card_that_did_not_pay_does_not_become_the_default(stripe: Account) -> None:
    subscription = create(
        stripe,
        card="pm_card_threeDSecure2Required",
        payment_settings={"save_default_payment_method": "on_subscription"},
    )
    assert subscription["status"] == "incomplete"
    stripe.post(f"/v1/invoices/{subscription['latest_invoice']}/pay", paid_out_of_band="true")
    current = stripe.get(f"/v1/subscriptions/{subscription['id']}")
    assert (current["status"], current["default_payment_method"]) == ("active", None)


def test_a_bill_that_is_sent_leaves_the_subscription_active(stripe: Account) -> None:
    subscription = create(stripe, card=None, collection_method="send_invoice", days_until_due=7)
    assert subscription["status"] == "active"
    invoice = stripe.latest_invoice(subscription)
    assert (invoice["status"], invoice["due_date"]) == ("draft", START + 7 * DAY)


def test_default_incomplete_tells_the_client_how_to_pay(stripe: Account) -> None:
    subscription = create(
        stripe,
        payment_behavior="default_incomplete",
        expand=["latest_invoice.confirmation_secret"],
    )
    assert subscription["status"] == "incomplete"
    secret = subscription["latest_invoice"]["confirmation_secret"]
    assert secret["type"] == "payment_intent"


def test_trials_end_where_they_are_said_to(stripe: Account) -> None:
    subscription = create(stripe, trial_end=START + 9 * DAY)
    assert subscription["billing_cycle_anchor"] == START + 9 * DAY
    path, item = "/v1/subscriptions", [{"price": stripe.price()["id"]}]
    wrong = {"customer": subscription["customer"], "items": item}
    stripe.refused("POST", path, 400, **wrong, trial_end=START - 1)
    stripe.refused("POST", path, 400, **wrong, trial_end=START + 9 * DAY, trial_period_days=9)
    stripe.refused("POST", path, 400, **wrong, payment_behavior="pending_if_incomplete")


def test_a_trial_and_an_anchor_are_combined(stripe: Account) -> None:
    """ "Set the subscription billing renewal date": prorated from the trial's end to the anchor."""
    subscription = create(stripe, trial_end=START + 7 * DAY, billing_cycle_anchor=START + 17 * DAY)
    stripe.wait(7 * DAY + HOUR)
    assert stripe.latest_invoice(subscription)["amount_paid"] == 1000
    stripe.wait(10 * DAY)
    assert stripe.latest_invoice(subscription)["amount_paid"] == 3100


def test_prices_of_other_currencies_are_refused(stripe: Account) -> None:
    prices = [stripe.price(100)["id"], stripe.price(100, currency="eur")["id"]]
    error = stripe.refused(
        "POST",
        "/v1/subscriptions",
        400,
        customer=stripe.customer()["id"],
        items=[{"price": price} for price in prices],
    )
    assert error["param"] == "items[1][price]"


@pytest.mark.parametrize(
    "unserved",
    [
        {"pending_invoice_item_interval": {"interval": "month"}},
        {"transfer_data": {"destination": "acct_1"}},
        {"billing_thresholds": {"amount_gte": 100}},
    ],
)
def test_what_is_not_simulated_is_refused(stripe: Account, unserved: Json) -> None:
    items = [{"price": stripe.price()["id"]}]
    customer = stripe.customer()["id"]
    error = stripe.refused(
        "POST", "/v1/subscriptions", 400, customer=customer, items=items, **unserved
    )
    assert error["code"] == "not_simulated"


def test_an_amount_may_be_described_in_place_of_a_price(stripe: Account) -> None:
    data = {
        "currency": "usd",
        "product": stripe.post("/v1/products", name="Plus")["id"],
        "recurring": {"interval": "month"},
        "unit_amount": 700,
    }
    subscription = create(stripe, items=[{"price_data": data}])
    assert paid(stripe, subscription) == [700]
