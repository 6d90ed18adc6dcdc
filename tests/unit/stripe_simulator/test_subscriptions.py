"""Subscriptions through the API: how they start, change, renew, fail and end."""

from datetime import UTC, datetime
from typing import Any

import pytest

from local.stripe_simulator.periods import next_end
from tests.unit.stripe_simulator.account import DAY, HOUR, START, Account

MONTH = 31 * DAY  # from 15 January to 15 February


def fetch(stripe: Account, subscription: dict[str, Any]) -> dict[str, Any]:
    return stripe.get(f"/v1/subscriptions/{subscription['id']}")


def test_the_api_subscribes_with_the_card_on_file(stripe: Account) -> None:
    customer = stripe.customer()
    price = stripe.price()
    before = len(stripe.event_types())
    subscription = stripe.post(
        "/v1/subscriptions",
        customer=customer["id"],
        items=[{"price": price["id"], "quantity": 3}],
        metadata={"user": "1"},
    )
    assert subscription["status"] == "active"
    assert stripe.latest_invoice(subscription)["amount_paid"] == 3 * 1900
    assert stripe.event_types(before) == [
        "charge.succeeded",
        "customer.updated",
        "customer.subscription.created",
        "payment_intent.created",
        "payment_intent.succeeded",
        "invoice.created",
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
    ]


def test_without_any_card_nothing_is_created(stripe: Account) -> None:
    customer, price = stripe.customer(None), stripe.price()
    items = [{"price": price["id"]}]
    stripe.refused("POST", "/v1/subscriptions", 400, customer=customer["id"], items=items)
    assert stripe.get("/v1/subscriptions", status="all")["data"] == []


def test_a_first_payment_that_fails_leaves_an_incomplete_subscription(stripe: Account) -> None:
    subscription = stripe.subscribe("pm_card_chargeCustomerFail")
    assert subscription["status"] == "incomplete"
    invoice = stripe.latest_invoice(subscription)
    assert (invoice["status"], invoice["attempt_count"]) == ("open", 1)
    assert invoice["next_payment_attempt"] is None
    assert "invoice.payment_failed" in stripe.event_types()


def test_an_incomplete_subscription_is_saved_by_paying_its_invoice(stripe: Account) -> None:
    subscription = stripe.subscribe("pm_card_chargeCustomerFail")
    path = f"/v1/invoices/{subscription['latest_invoice']}/pay"
    assert stripe.refused("POST", path, 402)["decline_code"] == "generic_decline"
    assert stripe.post(path, payment_method="pm_card_visa")["status"] == "paid"
    assert fetch(stripe, subscription)["status"] == "active"
    event = stripe.events(type="customer.subscription.updated")[-1]
    assert event["data"]["previous_attributes"] == {"status": "incomplete"}


def test_an_incomplete_subscription_expires_after_23_hours(stripe: Account) -> None:
    subscription = stripe.subscribe("pm_card_chargeCustomerFail")
    stripe.wait(23 * HOUR)
    assert fetch(stripe, subscription)["status"] == "incomplete_expired"
    assert stripe.latest_invoice(subscription)["status"] == "void"


def test_error_if_incomplete_creates_nothing(stripe: Account) -> None:
    customer, price = stripe.customer("pm_card_chargeCustomerFail"), stripe.price()
    stripe.refused("POST", "/v1/subscriptions", 402, customer=customer["id"],
                   items=[{"price": price["id"]}],
                   payment_behavior="error_if_incomplete")  # fmt: skip
    assert stripe.get("/v1/subscriptions", status="all")["data"] == []
    assert stripe.get("/v1/invoices")["data"] == []


def test_default_incomplete_waits_for_the_client_to_pay(stripe: Account) -> None:
    customer, price = stripe.customer(None), stripe.price()
    subscription = stripe.post(
        "/v1/subscriptions",
        customer=customer["id"],
        items=[{"price": price["id"]}],
        payment_behavior="default_incomplete",
        expand=["latest_invoice.payments"],
    )
    assert subscription["status"] == "incomplete"
    payment = subscription["latest_invoice"]["payments"]["data"][0]
    assert payment["status"] == "open"
    intent = stripe.get(f"/v1/payment_intents/{payment['payment']['payment_intent']}")
    assert intent["status"] == "requires_payment_method"


