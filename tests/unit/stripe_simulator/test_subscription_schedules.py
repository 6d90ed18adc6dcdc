"""Changes of a subscription that are planned ahead."""

from __future__ import annotations

import pytest

from tests.unit.stripe_simulator.account import DAY, HOUR, START, Account, Json

MONTH = 31 * DAY  # START is 15 January


@pytest.fixture
def subscription(stripe: Account) -> Json:
    return stripe.subscribe()


@pytest.fixture
def cheaper(stripe: Account) -> Json:
    return stripe.price(900)


def scheduled(stripe: Account, subscription: Json) -> Json:
    return stripe.post("/v1/subscription_schedules", from_subscription=subscription["id"])


def current(stripe: Account, subscription: Json) -> Json:
    return stripe.get(f"/v1/subscriptions/{subscription['id']}")


def price_of(subscription: Json) -> str:
    return str(subscription["items"]["data"][0]["price"]["id"])


def downgraded(stripe: Account, subscription: Json, price: Json, **params: object) -> Json:
    """A schedule that changes to `price` when the current period ends."""
    schedule = scheduled(stripe, subscription)
    now = schedule["phases"][0]
    kept = {"items": [{"price": now["items"][0]["price"], "quantity": 1}]}
    dates = {"start_date": now["start_date"], "end_date": now["end_date"]}
    return stripe.post(
        f"/v1/subscription_schedules/{schedule['id']}",
        phases=[{**kept, **dates}, {"items": [{"price": price["id"]}]}],
        **params,
    )


def test_a_schedule_from_a_subscription_is_its_current_period(
    stripe: Account, subscription: Json
) -> None:
    schedule = scheduled(stripe, subscription)
    dates = {"start_date": START, "end_date": START + MONTH}
    assert (schedule["status"], schedule["current_phase"]) == ("active", dates)
    assert schedule["phases"][0]["items"][0]["price"] == price_of(subscription)
    assert current(stripe, subscription)["schedule"] == schedule["id"]
    types = stripe.event_types()[-2:]
    assert types == ["subscription_schedule.created", "customer.subscription.updated"]


def test_a_subscription_has_one_schedule(stripe: Account, subscription: Json) -> None:
    scheduled(stripe, subscription)
    error = stripe.refused(
        "POST", "/v1/subscription_schedules", 400, from_subscription=subscription["id"]
    )
    assert "already attached to a schedule" in error["message"]


def test_from_subscription_stands_alone(stripe: Account, subscription: Json) -> None:
    error = stripe.refused(
        "POST",
        "/v1/subscription_schedules",
        400,
        from_subscription=subscription["id"],
        end_behavior="cancel",
    )
    assert error["param"] == "end_behavior"


def test_a_downgrade_begins_with_the_next_period_and_is_billed_by_it(
    stripe: Account, subscription: Json, cheaper: Json
) -> None:
    schedule = downgraded(stripe, subscription, cheaper)
    assert price_of(current(stripe, subscription)) == price_of(subscription)
    stripe.wait(MONTH)
    assert price_of(current(stripe, subscription)) == cheaper["id"]
    invoice = stripe.latest_invoice(subscription)
    assert (invoice["billing_reason"], invoice["total"]) == ("subscription_cycle", 900)
    path = f"/v1/subscription_schedules/{schedule['id']}"
    assert stripe.get(path)["current_phase"]["start_date"] == START + MONTH


def test_a_phase_and_the_period_that_begins_with_it_are_told_as_one(
    stripe: Account, subscription: Json, cheaper: Json
) -> None:
    downgraded(stripe, subscription, cheaper)
    stripe.wait(MONTH)
    [event] = stripe.events(type="customer.subscription.updated")
    told, former = event["data"]["object"], event["data"]["previous_attributes"]
    assert told == current(stripe, subscription)
    assert former["items"]["data"] == subscription["items"]["data"]
    assert former["latest_invoice"] == subscription["latest_invoice"]
    assert set(former) == {"items", "latest_invoice"}
    [item] = told["items"]["data"]
    assert item["id"] != subscription["items"]["data"][0]["id"]
    assert item["current_period_start"] == START + MONTH
    assert item["current_period_end"] == START + MONTH + 28 * DAY


def test_the_end_of_a_schedule_and_a_renewal_are_told_as_one(
    stripe: Account, subscription: Json, cheaper: Json
) -> None:
    schedule = downgraded(stripe, subscription, cheaper)
    stripe.wait(MONTH + 28 * DAY)
    *_, event = stripe.events(type="customer.subscription.updated")
    former = event["data"]["previous_attributes"]
    assert set(former) == {"items", "latest_invoice", "schedule"}
    assert former["schedule"] == schedule["id"]


