"""Subscriptions updated through the API: what is prorated, billed at once, and paid or not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.stripe_simulator.account import DAY, HOUR, START, Account

Json = dict[str, Any]
MONTH = 31 * DAY  # from 15 January to 15 February


def subscribe(stripe: Account, *prices: Json, card: str = "pm_card_visa", **params: Any) -> Json:
    items = [{"price": price["id"]} for price in prices]
    customer = stripe.customer(card)["id"]
    return stripe.post("/v1/subscriptions", customer=customer, items=items, **params)


def update(stripe: Account, subscription: Json, **params: Any) -> Json:
    return stripe.post(f"/v1/subscriptions/{subscription['id']}", **params)


def switch(subscription: Json, price: Json, **params: Any) -> list[Json]:
    """The `items` that change the subscription's first item to that price."""
    return [{"id": subscription["items"]["data"][0]["id"], "price": price["id"], **params}]


def thirty_days(stripe: Account, amount: int) -> Json:
    """A price for every thirty days."""
    return stripe.post(
        "/v1/prices",
        product=stripe.post("/v1/products", name="Standard")["id"],
        currency="usd",
        unit_amount=amount,
        recurring={"interval": "day", "interval_count": 30},
    )


def pending(stripe: Account, subscription: Json) -> list[int]:
    """The amounts of the invoice items that wait for an invoice, oldest first."""
    found = stripe.get("/v1/invoiceitems", customer=subscription["customer"], limit=100)["data"]
    return [item["amount"] for item in reversed(found) if item["invoice"] is None]


def break_card(stripe: Account, subscription: Json) -> None:
    """From now on the subscription's card fails."""
    method = stripe.post(
        "/v1/payment_methods/pm_card_chargeCustomerFail/attach", customer=subscription["customer"]
    )
    update(stripe, subscription, default_payment_method=method["id"])


def test_an_upgrade_bills_the_difference_at_once_if_asked_to(stripe: Account) -> None:
    subscription = subscribe(stripe, stripe.price(3100))
    agency = stripe.price(9300)
    stripe.wait(10 * DAY)
    before = len(stripe.event_types())
    changed = update(
        stripe,
        subscription,
        items=switch(subscription, agency),
        proration_behavior="always_invoice",
    )
    invoice = stripe.latest_invoice(changed)
    assert [line["amount"] for line in invoice["lines"]["data"]] == [6300, -2100]
    assert (invoice["status"], invoice["amount_paid"]) == ("paid", 4200)
    assert invoice["billing_reason"] == "subscription_update"
    assert changed["items"]["data"][0]["current_period_end"] == START + MONTH
    assert [kind for kind in stripe.event_types(before) if kind != "payment_method.attached"] == [
        "invoiceitem.created",
        "invoiceitem.created",
        "invoice.created",
        "invoice.finalized",
        "charge.succeeded",
        "payment_intent.created",
        "payment_intent.succeeded",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
        "customer.subscription.updated",
    ]
    previous = stripe.events()[-1]["data"]["previous_attributes"]
    assert previous["items"]["data"][0]["price"]["unit_amount"] == 3100


def test_prorations_say_what_they_are_for(stripe: Account) -> None:
    subscription = subscribe(stripe, stripe.price(3100))
    first = subscription["latest_invoice"]
    stripe.wait(10 * DAY)
    items = switch(subscription, stripe.price(9300), quantity=2)
    changed = update(stripe, subscription, items=items, proration_behavior="always_invoice")
    charge, credit = stripe.latest_invoice(changed)["lines"]["data"]
    assert credit["description"] == "Unused time on Standard after 25 Jan 2027"
    assert charge["description"] == "Remaining time on 2 \u00d7 Standard after 25 Jan 2027"
    details = credit["parent"]["subscription_item_details"]
    assert details["proration"] is True
    assert details["proration_details"]["credited_items"]["invoice"] == first
    assert credit["period"] == {"start": START + 10 * DAY, "end": START + MONTH}
    assert credit["discountable"] is charge["discountable"] is False


