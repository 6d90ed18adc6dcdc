"""Time that stands still for some customers, and goes on when told to."""

from __future__ import annotations

import random
from typing import Any

import pytest

from local.stripe_simulator.engine import Engine
from local.stripe_simulator.world import Settings
from tests.unit.stripe_simulator.account import DAY, HOUR, START, Account, Json

PAST = 1_700_000_000  # 14 November 2023, 22:13:20 UTC
CLOCKS = "/v1/test_helpers/test_clocks"
BY_HAND = 60.0  # seconds for which a clock is advancing, in tests that look at that


def clock(stripe: Account, frozen_time: int = PAST, **params: Any) -> Json:
    return stripe.post(CLOCKS, frozen_time=frozen_time, **params)


def advance(stripe: Account, made: Json, to: int) -> Json:
    """Advance a clock, and see it ready."""
    stripe.post(f"{CLOCKS}/{made['id']}/advance", frozen_time=to)
    ready = stripe.get(f"{CLOCKS}/{made['id']}")
    assert (ready["status"], ready["frozen_time"]) == ("ready", to)
    return ready


def subscribed(stripe: Account, made: Json, card: str = "pm_card_visa", **params: Any) -> Json:
    """A subscription of a customer on the clock."""
    customer = stripe.customer(card, test_clock=made["id"])
    items = [{"price": stripe.price()["id"]}]
    return stripe.post("/v1/subscriptions", customer=customer["id"], items=items, **params)


@pytest.fixture
def slow() -> Account:
    """An account whose clocks take a minute to advance."""
    return Account.with_settings(test_clock_advance_seconds=BY_HAND)


def test_a_clock_stands_where_it_was_set_and_goes_after_30_days(stripe: Account) -> None:
    made = clock(stripe, name="A year")
    assert made["frozen_time"] == PAST
    assert (made["status"], made["status_details"], made["name"]) == ("ready", {}, "A year")
    assert (made["created"], made["deletes_after"]) == (START, START + 30 * DAY)
    assert stripe.get(CLOCKS)["data"] == [made]
    stripe.wait(30 * DAY)
    stripe.refused("GET", f"{CLOCKS}/{made['id']}", 404)
    assert stripe.event_types()[-1] == "test_helpers.test_clock.deleted"


def test_what_belongs_to_a_clocks_customer_happens_at_its_time(stripe: Account) -> None:
    made = clock(stripe)
    subscription = subscribed(stripe, made)
    invoice = stripe.latest_invoice(subscription)
    customer = stripe.get(f"/v1/customers/{subscription['customer']}")
    for obj in (customer, subscription, invoice):
        assert (obj["created"], obj["test_clock"]) == (PAST, made["id"])
    assert subscription["items"]["data"][0]["current_period_start"] == PAST
    assert invoice["status_transitions"]["paid_at"] == PAST


def test_events_tell_the_real_time_whatever_the_clock_says(stripe: Account) -> None:
    made = clock(stripe)
    subscribed(stripe, made)
    advance(stripe, made, PAST + 31 * DAY)
    assert {event["created"] for event in stripe.events()} == {START}


def test_the_account_and_other_clocks_stay_where_they_are(stripe: Account) -> None:
    one, other = clock(stripe), clock(stripe, PAST + DAY)
    elsewhere, free = subscribed(stripe, other), stripe.subscribe()
    advance(stripe, one, PAST + 700 * DAY)
    for subscription in (elsewhere, free):
        path = f"/v1/subscriptions/{subscription['id']}"
        assert stripe.get(path) == subscription
    assert stripe.engine.world.now() == START
    stripe.wait(29 * DAY)
    assert stripe.get(f"/v1/subscriptions/{elsewhere['id']}") == elsewhere


def test_advancing_renews_and_a_second_advance_an_hour_on_collects(stripe: Account) -> None:
    made = clock(stripe)
    subscription = subscribed(stripe, made)
    renewal = subscription["items"]["data"][0]["current_period_end"]
    advance(stripe, made, renewal)
    invoice = stripe.latest_invoice(subscription)
    assert (invoice["status"], invoice["created"]) == ("draft", renewal)
    assert invoice["automatically_finalizes_at"] == renewal + HOUR
    advance(stripe, made, renewal + HOUR)
    assert stripe.latest_invoice(subscription)["status"] == "paid"