def test_a_trial_that_ends_without_a_card_pauses_before_the_phase_begins(
    stripe: Account, cheaper: Json
) -> None:
    subscription = stripe.post(
        "/v1/subscriptions",
        customer=stripe.customer(card=None)["id"],
        items=[{"price": stripe.price()["id"]}],
        trial_period_days=10,
        trial_settings={"end_behavior": {"missing_payment_method": "pause"}},
    )
    downgraded(stripe, subscription, cheaper)
    stripe.wait(10 * DAY)
    paused, entered = stripe.events(type="customer.subscription.updated")[-2:]
    assert paused["data"]["previous_attributes"]["status"] == "trialing"
    assert set(entered["data"]["previous_attributes"]) == {"items"}
    [item] = current(stripe, subscription)["items"]["data"]
    assert (item["price"]["id"], item["current_period_start"]) == (cheaper["id"], START + 10 * DAY)
    assert item["current_period_end"] > item["current_period_start"]


def test_what_was_used_of_an_item_that_goes_with_its_period_is_billed(
    stripe: Account, cheaper: Json
) -> None:
    meter = stripe.post(
        "/v1/billing/meters",
        display_name="Calls",
        event_name="calls",
        default_aggregation={"formula": "sum"},
    )
    metered = stripe.post(
        "/v1/prices",
        product=cheaper["product"],
        currency="usd",
        unit_amount=10,
        recurring={"interval": "month", "usage_type": "metered", "meter": meter["id"]},
    )
    customer = stripe.customer()["id"]
    items = [{"price": cheaper["id"]}, {"price": metered["id"]}]
    subscription = stripe.post("/v1/subscriptions", customer=customer, items=items)
    schedule = scheduled(stripe, subscription)
    now = {name: schedule["phases"][0][name] for name in ("start_date", "end_date")}
    stripe.post(
        f"/v1/subscription_schedules/{schedule['id']}",
        phases=[{**now, "items": items}, {"items": items[:1]}],
    )
    used = {"stripe_customer_id": customer, "value": "7"}
    stripe.post("/v1/billing/meter_events", event_name="calls", payload=used)
    stripe.wait(MONTH)
    assert stripe.latest_invoice(subscription)["total"] == 900 + 7 * 10


def test_a_schedule_lets_go_of_its_subscription_at_the_end(
    stripe: Account, subscription: Json, cheaper: Json
) -> None:
    schedule = downgraded(stripe, subscription, cheaper)
    stripe.wait(MONTH + 28 * DAY)
    ended = stripe.get(f"/v1/subscription_schedules/{schedule['id']}")
    assert (ended["status"], ended["released_subscription"]) == ("released", subscription["id"])
    assert ended["released_at"] == START + MONTH + 28 * DAY
    after = current(stripe, subscription)
    assert (after["schedule"], after["status"], price_of(after)) == (None, "active", cheaper["id"])
    stripe.wait(31 * DAY)
    assert stripe.latest_invoice(subscription)["total"] == 900


def test_it_is_told_seven_days_before_a_schedule_ends(
    stripe: Account, subscription: Json, cheaper: Json
) -> None:
    downgraded(stripe, subscription, cheaper)
    stripe.wait(MONTH + 21 * DAY - 1)
    assert "subscription_schedule.expiring" not in stripe.event_types()
    stripe.wait(1)
    assert stripe.event_types().count("subscription_schedule.expiring") == 1


def test_a_schedule_that_cancels_ends_its_subscription(
    stripe: Account, subscription: Json, cheaper: Json
) -> None:
    schedule = downgraded(stripe, subscription, cheaper, end_behavior="cancel")
    end = START + MONTH + 28 * DAY
    assert current(stripe, subscription)["cancel_at"] == end
    stripe.wait(MONTH + 28 * DAY)
    assert current(stripe, subscription)["status"] == "canceled"
    ended = stripe.get(f"/v1/subscription_schedules/{schedule['id']}")
    assert (ended["status"], ended["completed_at"]) == ("completed", end)
    assert "subscription_schedule.completed" in stripe.event_types()


def test_the_current_phase_keeps_its_start(
    stripe: Account, subscription: Json, cheaper: Json
) -> None:
    schedule = scheduled(stripe, subscription)
    path = f"/v1/subscription_schedules/{schedule['id']}"
    items = [{"price": cheaper["id"]}]
    error = stripe.refused("POST", path, 400, phases=[{"items": items, "start_date": START + 1}])
    assert error["message"] == "You can not modify the start date of the current phase."
    error = stripe.refused("POST", path, 400, phases=[{"items": items}])
    assert error["message"].startswith("Missing at least one phase with a `start_date`")