def test_by_default_prorations_wait_for_the_renewal(stripe: Account) -> None:
    subscription = subscribe(stripe, stripe.price(3100))
    stripe.wait(10 * DAY)
    update(stripe, subscription, items=switch(subscription, stripe.price(9300)))
    assert pending(stripe, subscription) == [-2100, 6300]
    stripe.wait(21 * DAY + HOUR)
    assert stripe.latest_invoice(subscription)["amount_paid"] == 9300 - 2100 + 6300
    assert pending(stripe, subscription) == []


def test_a_quantity_is_prorated_and_may_be_none(stripe: Account) -> None:
    subscription = subscribe(stripe, stripe.price(3100))
    item = subscription["items"]["data"][0]["id"]
    stripe.wait(10 * DAY)
    update(stripe, subscription, items=[{"id": item, "quantity": 3}])
    assert pending(stripe, subscription) == [-2100, 6300]
    update(stripe, subscription, items=[{"id": item, "quantity": 0}])
    assert pending(stripe, subscription) == [-2100, 6300, -6300, 0]


def test_a_change_and_its_undoing_at_the_same_moment_cost_nothing(stripe: Account) -> None:
    subscription = subscribe(stripe, old := stripe.price(1999))
    stripe.wait(10 * DAY + 12345)
    update(stripe, subscription, items=switch(subscription, stripe.price(7777)))
    update(stripe, subscription, items=switch(subscription, old))
    assert sum(pending(stripe, subscription)) == 0


def test_items_come_and_go(stripe: Account) -> None:
    subscription = subscribe(stripe, stripe.price(3100))
    stripe.wait(10 * DAY)
    added = stripe.post(
        "/v1/subscription_items",
        subscription=subscription["id"],
        price=stripe.price(6200)["id"],
        quantity=2,
    )
    assert added["current_period_end"] == START + MONTH
    assert pending(stripe, subscription) == [8400]
    gone = stripe.delete(f"/v1/subscription_items/{added['id']}")
    assert gone == {"id": added["id"], "object": "subscription_item", "deleted": True}
    assert pending(stripe, subscription) == [8400, -8400]
    items = stripe.get("/v1/subscription_items", subscription=subscription["id"])["data"]
    assert [item["id"] for item in items] == [subscription["items"]["data"][0]["id"]]
    path = f"/v1/subscription_items/{items[0]['id']}"
    assert "at least one active plan" in stripe.refused("DELETE", path, 400)["message"]


def test_a_new_price_sets_the_quantity_back_to_one(stripe: Account) -> None:
    subscription = subscribe(stripe, stripe.price(3100))
    item = subscription["items"]["data"][0]["id"]
    changed = stripe.post(f"/v1/subscription_items/{item}", quantity=5)
    assert changed["quantity"] == 5
    changed = stripe.post(f"/v1/subscription_items/{item}", price=stripe.price(6200)["id"])
    assert changed["quantity"] == 1


def test_the_same_price_twice_is_refused(stripe: Account) -> None:
    subscription = subscribe(stripe, price := stripe.price())
    path = f"/v1/subscriptions/{subscription['id']}"
    stripe.refused("POST", path, 400, items=[{"price": price["id"]}])
    error = stripe.refused("POST", path, 400, items=[{"id": "si_none", "quantity": 2}])
    assert (error["code"], error["param"]) == ("resource_missing", "items[0][id]")


def test_what_costs_the_same_is_not_prorated(stripe: Account) -> None:
    subscription = subscribe(stripe, stripe.price(3100))
    item = subscription["items"]["data"][0]["id"]
    stripe.wait(10 * DAY)
    items = [{"id": item, "metadata": {"seat": "1"}}]
    changed = update(stripe, subscription, items=items, proration_behavior="always_invoice")
    assert changed["items"]["data"][0]["metadata"] == {"seat": "1"}
    assert pending(stripe, subscription) == []
    assert changed["latest_invoice"] == subscription["latest_invoice"]