def test_confirming_the_intent_of_an_open_invoice_pays_it(stripe: Account) -> None:
    subscription = stripe.subscribe("pm_card_chargeCustomerFail")
    payment = stripe.get("/v1/invoice_payments", invoice=subscription["latest_invoice"])["data"][0]
    intent = payment["payment"]["payment_intent"]
    stripe.post(f"/v1/payment_intents/{intent}/confirm", payment_method="pm_card_visa")
    assert stripe.latest_invoice(subscription)["status"] == "paid"
    assert fetch(stripe, subscription)["status"] == "active"


def test_a_trial_is_billed_when_it_ends(stripe: Account) -> None:
    subscription = stripe.subscribe(trial_period_days=7)
    assert subscription["status"] == "trialing"
    stripe.wait(4 * DAY - 1)
    assert "customer.subscription.trial_will_end" not in stripe.event_types()
    stripe.wait(1)
    assert stripe.event_types()[-1] == "customer.subscription.trial_will_end"
    stripe.wait(3 * DAY)
    current = fetch(stripe, subscription)
    assert current["status"] == "active"
    assert current["items"]["data"][0]["current_period_start"] == START + 7 * DAY
    stripe.wait(HOUR)
    assert stripe.latest_invoice(subscription)["amount_paid"] == 1900


def test_a_trial_can_be_ended_at_once(stripe: Account) -> None:
    subscription = stripe.subscribe(trial_period_days=7)
    stripe.post(f"/v1/subscriptions/{subscription['id']}", trial_end="now")
    stripe.wait(HOUR)
    assert fetch(stripe, subscription)["status"] == "active"
    assert stripe.latest_invoice(subscription)["amount_paid"] == 1900


def test_a_trial_without_a_card_may_end_the_subscription(stripe: Account) -> None:
    behavior = {"end_behavior": {"missing_payment_method": "cancel"}}
    subscription = stripe.subscribe(None, trial_period_days=7, trial_settings=behavior)
    stripe.wait(7 * DAY)
    assert fetch(stripe, subscription)["status"] == "canceled"


def test_a_renewal_is_drafted_at_the_boundary_and_paid_an_hour_later(stripe: Account) -> None:
    subscription = stripe.subscribe()
    stripe.wait(MONTH)
    since = [event["type"] for event in stripe.events(created={"gt": START})]
    assert since == ["invoice.upcoming", "customer.subscription.updated", "invoice.created"]
    invoice = stripe.latest_invoice(subscription)
    assert (invoice["status"], invoice["billing_reason"]) == ("draft", "subscription_cycle")
    assert invoice["automatically_finalizes_at"] == START + MONTH + HOUR
    stripe.wait(HOUR)
    invoice = stripe.latest_invoice(subscription)
    assert invoice["status"] == "paid"
    period = invoice["lines"]["data"][0]["period"]
    assert period == {"start": START + MONTH, "end": START + MONTH + 28 * DAY}
    assert (invoice["period_start"], invoice["period_end"]) == (START, START + MONTH)
    invoices = stripe.get("/v1/invoices", subscription=subscription["id"])["data"]
    assert invoices[0] == invoice


def test_a_renewal_tells_the_former_periods(stripe: Account) -> None:
    stripe.subscribe()
    stripe.wait(MONTH)
    event = stripe.events(type="customer.subscription.updated")[-1]
    previous = event["data"]["previous_attributes"]
    assert set(previous) == {"items", "latest_invoice"}
    assert previous["items"]["data"][0]["current_period_end"] == START + MONTH
    current = event["data"]["object"]["items"]["data"][0]
    assert current["current_period_start"] == START + MONTH


def test_a_year_passed_at_once_renews_twelve_times(stripe: Account) -> None:
    subscription = stripe.subscribe()
    stripe.wait(365 * DAY + HOUR)
    invoices = stripe.get("/v1/invoices", subscription=subscription["id"], limit=100)["data"]
    assert [invoice["status"] for invoice in invoices] == ["paid"] * 13