def test_phases_follow_each_other_without_a_gap(stripe: Account, cheaper: Json) -> None:
    items = [{"price": cheaper["id"]}]
    quarter = {"items": items, "duration": {"interval": "month", "interval_count": 3}}
    customer = stripe.customer()["id"]
    schedule = stripe.post(
        "/v1/subscription_schedules",
        customer=customer,
        start_date=START + DAY,
        phases=[quarter, {"items": items, "end_date": START + 100 * DAY}],
    )
    first, second = schedule["phases"]
    assert first["start_date"] == START + DAY
    assert first["end_date"] == second["start_date"] == START + 91 * DAY
    late = {"items": items, "start_date": START + 92 * DAY}
    path = "/v1/subscription_schedules"
    stripe.refused("POST", path, 400, customer=customer, start_date=START + DAY,
                   phases=[quarter, late])  # fmt: skip
    both = {**quarter, "end_date": START + 2 * DAY}
    stripe.refused("POST", path, 400, customer=customer, phases=[both])


def test_iterations_are_gone(stripe: Account, cheaper: Json) -> None:
    error = stripe.refused(
        "POST",
        "/v1/subscription_schedules",
        400,
        customer=stripe.customer()["id"],
        phases=[{"items": [{"price": cheaper["id"]}], "iterations": 1}],
    )
    assert (error["code"], error["param"]) == ("parameter_unknown", "phases[0][iterations]")


def test_a_schedule_that_starts_now_creates_its_subscription(
    stripe: Account, cheaper: Json
) -> None:
    schedule = stripe.post(
        "/v1/subscription_schedules",
        customer=stripe.customer()["id"],
        start_date="now",
        phases=[{"items": [{"price": cheaper["id"], "quantity": 3}], "metadata": {"user": "1"}}],
    )
    created = stripe.get(f"/v1/subscriptions/{schedule['subscription']}")
    assert (created["status"], created["schedule"]) == ("active", schedule["id"])
    assert (created["metadata"], created["items"]["data"][0]["quantity"]) == ({"user": "1"}, 3)
    invoice = stripe.latest_invoice(created)
    assert (invoice["status"], invoice["total"]) == ("draft", 2700)
    stripe.wait(HOUR)
    assert stripe.latest_invoice(created)["status"] == "paid"


def test_a_schedule_in_the_future_waits(stripe: Account, cheaper: Json) -> None:
    customer = stripe.customer()["id"]
    schedule = stripe.post(
        "/v1/subscription_schedules",
        customer=customer,
        start_date=START + 10 * DAY,
        phases=[{"items": [{"price": cheaper["id"]}]}],
    )
    assert (schedule["status"], schedule["subscription"]) == ("not_started", None)
    listed = stripe.get("/v1/subscription_schedules", customer=customer, scheduled="true")
    assert [each["id"] for each in listed["data"]] == [schedule["id"]]
    stripe.wait(10 * DAY)
    started = stripe.get(f"/v1/subscription_schedules/{schedule['id']}")
    assert started["status"] == "active"
    subscription = stripe.get(f"/v1/subscriptions/{started['subscription']}")
    assert subscription["start_date"] == START + 10 * DAY


def test_a_released_schedule_leaves_its_subscription_as_it_is(
    stripe: Account, subscription: Json, cheaper: Json
) -> None:
    schedule = downgraded(stripe, subscription, cheaper, end_behavior="cancel")
    path = f"/v1/subscription_schedules/{schedule['id']}"
    released = stripe.post(f"{path}/release")
    assert (released["status"], released["subscription"]) == ("released", None)
    after = current(stripe, subscription)
    assert (after["schedule"], after["cancel_at"], after["status"]) == (None, None, "active")
    stripe.wait(MONTH)
    assert price_of(current(stripe, subscription)) == price_of(subscription)
    error = stripe.refused("POST", path, 400, metadata={"a": "b"})
    assert error["message"] == (
        "You cannot update a subscription schedule that is currently in the `released` status. It "
        "must be in `not_started, active` status to be updated."
    )


def test_a_canceled_schedule_takes_its_subscription_with_it(
    stripe: Account, subscription: Json
) -> None:
    schedule = scheduled(stripe, subscription)
    path = f"/v1/subscription_schedules/{schedule['id']}/cancel"
    canceled = stripe.post(path, invoice_now="false", prorate="false")
    assert (canceled["status"], canceled["canceled_at"]) == ("canceled", START)
    assert current(stripe, subscription)["status"] == "canceled"