@pytest.mark.parametrize(("mode", "credit"), [("flexible", -333), ("classic", -667)])
def test_credits_are_of_what_was_debited_or_in_classic_mode_of_the_current_price(
    mode: str, credit: int
) -> None:
    """The example of "Prorations": upgraded for free for ten days, then downgraded."""
    stripe = Account()
    ten = thirty_days(stripe, 1000)
    twenty = thirty_days(stripe, 2000)
    subscription = subscribe(stripe, ten, billing_mode={"type": mode})
    stripe.wait(10 * DAY)
    update(stripe, subscription, items=switch(subscription, twenty), proration_behavior="none")
    stripe.wait(10 * DAY)
    update(stripe, subscription, items=switch(subscription, ten))
    assert pending(stripe, subscription) == [credit, 333]


def test_a_removed_item_takes_its_share_of_the_discount_with_it(stripe: Account) -> None:
    """The example of "Prorations": 5 off 10 and 20; half a month of the 10 is worth 4.17."""
    ten, twenty = (thirty_days(stripe, each) for each in (1000, 2000))
    coupon = stripe.post("/v1/coupons", amount_off=500, currency="usd", duration="forever")
    subscription = subscribe(stripe, ten, twenty, discounts=[{"coupon": coupon["id"]}])
    lines = stripe.latest_invoice(subscription)["lines"]["data"]
    assert [line["discount_amounts"][0]["amount"] for line in lines] == [167, 333]
    stripe.wait(15 * DAY)
    stripe.delete(f"/v1/subscription_items/{subscription['items']['data'][0]['id']}")
    assert pending(stripe, subscription) == [-417]


def test_a_proration_date_counts_as_the_moment_of_the_change(stripe: Account) -> None:
    subscription = subscribe(stripe, stripe.price(3100))
    stripe.wait(20 * DAY)
    items = switch(subscription, stripe.price(9300))
    update(stripe, subscription, items=items, proration_date=START + 10 * DAY)
    assert pending(stripe, subscription) == [-2100, 6300]
    error = stripe.refused(
        "POST",
        f"/v1/subscriptions/{subscription['id']}",
        400,
        items=items,
        proration_date=START - DAY,
    )
    assert error["param"] == "proration_date"


def test_a_reset_anchor_begins_a_period_that_is_billed_at_once(stripe: Account) -> None:
    subscription = subscribe(stripe, stripe.price(3100))
    stripe.wait(10 * DAY)
    changed = update(stripe, subscription, billing_cycle_anchor={"type": "now"})
    item = changed["items"]["data"][0]
    assert changed["billing_cycle_anchor"] == item["current_period_start"] == START + 10 * DAY
    assert stripe.latest_invoice(changed)["amount_paid"] == 3100 - 2100
    same = update(stripe, subscription, billing_cycle_anchor={"type": "unchanged"})
    assert same == changed


def test_in_classic_mode_another_interval_restarts_the_cycle_and_is_billed_at_once(
    stripe: Account,
) -> None:
    subscription = subscribe(stripe, stripe.price(3100), billing_mode={"type": "classic"})
    stripe.wait(10 * DAY)
    yearly = stripe.price(31000, "year")
    changed = update(stripe, subscription, items=switch(subscription, yearly))
    item = changed["items"]["data"][0]
    assert item["current_period_start"] == changed["billing_cycle_anchor"] == START + 10 * DAY
    assert item["current_period_end"] == START + 375 * DAY
    assert stripe.latest_invoice(changed)["amount_paid"] == 31000 - 2100


def test_in_flexible_mode_another_interval_keeps_the_anchor(stripe: Account) -> None:
    """ "Compare classic and flexible billing mode": the anchor is never reset automatically."""
    subscription = subscribe(stripe, stripe.price(3100))
    stripe.wait(10 * DAY)
    yearly = stripe.price(36500, "year")
    changed = update(stripe, subscription, items=switch(subscription, yearly))
    item = changed["items"]["data"][0]
    assert changed["billing_cycle_anchor"] == START
    assert (item["current_period_start"], item["current_period_end"]) == (START, START + 365 * DAY)
    assert pending(stripe, subscription) == [-2100, 35500]


def test_extra_items_are_billed_with_the_next_invoice(stripe: Account) -> None:
    subscription = subscribe(stripe, stripe.price(3100))
    extra = {"price": stripe.price(500, None)["id"], "quantity": 2}
    changed = update(
        stripe, subscription, add_invoice_items=[extra], proration_behavior="always_invoice"
    )
    assert changed["latest_invoice"] == subscription["latest_invoice"]
    assert pending(stripe, subscription) == [1000]
    stripe.wait(MONTH + HOUR)
    assert stripe.latest_invoice(subscription)["amount_paid"] == 4100