def test_all_that_falls_due_happens_in_order_each_at_its_own_moment(stripe: Account) -> None:
    made = clock(stripe)
    customer = stripe.customer(test_clock=made["id"])
    for interval in ("month", "week"):
        price = stripe.price(interval=interval)
        stripe.post("/v1/subscriptions", customer=customer["id"], items=[{"price": price["id"]}])
    advance(stripe, made, PAST + 14 * DAY)
    invoices = stripe.get("/v1/invoices", customer=customer["id"])["data"]
    assert [invoice["created"] - PAST for invoice in reversed(invoices)] == [
        0, 0, 7 * DAY, 14 * DAY,
    ]  # fmt: skip
    assert invoices[1]["status_transitions"]["paid_at"] == PAST + 7 * DAY + HOUR


def test_advancing_answers_at_once_and_is_done_later(slow: Account) -> None:
    made = clock(slow)
    path = f"{CLOCKS}/{made['id']}"
    answer = slow.post(f"{path}/advance", frozen_time=PAST + DAY)
    assert (answer["status"], answer["frozen_time"]) == ("advancing", PAST)
    assert answer["status_details"] == {"advancing": {"target_frozen_time": PAST + DAY}}
    slow.wait(BY_HAND - 1)
    assert slow.get(path)["status"] == "advancing"
    slow.wait(1)
    assert (slow.get(path)["status"], slow.get(path)["frozen_time"]) == ("ready", PAST + DAY)
    assert slow.event_types() == [
        "test_helpers.test_clock.created",
        "test_helpers.test_clock.advancing",
        "test_helpers.test_clock.ready",
    ]


def test_nothing_on_a_clock_can_be_changed_while_it_advances(slow: Account) -> None:
    made = clock(slow)
    subscription = subscribed(slow, made)
    other = slow.customer()
    slow.post(f"{CLOCKS}/{made['id']}/advance", frozen_time=PAST + DAY)
    customer = subscription["customer"]
    for method, path, params in (
        ("POST", f"/v1/customers/{customer}", {"name": "New"}),
        ("POST", "/v1/subscriptions", {"customer": customer, "items": [{"price": "price_1"}]}),
        ("DELETE", f"/v1/subscriptions/{subscription['id']}", {}),
        ("POST", f"{CLOCKS}/{made['id']}/advance", {"frozen_time": PAST + 2 * DAY}),
        ("DELETE", f"{CLOCKS}/{made['id']}", {}),
        ("POST", "/v1/customers", {"test_clock": made["id"]}),
    ):
        error = slow.refused(method, path, 429, **params)
        assert error["message"].startswith(
            "Test clock advancement underway - cannot perform modifications"
        )
    slow.get(f"/v1/subscriptions/{subscription['id']}")
    slow.post(f"/v1/customers/{other['id']}", name="New")


def test_a_clock_only_goes_forward(stripe: Account) -> None:
    made = clock(stripe)
    for to in (PAST, PAST - 1):
        error = stripe.refused("POST", f"{CLOCKS}/{made['id']}/advance", 400, frozen_time=to)
        assert error["param"] == "frozen_time"


def test_without_subscriptions_a_clock_advances_two_years_at_most(stripe: Account) -> None:
    made = clock(stripe)
    latest = PAST + 731 * DAY  # 2024 is a leap year
    stripe.refused("POST", f"{CLOCKS}/{made['id']}/advance", 400, frozen_time=latest + 1)
    advance(stripe, made, latest)


def test_a_clock_advances_two_of_its_shortest_intervals_at_most(stripe: Account) -> None:
    made = clock(stripe)
    subscription = subscribed(stripe, made)
    latest = PAST + 61 * DAY  # 14 January
    error = stripe.refused("POST", f"{CLOCKS}/{made['id']}/advance", 400, frozen_time=latest + 1)
    assert error["message"].startswith(
        "The frozen time of this clock is 1700000000 (2023-11-14 22:13:20 UTC). You can only "
        "advance it up to 1705270400 (2024-01-14 22:13:20 UTC)."
    )
    stripe.delete(f"/v1/subscriptions/{subscription['id']}")
    advance(stripe, made, latest + 1)


def test_a_clock_takes_three_customers_with_three_subscriptions_each(stripe: Account) -> None:
    made = clock(stripe)
    customer = subscribed(stripe, made)["customer"]
    items = [{"price": stripe.price()["id"]}]
    for _ in range(2):
        stripe.customer(test_clock=made["id"])
        stripe.post("/v1/subscriptions", customer=customer, items=items)
    before = stripe.event_types()
    stripe.refused("POST", "/v1/customers", 400, test_clock=made["id"])
    stripe.refused("POST", "/v1/subscriptions", 400, customer=customer, items=items)
    assert stripe.event_types() == before