def fail_renewal(stripe: Account) -> dict[str, Any]:
    """A subscription whose card stopped working before its first renewal was charged."""
    subscription = stripe.subscribe()
    method = stripe.post(
        "/v1/payment_methods/pm_card_chargeCustomerFail/attach",
        customer=subscription["customer"],
    )
    path = f"/v1/subscriptions/{subscription['id']}"
    stripe.post(path, default_payment_method=method["id"])
    stripe.wait(MONTH + HOUR)
    return fetch(stripe, subscription)


def test_a_renewal_that_fails_makes_the_subscription_past_due(stripe: Account) -> None:
    subscription = fail_renewal(stripe)
    assert subscription["status"] == "past_due"
    invoice = stripe.latest_invoice(subscription)
    assert (invoice["status"], invoice["attempt_count"]) == ("open", 1)
    assert invoice["next_payment_attempt"] == START + MONTH + HOUR + DAY
    assert stripe.event_types()[-5:] == [
        "payment_intent.payment_failed",
        "invoice.payment_failed",
        "customer.subscription.updated",
        "customer.updated",
        "invoice.updated",
    ]


def test_a_retry_with_a_better_card_recovers_it(stripe: Account) -> None:
    subscription = fail_renewal(stripe)
    method = stripe.post(
        "/v1/payment_methods/pm_card_visa/attach", customer=subscription["customer"]
    )
    path = f"/v1/subscriptions/{subscription['id']}"
    stripe.post(path, default_payment_method=method["id"])
    stripe.wait(DAY)
    assert fetch(stripe, subscription)["status"] == "active"
    assert stripe.latest_invoice(subscription)["attempt_count"] == 2


@pytest.mark.parametrize(
    ("setting", "status"),
    [("cancel", "canceled"), ("mark_unpaid", "unpaid"), ("leave_past_due", "past_due")],
)
def test_after_the_last_retry_the_account_decides(setting: str, status: str) -> None:
    stripe = Account.with_settings(after_last_retry=setting)
    subscription = fail_renewal(stripe)
    stripe.wait(13 * DAY)
    current = fetch(stripe, subscription)
    assert current["status"] == status
    assert stripe.latest_invoice(subscription)["attempt_count"] == 8
    reason = current["cancellation_details"]["reason"]
    assert reason == ("payment_failed" if status == "canceled" else None)


def test_canceling_ends_it_at_once(stripe: Account) -> None:
    subscription = stripe.subscribe()
    canceled = stripe.delete(f"/v1/subscriptions/{subscription['id']}")
    assert (canceled["status"], canceled["ended_at"]) == ("canceled", START)
    assert canceled["cancellation_details"]["reason"] == "cancellation_requested"
    assert stripe.event_types()[-1] == "customer.subscription.deleted"
    stripe.refused("DELETE", f"/v1/subscriptions/{subscription['id']}", 404)
    stripe.wait(60 * DAY)
    assert len(stripe.get("/v1/invoices")["data"]) == 1


@pytest.mark.parametrize(("mode", "flag"), [("flexible", False), ("classic", True)])
def test_canceling_at_period_end_sets_a_date_and_in_classic_mode_the_flag(
    stripe: Account, mode: str, flag: bool
) -> None:
    subscription = stripe.subscribe(billing_mode={"type": mode})
    path = f"/v1/subscriptions/{subscription['id']}"
    ending = stripe.post(path, cancel_at_period_end="true")
    assert (ending["cancel_at"], ending["cancel_at_period_end"]) == (START + MONTH, flag)
    assert ending["status"] == "active"
    previous = stripe.events()[-1]["data"]["previous_attributes"]
    assert previous["cancel_at"] is None
    stripe.wait(MONTH)
    ended = fetch(stripe, subscription)
    assert (ended["status"], ended["ended_at"]) == ("canceled", START + MONTH)
    assert len(stripe.get("/v1/invoices")["data"]) == 1