def test_an_upgrade_that_is_not_paid_makes_it_past_due(stripe: Account) -> None:
    subscription = subscribe(stripe, stripe.price(3100))
    break_card(stripe, subscription)
    stripe.wait(10 * DAY)
    items = switch(subscription, stripe.price(9300))
    changed = update(stripe, subscription, items=items, proration_behavior="always_invoice")
    assert changed["status"] == "past_due"
    assert changed["items"]["data"][0]["price"]["unit_amount"] == 9300
    path = f"/v1/invoices/{changed['latest_invoice']}/pay"
    stripe.post(path, payment_method="pm_card_visa")
    assert stripe.get(f"/v1/subscriptions/{subscription['id']}")["status"] == "active"


def test_error_if_incomplete_changes_nothing_if_it_is_not_paid(stripe: Account) -> None:
    subscription = subscribe(stripe, stripe.price(3100))
    break_card(stripe, subscription)
    stripe.wait(10 * DAY)
    path = f"/v1/subscriptions/{subscription['id']}"
    before, events = stripe.get(path), stripe.event_types()
    refused = {"proration_behavior": "always_invoice", "payment_behavior": "error_if_incomplete"}
    items = switch(subscription, stripe.price(9300))
    events = stripe.event_types()
    error = stripe.refused("POST", path, 402, items=items, **refused)
    assert error["decline_code"] == "generic_decline"
    assert (stripe.get(path), stripe.event_types()) == (before, events)
    assert len(stripe.get("/v1/invoices")["data"]) == 1


def test_default_incomplete_waits_for_the_client_past_due(stripe: Account) -> None:
    subscription = subscribe(stripe, stripe.price(3100))
    stripe.wait(10 * DAY)
    changed = update(
        stripe,
        subscription,
        items=switch(subscription, stripe.price(9300)),
        proration_behavior="always_invoice",
        payment_behavior="default_incomplete",
        expand=["latest_invoice.confirmation_secret"],
    )
    assert changed["status"] == "past_due"
    assert changed["latest_invoice"]["status"] == "open"
    assert "_secret_" in changed["latest_invoice"]["confirmation_secret"]["client_secret"]


def upgrade_pending(stripe: Account) -> Json:
    """A subscription whose upgrade waits for its payment."""
    subscription = subscribe(stripe, stripe.price(3100))
    break_card(stripe, subscription)
    stripe.wait(10 * DAY)
    return update(
        stripe,
        subscription,
        items=switch(subscription, stripe.price(9300)),
        proration_behavior="always_invoice",
        payment_behavior="pending_if_incomplete",
    )


def test_a_pending_update_is_applied_when_it_is_paid(stripe: Account) -> None:
    waiting = upgrade_pending(stripe)
    assert waiting["status"] == "active"
    assert waiting["items"]["data"][0]["price"]["unit_amount"] == 3100
    update_ = waiting["pending_update"]
    assert update_["subscription_items"][0]["price"]["unit_amount"] == 9300
    assert update_["expires_at"] == START + 10 * DAY + 23 * HOUR
    (*_, told) = stripe.events(type="customer.subscription.updated")
    assert told["data"]["object"]["pending_update"] == update_
    assert told["data"]["previous_attributes"]["pending_update"] is None
    stripe.post(f"/v1/invoices/{waiting['latest_invoice']}/pay", payment_method="pm_card_visa")
    changed = stripe.get(f"/v1/subscriptions/{waiting['id']}")
    assert changed["pending_update"] is None
    assert changed["items"]["data"][0]["price"]["unit_amount"] == 9300
    assert "customer.subscription.pending_update_applied" in stripe.event_types()


def test_a_pending_update_expires_after_23_hours(stripe: Account) -> None:
    waiting = upgrade_pending(stripe)
    stripe.wait(23 * HOUR)
    subscription = stripe.get(f"/v1/subscriptions/{waiting['id']}")
    assert subscription["pending_update"] is None
    assert subscription["items"]["data"][0]["price"]["unit_amount"] == 3100
    assert stripe.get(f"/v1/invoices/{waiting['latest_invoice']}")["status"] == "void"
    assert stripe.event_types()[-1] == "customer.subscription.pending_update_expired"


