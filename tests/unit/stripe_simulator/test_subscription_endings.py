"""How subscriptions pause, resume and end, and what is given back then."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.stripe_simulator.account import DAY, HOUR, START, Account

Json = dict[str, Any]
MONTH = 31 * DAY


def subscribe(stripe: Account, amount: int = 3100, **params: Any) -> Json:
    return stripe.post(
        "/v1/subscriptions",
        customer=stripe.customer()["id"],
        items=[{"price": stripe.price(amount)["id"]}],
        **params,
    )


def path(subscription: Json) -> str:
    return f"/v1/subscriptions/{subscription['id']}"


def pending(stripe: Account, subscription: Json) -> list[int]:
    found = stripe.get("/v1/invoiceitems", customer=subscription["customer"], limit=100)["data"]
    return [item["amount"] for item in reversed(found) if item["invoice"] is None]


def test_an_end_at_once_may_credit_what_is_left(stripe: Account) -> None:
    subscription = subscribe(stripe)
    stripe.wait(10 * DAY)
    ended = stripe.delete(path(subscription), prorate="true")
    assert ended["status"] == "canceled"
    assert pending(stripe, subscription) == [-2100]


def test_a_final_invoice_puts_the_credit_on_the_customers_balance(stripe: Account) -> None:
    subscription = subscribe(stripe)
    stripe.wait(10 * DAY)
    ended = stripe.delete(path(subscription), prorate="true", invoice_now="true")
    invoice = stripe.get(f"/v1/invoices/{ended['latest_invoice']}")
    assert (invoice["total"], invoice["status"]) == (-2100, "paid")
    assert stripe.get(f"/v1/customers/{subscription['customer']}")["balance"] == -2100


def test_an_end_at_once_drops_the_prorations_that_wait(stripe: Account) -> None:
    subscription = subscribe(stripe)
    stripe.wait(10 * DAY)
    item = subscription["items"]["data"][0]["id"]
    stripe.post(path(subscription), items=[{"id": item, "quantity": 2}])
    assert pending(stripe, subscription) == [-2100, 4200]
    stripe.delete(path(subscription))
    assert pending(stripe, subscription) == []


def test_a_date_within_the_period_gives_back_what_is_beyond_it(stripe: Account) -> None:
    subscription = subscribe(stripe)
    ending = stripe.post(path(subscription), cancel_at=START + 10 * DAY)
    assert ending["items"]["data"][0]["current_period_end"] == START + 10 * DAY
    assert pending(stripe, subscription) == [-2100]
    lifted = stripe.post(path(subscription), cancel_at="")
    assert lifted["cancel_at"] is None
    assert lifted["items"]["data"][0]["current_period_end"] == START + MONTH
    assert pending(stripe, subscription) == [-2100, 2100]


def test_what_waits_at_a_scheduled_end_is_collected_then(stripe: Account) -> None:
    subscription = subscribe(stripe)
    stripe.post(path(subscription), cancel_at=START + 10 * DAY)
    stripe.wait(10 * DAY)
    ended = stripe.get(path(subscription))
    assert ended["status"] == "canceled"
    assert stripe.get(f"/v1/invoices/{ended['latest_invoice']}")["total"] == -2100
    assert pending(stripe, subscription) == []


def test_a_date_in_a_later_period_shortens_that_one(stripe: Account) -> None:
    subscription = subscribe(stripe, 2800)
    stripe.post(path(subscription), cancel_at=START + MONTH + 7 * DAY)
    assert pending(stripe, subscription) == []
    stripe.wait(MONTH + HOUR)
    assert stripe.latest_invoice(subscription)["amount_paid"] == 700
    stripe.wait(7 * DAY)
    assert stripe.get(path(subscription))["status"] == "canceled"


def test_both_ways_to_end_at_once_are_refused(stripe: Account) -> None:
    both = {"cancel_at": START + DAY, "cancel_at_period_end": "true"}
    stripe.refused("POST", path(subscribe(stripe)), 400, **both)


def test_a_paused_subscription_bills_nothing_until_it_is_resumed(stripe: Account) -> None:
    subscription = subscribe(stripe)
    stripe.wait(10 * DAY)
    paused = stripe.post(f"{path(subscription)}/pause")
    assert paused["status"] == "paused"
    assert paused["status_details"]["paused"]["subscription"]["type"] == "pause_requested"
    assert paused["items"]["data"][0]["current_period_end"] == START + 10 * DAY
    assert pending(stripe, subscription) == [-2100]
    assert stripe.event_types()[-2:] == [
        "customer.subscription.paused",
        "customer.subscription.updated",
    ]
    stripe.wait(100 * DAY)
    assert len(stripe.get("/v1/invoices", customer=paused["customer"])["data"]) == 1


@pytest.mark.parametrize(
    ("since", "given"), [("now", [-2100]), ("none", []), ("item_current_period_start", [-3100])]
)
def test_a_pause_gives_back_what_it_is_told_to(
    stripe: Account, since: str, given: list[int]
) -> None:
    subscription = subscribe(stripe)
    stripe.wait(10 * DAY)
    stripe.post(f"{path(subscription)}/pause", bill_for={"unused_time_from": {"type": since}})
    assert pending(stripe, subscription) == given


def test_a_pause_may_be_invoiced(stripe: Account) -> None:
    subscription = subscribe(stripe)
    stripe.wait(10 * DAY)
    paused = stripe.post(f"{path(subscription)}/pause", invoicing_behavior="invoice")
    assert stripe.latest_invoice(paused)["total"] == -2100
    assert pending(stripe, subscription) == []


def pause(stripe: Account) -> Json:
    """A subscription paused after ten days, with nothing given back, and resumable later."""
    subscription = subscribe(stripe)
    stripe.wait(10 * DAY)
    none = {"unused_time_from": {"type": "none"}}
    stripe.post(f"{path(subscription)}/pause", bill_for=none)
    stripe.wait(10 * DAY)
    return subscription


def test_a_resumed_subscription_waits_for_its_invoice(stripe: Account) -> None:
    subscription = pause(stripe)
    waiting = stripe.post(f"{path(subscription)}/resume")
    assert waiting["status"] == "paused"
    invoice = stripe.latest_invoice(waiting)
    assert (invoice["status"], invoice["amount_due"], invoice["attempt_count"]) == ("open", 3100, 0)
    stripe.post(f"/v1/invoices/{invoice['id']}/pay")
    resumed = stripe.get(path(subscription))
    assert (resumed["status"], resumed["billing_cycle_anchor"]) == ("active", START + 20 * DAY)
    assert "customer.subscription.resumed" in stripe.event_types()


def test_a_resumption_may_be_paid_at_once(stripe: Account) -> None:
    subscription = pause(stripe)
    resumed = stripe.post(
        f"{path(subscription)}/resume", payment_behavior="resume_on_payment_success"
    )
    assert resumed["status"] == "active"
    stripe.wait(31 * DAY + HOUR)
    assert stripe.latest_invoice(subscription)["billing_reason"] == "subscription_cycle"


@pytest.mark.parametrize(
    ("behavior", "status"),
    [("resume_on_payment_attempt", "past_due"), ("resume_on_payment_success", "paused")],
)
def test_a_resumption_that_fails_is_past_due_or_stays_paused(
    stripe: Account, behavior: str, status: str
) -> None:
    subscription = pause(stripe)
    card = "/v1/payment_methods/pm_card_chargeCustomerFail/attach"
    method = stripe.post(card, customer=subscription["customer"])
    stripe.post(path(subscription), default_payment_method=method["id"])
    waiting = stripe.post(f"{path(subscription)}/resume", payment_behavior=behavior)
    if stripe.latest_invoice(waiting)["attempt_count"] == 0:
        stripe.refused("POST", f"/v1/invoices/{waiting['latest_invoice']}/pay", 402)
    assert stripe.get(path(subscription))["status"] == status


def test_a_resumption_that_nobody_pays_is_void_after_23_hours(stripe: Account) -> None:
    subscription = pause(stripe)
    waiting = stripe.post(f"{path(subscription)}/resume")
    stripe.wait(23 * HOUR)
    assert stripe.latest_invoice(waiting)["status"] == "void"
    assert stripe.get(path(subscription))["status"] == "paused"


def test_the_anchor_may_stay_when_resuming(stripe: Account) -> None:
    subscription = pause(stripe)
    unchanged = {"billing_cycle_anchor": {"type": "unchanged"}}
    resumed = stripe.post(f"{path(subscription)}/resume", **unchanged)
    assert (resumed["status"], resumed["billing_cycle_anchor"]) == ("active", START)
    assert resumed["items"]["data"][0]["current_period_end"] == START + MONTH
    assert pending(stripe, subscription) == [1100]


def test_only_what_is_active_pauses_and_only_what_is_paused_resumes(stripe: Account) -> None:
    trial = subscribe(stripe, trial_period_days=7)
    classic = subscribe(stripe, billing_mode={"type": "classic"})
    for subscription in (trial, classic):
        stripe.refused("POST", f"{path(subscription)}/pause", 400)
        stripe.refused("POST", f"{path(subscription)}/resume", 400)


def test_a_trial_without_a_card_may_pause_the_subscription(stripe: Account) -> None:
    behavior = {"end_behavior": {"missing_payment_method": "pause"}}
    subscription = stripe.subscribe(None, trial_period_days=7, trial_settings=behavior)
    stripe.wait(7 * DAY)
    paused = stripe.get(path(subscription))
    reason = paused["status_details"]["paused"]["subscription"]["type"]
    assert (paused["status"], reason) == ("paused", "trial_end_without_payment_method")
    method = stripe.post(
        "/v1/payment_methods/pm_card_visa/attach", customer=subscription["customer"]
    )
    stripe.post(path(subscription), default_payment_method=method["id"])
    resumed = stripe.post(
        f"{path(subscription)}/resume", payment_behavior="resume_on_payment_success"
    )
    assert resumed["status"] == "active"
    assert stripe.latest_invoice(subscription)["amount_paid"] == 1900


def test_a_trial_without_a_card_is_else_billed(stripe: Account) -> None:
    subscription = stripe.subscribe(None, trial_period_days=7)
    stripe.wait(7 * DAY + HOUR)
    assert stripe.get(path(subscription))["status"] == "past_due"


def test_a_renewal_is_announced_a_week_before_without_an_id(stripe: Account) -> None:
    subscription = subscribe(stripe)
    stripe.wait(24 * DAY - 1)
    assert "invoice.upcoming" not in stripe.event_types()
    stripe.wait(1)
    (event,) = stripe.events(type="invoice.upcoming")
    told = event["data"]["object"]
    assert "id" not in told
    assert (told["amount_due"], told["period_end"]) == (3100, START + MONTH)
    assert stripe.latest_invoice(subscription)["billing_reason"] == "subscription_create"


def test_what_is_about_to_end_is_not_announced(stripe: Account) -> None:
    subscription = subscribe(stripe)
    stripe.post(path(subscription), cancel_at_period_end="true")
    stripe.wait(25 * DAY)
    assert "invoice.upcoming" not in stripe.event_types()


def test_a_short_trials_end_is_told_at_once(stripe: Account) -> None:
    subscription = subscribe(stripe, trial_period_days=20)
    stripe.post(path(subscription), trial_end=START + 2 * DAY)
    stripe.wait(0)
    told = stripe.events(type="customer.subscription.trial_will_end")
    assert len(told) == 1
    stripe.wait(3 * DAY)
    assert len(stripe.events(type="customer.subscription.trial_will_end")) == 1


def test_a_trials_end_is_told_once_however_often_it_moved(stripe: Account) -> None:
    subscription = subscribe(stripe, trial_period_days=20)
    for days in (10, 12, 10):
        stripe.post(path(subscription), trial_end=START + days * DAY)
    stripe.wait(8 * DAY)
    assert len(stripe.events(type="customer.subscription.trial_will_end")) == 1


def test_unpaid_subscriptions_draft_invoices_that_stay_drafts() -> None:
    stripe = Account.with_settings(after_last_retry="mark_unpaid")
    subscription = subscribe(stripe)
    method = stripe.post(
        "/v1/payment_methods/pm_card_chargeCustomerFail/attach", customer=subscription["customer"]
    )
    stripe.post(path(subscription), default_payment_method=method["id"])
    stripe.wait(MONTH + 20 * DAY)
    assert stripe.get(path(subscription))["status"] == "unpaid"
    unpaid = stripe.latest_invoice(subscription)
    stripe.wait(10 * DAY)
    draft = stripe.latest_invoice(subscription)
    assert draft["id"] != unpaid["id"]
    assert (draft["status"], draft["auto_advance"]) == ("draft", False)


def test_deleting_a_customer_ends_what_they_have(stripe: Account) -> None:
    subscription = subscribe(stripe)
    stripe.delete(f"/v1/customers/{subscription['customer']}")
    assert stripe.get(path(subscription))["status"] == "canceled"
    stripe.wait(60 * DAY)
    assert len(stripe.get("/v1/invoices")["data"]) == 1