def test_a_cancellation_can_be_undone(stripe: Account) -> None:
    subscription = stripe.subscribe()
    path = f"/v1/subscriptions/{subscription['id']}"
    stripe.post(path, cancel_at_period_end="true")
    undone = stripe.post(path, cancel_at_period_end="false")
    assert undone["cancel_at"] is undone["canceled_at"] is None
    stripe.wait(MONTH)
    assert fetch(stripe, subscription)["status"] == "active"


def test_a_date_to_cancel_at_is_kept(stripe: Account) -> None:
    subscription = stripe.subscribe()
    path = f"/v1/subscriptions/{subscription['id']}"
    stripe.post(path, cancel_at=START + 10 * DAY)
    stripe.wait(10 * DAY)
    assert fetch(stripe, subscription)["status"] == "canceled"
    stripe.refused("POST", path, 400, cancel_at=START)


def test_a_plan_changes_without_proration(stripe: Account) -> None:
    subscription = stripe.subscribe()
    agency = stripe.price(9900)
    item = subscription["items"]["data"][0]["id"]
    path = f"/v1/subscriptions/{subscription['id']}"
    changed = stripe.post(
        path,
        items=[{"id": item, "price": agency["id"], "quantity": 2}],
        proration_behavior="none",
    )
    assert changed["items"]["data"][0]["price"]["id"] == agency["id"]
    previous = stripe.events()[-1]["data"]["previous_attributes"]
    assert previous["items"]["data"][0]["price"]["unit_amount"] == 1900
    stripe.wait(MONTH + HOUR)
    assert stripe.latest_invoice(subscription)["amount_paid"] == 2 * 9900


def test_lists_leave_out_canceled_ones_unless_asked(stripe: Account) -> None:
    kept, gone = stripe.subscribe(), stripe.subscribe()
    stripe.delete(f"/v1/subscriptions/{gone['id']}")
    price = kept["items"]["data"][0]["price"]["id"]
    for filters, expected in (
        ({}, [kept]),
        ({"status": "all"}, [gone, kept]),
        ({"status": "canceled"}, [gone]),
        ({"status": "ended"}, [gone]),
        ({"customer": kept["customer"]}, [kept]),
        ({"customer": gone["customer"]}, []),
        ({"price": price, "status": "all"}, [kept]),
    ):
        found = stripe.get("/v1/subscriptions", **filters)["data"]
        assert [each["id"] for each in found] == [each["id"] for each in expected]


def test_an_open_invoice_can_be_voided(stripe: Account) -> None:
    subscription = stripe.subscribe("pm_card_chargeCustomerFail")
    path = f"/v1/invoices/{subscription['latest_invoice']}"
    assert stripe.post(f"{path}/void")["status"] == "void"
    payment = stripe.get("/v1/invoice_payments", invoice=subscription["latest_invoice"])["data"][0]
    assert payment["status"] == "canceled"
    stripe.refused("POST", f"{path}/pay", 400)


def test_a_paid_invoice_can_not_be_paid_again(stripe: Account) -> None:
    path = f"/v1/invoices/{stripe.subscribe()['latest_invoice']}/pay"
    assert stripe.refused("POST", path, 400)["message"] == "Invoice is already paid"


@pytest.mark.parametrize(
    ("anchor", "ends"),
    [
        ("2027-01-31", ["2027-02-28", "2027-03-31", "2027-04-30"]),
        ("2028-02-29", ["2028-03-29", "2028-04-29", "2028-05-29"]),
    ],
)
def test_months_end_on_the_anchors_day_or_the_last_there_is(anchor: str, ends: list[str]) -> None:
    def seconds(day: str) -> int:
        return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())

    monthly = {"interval": "month", "interval_count": 1}
    boundary = start = seconds(anchor)
    for expected in ends:
        boundary = next_end(start, boundary, monthly)
        assert boundary == seconds(expected)


@pytest.mark.parametrize(
    ("interval", "count", "days"), [("day", 3, 3), ("week", 2, 14), ("year", 1, 365)]
)
def test_other_intervals_have_their_length(interval: str, count: int, days: int) -> None:
    recurring = {"interval": interval, "interval_count": count}
    assert next_end(START, START, recurring) == START + days * DAY
    assert next_end(START, START + days * DAY - 1, recurring) == START + days * DAY