def test_a_pending_update_expires_with_the_period(stripe: Account) -> None:
    subscription = subscribe(stripe, stripe.price(3100))
    break_card(stripe, subscription)
    stripe.wait(MONTH - 12 * HOUR)
    waiting = update(
        stripe,
        subscription,
        items=switch(subscription, stripe.price(9300)),
        proration_behavior="always_invoice",
        payment_behavior="pending_if_incomplete",
    )
    assert waiting["pending_update"]["expires_at"] == START + MONTH
    stripe.wait(12 * HOUR)
    renewed = stripe.get(f"/v1/subscriptions/{subscription['id']}")
    assert renewed["pending_update"] is None
    assert renewed["items"]["data"][0]["price"]["unit_amount"] == 3100


def test_voiding_its_invoice_cancels_a_pending_update(stripe: Account) -> None:
    waiting = upgrade_pending(stripe)
    stripe.post(f"/v1/invoices/{waiting['latest_invoice']}/void")
    assert stripe.get(f"/v1/subscriptions/{waiting['id']}")["pending_update"] is None
    stripe.wait(23 * HOUR)
    assert "customer.subscription.pending_update_expired" not in stripe.event_types()


def test_a_pending_update_that_is_paid_at_once_is_just_an_update(stripe: Account) -> None:
    subscription = subscribe(stripe, stripe.price(3100))
    changed = update(
        stripe,
        subscription,
        items=switch(subscription, stripe.price(9300)),
        proration_behavior="always_invoice",
        payment_behavior="pending_if_incomplete",
    )
    assert changed["pending_update"] is None
    assert changed["items"]["data"][0]["price"]["unit_amount"] == 9300
    assert stripe.latest_invoice(changed)["status"] == "paid"
    (told,) = stripe.events(type="customer.subscription.updated")
    assert set(told["data"]["previous_attributes"]) == {"items", "latest_invoice"}
    assert "customer.subscription.pending_update_applied" not in stripe.event_types()


def test_settings_can_not_wait_for_a_payment(stripe: Account) -> None:
    subscription = stripe.subscribe()
    refused = {"payment_behavior": "pending_if_incomplete", "metadata": {"a": "b"}}
    error = stripe.refused("POST", f"/v1/subscriptions/{subscription['id']}", 400, **refused)
    assert error["param"] == "metadata"


def test_a_trial_given_to_a_running_subscription_credits_what_was_paid(stripe: Account) -> None:
    subscription = subscribe(stripe, stripe.price(3100))
    stripe.wait(10 * DAY)
    changed = update(stripe, subscription, trial_end=START + 40 * DAY)
    item = changed["items"]["data"][0]
    assert (changed["status"], changed["trial_start"]) == ("trialing", START + 10 * DAY)
    assert item["current_period_end"] == changed["billing_cycle_anchor"] == START + 40 * DAY
    invoice = stripe.latest_invoice(changed)
    assert [line["amount"] for line in invoice["lines"]["data"]] == [-2100, 0]
    assert stripe.get(f"/v1/customers/{changed['customer']}")["balance"] == -2100
    stripe.wait(30 * DAY + HOUR)
    assert stripe.latest_invoice(changed)["amount_paid"] == 1000


def test_a_trial_ended_at_once_is_billed_at_once(stripe: Account) -> None:
    subscription = subscribe(stripe, stripe.price(3100), trial_period_days=20)
    stripe.wait(5 * DAY)
    changed = update(stripe, subscription, trial_end="now")
    assert (changed["status"], changed["billing_cycle_anchor"]) == ("active", START + 5 * DAY)
    assert stripe.latest_invoice(changed)["amount_paid"] == 3100


def test_changes_in_a_trial_cost_nothing(stripe: Account) -> None:
    subscription = subscribe(stripe, stripe.price(3100), trial_period_days=20)
    stripe.wait(5 * DAY)
    items = switch(subscription, stripe.price(9300))
    changed = update(stripe, subscription, items=items, proration_behavior="always_invoice")
    assert pending(stripe, subscription) == []
    assert changed["items"]["data"][0]["current_period_end"] == START + 20 * DAY
    stripe.wait(15 * DAY + HOUR)
    assert stripe.latest_invoice(subscription)["amount_paid"] == 9300