def test_lists_show_what_is_on_a_clock_only_when_asked_for(stripe: Account) -> None:
    made, other = clock(stripe), clock(stripe)
    subscription, free = subscribed(stripe, made), stripe.subscribe()
    subscribed(stripe, other)
    customer, on_clock = subscription["customer"], {"test_clock": made["id"]}
    stripe.post("/v1/subscription_schedules", from_subscription=subscription["id"])
    assert [found["id"] for found in stripe.get("/v1/customers")["data"]] == [free["customer"]]
    assert stripe.get("/v1/subscriptions", status="all")["data"] == [free]
    invoices = stripe.get("/v1/invoices")["data"]
    assert [invoice["id"] for invoice in invoices] == [free["latest_invoice"]]
    assert stripe.get("/v1/subscription_schedules")["data"] == []
    for path, expected in (("/v1/customers", customer), ("/v1/subscriptions", subscription["id"])):
        assert [found["id"] for found in stripe.get(path, **on_clock)["data"]] == [expected]
    assert len(stripe.get("/v1/subscriptions", customer=customer)["data"]) == 1
    assert len(stripe.get("/v1/invoices", customer=customer)["data"]) == 1
    assert len(stripe.get("/v1/subscription_schedules", customer=customer)["data"]) == 1


def test_deleting_a_clock_takes_its_customers_and_subscriptions_along(stripe: Account) -> None:
    made = clock(stripe)
    subscription, other = subscribed(stripe, made), stripe.subscribe()
    told = len(stripe.event_types())
    deleted = stripe.delete(f"{CLOCKS}/{made['id']}")
    assert deleted == {
        "id": made["id"],
        "object": "test_helpers.test_clock",
        "deleted": True,
    }
    assert stripe.event_types(since=told) == [
        "customer.subscription.deleted",
        "customer.deleted",
        "test_helpers.test_clock.deleted",
    ]
    assert stripe.get(f"/v1/customers/{subscription['customer']}")["deleted"] is True
    stripe.refused("GET", f"/v1/subscriptions/{subscription['id']}", 404)
    stripe.refused("GET", f"/v1/invoices/{subscription['latest_invoice']}", 404)
    stripe.get(f"/v1/subscriptions/{other['id']}")
    stripe.wait(40 * DAY)


def test_a_clock_that_failed_to_be_deleted_goes_on(stripe: Account) -> None:
    made = clock(stripe)
    subscription = subscribed(stripe, made)
    stripe.refused("DELETE", f"{CLOCKS}/{made['id']}", 400, expand=["nonsense"])
    advance(stripe, made, PAST + 32 * DAY)
    assert stripe.latest_invoice(subscription)["billing_reason"] == "subscription_cycle"


def test_a_customer_is_put_on_a_clock_when_it_is_made_and_not_later(stripe: Account) -> None:
    made = clock(stripe)
    customer = stripe.customer()
    path = f"/v1/customers/{customer['id']}"
    error = stripe.refused("POST", path, 400, test_clock=made["id"])
    assert error["code"] == "parameter_unknown"
    error = stripe.refused("POST", "/v1/customers", 400, test_clock="clock_none")
    assert (error["code"], error["param"]) == ("resource_missing", "test_clock")


@pytest.mark.parametrize(("scale", "passed"), [(3600.0, 36000), (0.5, 5), (0.0, 0)])
def test_the_accounts_time_can_run_faster_or_slower(scale: float, passed: int) -> None:
    real = [float(START)]
    engine = Engine(lambda: real[0], random.Random(1), Settings(time_scale=scale))
    real[0] += 10
    assert engine.world.now() == START + passed
    engine.set_time_scale(1.0)
    assert engine.world.now() == START + passed
    real[0] += 10
    assert engine.world.now() == START + passed + 10


def test_how_long_to_sleep_follows_the_scale_of_time() -> None:
    engine = Engine(lambda: START, random.Random(1), Settings(time_scale=3600.0))
    assert engine.next_due_in() is None
    Account(engine).session(expires_at=START + 7200)
    assert engine.next_due_in() == 2.0
    engine.set_time_scale(0.0)
    assert engine.next_due_in() is None