def test_a_schedule_ends_with_its_subscription(stripe: Account, subscription: Json) -> None:
    schedule = scheduled(stripe, subscription)
    stripe.delete(f"/v1/subscriptions/{subscription['id']}")
    assert stripe.get(f"/v1/subscription_schedules/{schedule['id']}")["status"] == "canceled"
    assert "subscription_schedule.canceled" in stripe.event_types()


def test_a_schedule_is_aborted_when_its_subscription_ends_unpaid(
    stripe: Account, subscription: Json
) -> None:
    schedule = scheduled(stripe, subscription)
    failing = stripe.post(
        "/v1/payment_methods/pm_card_chargeCustomerFail/attach", customer=subscription["customer"]
    )
    stripe.post(
        f"/v1/subscription_schedules/{schedule['id']}",
        phases=[
            {
                "start_date": START,
                "duration": {"interval": "year"},
                "items": [{"price": price_of(subscription)}],
                "default_payment_method": failing["id"],
            }
        ],
    )
    stripe.wait(60 * DAY)
    assert stripe.get(f"/v1/subscription_schedules/{schedule['id']}")["status"] == "canceled"
    assert "subscription_schedule.aborted" in stripe.event_types()


def change(stripe: Account, schedule: Json, *phases: Json, **params: object) -> Json:
    """Update a schedule's phases; the first is the current one."""
    first, *later = phases
    start = {"start_date": schedule["current_phase"]["start_date"]}
    path = f"/v1/subscription_schedules/{schedule['id']}"
    return stripe.post(path, phases=[{**first, **start}, *later], **params)


def test_what_a_preview_shows_of_the_next_phase_is_what_is_billed(
    stripe: Account, subscription: Json, cheaper: Json
) -> None:
    downgraded(stripe, subscription, cheaper)
    preview = stripe.post("/v1/invoices/create_preview", subscription=subscription["id"])
    assert price_of(current(stripe, subscription)) == price_of(subscription)
    stripe.wait(MONTH)
    invoice = stripe.latest_invoice(subscription)
    assert preview["total"] == invoice["total"] == 900
    assert [line["description"] for line in preview["lines"]["data"]] == [
        line["description"] for line in invoice["lines"]["data"]
    ]


def test_an_item_lasts_as_long_as_its_price(stripe: Account, subscription: Json) -> None:
    schedule = scheduled(stripe, subscription)
    dearer = stripe.price(4900)
    same = {"price": price_of(subscription), "quantity": 2}
    until = {"end_date": START + MONTH}
    change(stripe, schedule, {"items": [same], **until}, {"items": [{"price": dearer["id"]}]})
    (item,) = current(stripe, subscription)["items"]["data"]
    assert (item["id"], item["quantity"]) == (subscription["items"]["data"][0]["id"], 2)
    stripe.wait(MONTH)
    (other,) = current(stripe, subscription)["items"]["data"]
    assert (other["id"] == item["id"], other["price"]["id"]) == (False, dearer["id"])
    stripe.refused("GET", f"/v1/subscription_items/{item['id']}", 404)


