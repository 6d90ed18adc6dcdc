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
    entered, renewed = stripe.events(type="customer.subscription.updated")
    former = entered["data"]["previous_attributes"]["items"]["data"][0]
    assert former["price"]["id"] == price_of(subscription)
    assert "latest_invoice" in renewed["data"]["previous_attributes"]
    path = f"/v1/subscription_schedules/{schedule['id']}"
    assert stripe.get(path)["current_phase"]["start_date"] == START + MONTH


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