@pytest.mark.parametrize("wrong", [{"description": "x"}, {"items": []}])
def test_what_has_ended_only_changes_its_metadata(stripe: Account, wrong: Json) -> None:
    subscription = stripe.subscribe()
    path = f"/v1/subscriptions/{subscription['id']}"
    stripe.delete(path)
    stripe.refused("POST", path, 400, **wrong)
    assert stripe.post(path, metadata={"why": "moved"})["metadata"] == {"why": "moved"}


def test_what_is_incomplete_must_be_paid_first(stripe: Account) -> None:
    subscription = stripe.subscribe("pm_card_chargeCustomerFail")
    item = subscription["items"]["data"][0]["id"]
    path = f"/v1/subscriptions/{subscription['id']}"
    stripe.refused("POST", path, 400, items=[{"id": item, "quantity": 2}])


def test_invoices_can_be_sent_instead_of_charged(stripe: Account) -> None:
    subscription = stripe.subscribe()
    path = f"/v1/subscriptions/{subscription['id']}"
    assert stripe.refused("POST", path, 400, days_until_due=5)["param"] == "days_until_due"
    stripe.refused("POST", path, 400, collection_method="send_invoice")
    stripe.post(path, collection_method="send_invoice", days_until_due=5)
    stripe.wait(MONTH)
    invoice = stripe.latest_invoice(subscription)
    assert invoice["collection_method"] == "send_invoice"
    assert invoice["due_date"] == START + MONTH + 5 * DAY


@pytest.mark.parametrize(
    ("behavior", "status"),
    [("keep_as_draft", "draft"), ("mark_uncollectible", "uncollectible"), ("void", "void")],
)
def test_while_collection_is_paused_invoices_are_not_collected(
    stripe: Account, behavior: str, status: str
) -> None:
    subscription = stripe.subscribe()
    resumes_at = START + MONTH + DAY
    changed = update(
        stripe, subscription, pause_collection={"behavior": behavior, "resumes_at": resumes_at}
    )
    assert changed["status"] == "active"
    stripe.wait(MONTH + 2 * HOUR)
    assert stripe.latest_invoice(subscription)["status"] == status
    stripe.wait(DAY)
    assert stripe.get(f"/v1/subscriptions/{subscription['id']}")["pause_collection"] is None
    stripe.wait(28 * DAY)
    assert stripe.latest_invoice(subscription)["status"] == "paid"


def test_a_discount_alone_prorates_nothing_and_can_be_removed(stripe: Account) -> None:
    subscription = subscribe(stripe, stripe.price(2000))
    coupon = stripe.post("/v1/coupons", percent_off=50, duration="forever")["id"]
    changed = update(stripe, subscription, discounts=[{"coupon": coupon}])
    assert len(changed["discounts"]) == 1
    assert pending(stripe, subscription) == []
    stripe.wait(MONTH + HOUR)
    assert stripe.latest_invoice(subscription)["amount_paid"] == 1000
    removed = stripe.delete(f"/v1/subscriptions/{subscription['id']}/discount")
    assert (removed["id"], removed["deleted"]) == (changed["discounts"][0], True)
    assert stripe.get(f"/v1/subscriptions/{subscription['id']}")["discounts"] == []
    stripe.refused("DELETE", f"/v1/subscriptions/{subscription['id']}/discount", 404)


def test_items_of_several_intervals_renew_each_in_its_time(stripe: Account) -> None:
    subscription = subscribe(stripe, stripe.price(1000), stripe.price(12000, "year"))
    assert stripe.latest_invoice(subscription)["amount_paid"] == 13000
    stripe.wait(MONTH + HOUR)
    assert stripe.latest_invoice(subscription)["amount_paid"] == 1000
    weekly = stripe.price(100, "week")
    path = f"/v1/subscriptions/{subscription['id']}"
    stripe.refused("POST", path, 400, items=[{"price": weekly["id"]}])