@pytest.mark.parametrize(
    ("behavior", "billed", "pending"),
    [("none", 0, 0), ("create_prorations", 0, 2), ("always_invoice", 1, 0)],
)
def test_a_phase_that_begins_amid_a_period_prorates_as_it_says(
    stripe: Account, subscription: Json, behavior: str, billed: int, pending: int
) -> None:
    schedule = scheduled(stripe, subscription)
    dearer = {"items": [{"price": stripe.price(4900)["id"]}], "proration_behavior": behavior}
    same = {"items": [{"price": price_of(subscription)}], "end_date": START + MONTH // 2}
    change(stripe, schedule, same, dearer)
    stripe.wait(MONTH // 2)
    invoices = stripe.get("/v1/invoices", subscription=subscription["id"])["data"]
    assert len(invoices) == 1 + billed
    if billed:
        assert invoices[0]["total"] == (4900 - 1900) // 2
    items = stripe.get("/v1/invoiceitems", customer=subscription["customer"], pending="true")
    assert len(items["data"]) == pending


@pytest.mark.parametrize(
    ("behavior", "invoices"), [("none", 1), ("create_prorations", 1), ("always_invoice", 2)]
)
def test_a_change_of_the_current_phase_prorates_as_the_update_says(
    stripe: Account, subscription: Json, behavior: str, invoices: int
) -> None:
    schedule = scheduled(stripe, subscription)
    stripe.wait(MONTH // 2)
    more = {"items": [{"price": price_of(subscription), "quantity": 3}]}
    change(stripe, schedule, more, proration_behavior=behavior)
    assert current(stripe, subscription)["items"]["data"][0]["quantity"] == 3
    found = stripe.get("/v1/invoices", subscription=subscription["id"])["data"]
    assert len(found) == invoices


def test_a_scheduled_subscription_is_not_canceled_behind_its_schedule(
    stripe: Account, subscription: Json
) -> None:
    schedule = scheduled(stripe, subscription)
    path = f"/v1/subscriptions/{subscription['id']}"
    for cancellation in ({"cancel_at_period_end": "true"}, {"cancel_at": START + DAY}):
        error = stripe.refused("POST", path, 400, **cancellation)
        assert f"managed by the subscription schedule `{schedule['id']}`" in error["message"]
    stripe.post(f"/v1/subscription_schedules/{schedule['id']}", end_behavior="cancel")
    assert current(stripe, subscription)["cancel_at"] == START + MONTH


def test_a_trial_can_be_a_phase(stripe: Account, cheaper: Json) -> None:
    items = [{"price": cheaper["id"]}]
    trial = {"items": items, "trial": "true", "end_date": START + 7 * DAY}
    schedule = stripe.post(
        "/v1/subscription_schedules",
        customer=stripe.customer()["id"],
        start_date="now",
        phases=[trial, {"items": items}],
    )
    assert schedule["phases"][0]["trial_end"] == START + 7 * DAY
    subscription = stripe.get(f"/v1/subscriptions/{schedule['subscription']}")
    assert (subscription["status"], subscription["trial_end"]) == ("trialing", START + 7 * DAY)
    stripe.wait(7 * DAY + HOUR)
    assert current(stripe, subscription)["status"] == "active"
    assert stripe.latest_invoice(subscription)["amount_paid"] == 900


def test_a_schedule_can_start_in_the_past(stripe: Account, cheaper: Json) -> None:
    start = START - 10 * DAY
    schedule = stripe.post(
        "/v1/subscription_schedules",
        customer=stripe.customer()["id"],
        start_date=start,
        phases=[{"items": [{"price": cheaper["id"]}]}],
    )
    subscription = stripe.get(f"/v1/subscriptions/{schedule['subscription']}")
    assert (schedule["status"], subscription["start_date"]) == ("active", start)
    assert subscription["billing_cycle_anchor"] == start


def test_the_current_phase_can_end_now(stripe: Account, subscription: Json, cheaper: Json) -> None:
    schedule = scheduled(stripe, subscription)
    stripe.wait(DAY)
    same = {"items": [{"price": price_of(subscription)}], "end_date": "now"}
    changed = change(stripe, schedule, same, {"items": [{"price": cheaper["id"]}]})
    assert changed["current_phase"]["start_date"] == START + DAY
    assert price_of(current(stripe, subscription)) == cheaper["id"]


def test_a_phase_brings_its_discount_and_takes_it_away(stripe: Account, subscription: Json) -> None:
    stripe.post("/v1/coupons", id="half", percent_off=50, duration="forever")
    schedule = scheduled(stripe, subscription)
    items = [{"price": price_of(subscription)}]
    until = {"end_date": START + MONTH}
    change(
        stripe,
        schedule,
        {"items": items, **until},
        {"items": items, "discounts": [{"coupon": "half"}]},
        {"items": items},
    )
    totals = []
    for days in (31, 28):
        stripe.wait(days * DAY)
        totals.append(stripe.latest_invoice(subscription)["total"])
    assert totals == [950, 1900]


def test_metadata_of_a_phase_becomes_the_subscriptions(stripe: Account, subscription: Json) -> None:
    schedule = scheduled(stripe, subscription)
    items = [{"price": price_of(subscription)}]
    change(
        stripe,
        schedule,
        {"items": items, "end_date": START + MONTH},
        {"items": items, "metadata": {"phase": "2"}, "description": "Second year"},
    )
    stripe.wait(MONTH)
    after = current(stripe, subscription)
    assert (after["metadata"], after["description"]) == ({"phase": "2"}, "Second year")


def test_a_phase_in_another_currency_is_refused_before_it_begins(
    stripe: Account, subscription: Json
) -> None:
    euros = stripe.price(900, currency="eur")
    refused = stripe.refused(
        "POST",
        "/v1/subscription_schedules",
        400,
        customer=subscription["customer"],
        start_date=START + DAY,
        phases=[{"items": [{"price": euros["id"]}]}],
    )
    assert "currency usd" in refused["message"]
