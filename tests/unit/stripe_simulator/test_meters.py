"""Usage as it is reported, and what it comes to."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.stripe_simulator.account import DAY, HOUR, START, Account, Json

METERS = "/v1/billing/meters"
EVENTS = "/v1/billing/meter_events"
MIDNIGHT = START // DAY * DAY


def make(stripe: Account, formula: str = "sum", **params: Any) -> Json:
    return stripe.post(
        METERS,
        display_name="Searches",
        event_name="search",
        default_aggregation={"formula": formula},
        **params,
    )


@pytest.fixture
def customer(stripe: Account) -> str:
    return str(stripe.customer()["id"])


def use(customer: str, value: object = 1, **params: Any) -> Json:
    payload = {"stripe_customer_id": customer, "value": value}
    return {"event_name": "search", "payload": payload, **params}


def used(stripe: Account, meter: Json, customer: str, **params: Any) -> list[float]:
    times = {"start_time": MIDNIGHT - 2 * DAY, "end_time": MIDNIGHT + 2 * DAY, **params}
    found = stripe.get(f"{METERS}/{meter['id']}/event_summaries", customer=customer, **times)
    return [summary["aggregated_value"] for summary in found["data"]]


@pytest.mark.parametrize(("formula", "total"), [("sum", 12), ("count", 3), ("last", 4)])
def test_a_meter_adds_up_what_each_customer_used(
    stripe: Account, customer: str, formula: str, total: int
) -> None:
    meter = make(stripe, formula)
    other = stripe.customer()["id"]
    for value, at in ((4, START), (3, START - HOUR), (5, START - DAY)):
        stripe.post(EVENTS, **use(customer, value, timestamp=at))
    stripe.post(EVENTS, **use(other, 100))
    assert used(stripe, meter, customer) == [total]


def test_usage_is_shown_by_day_the_newest_first(stripe: Account, customer: str) -> None:
    meter = make(stripe)
    for value, at in ((4, START), (3, START - HOUR), (5, START - DAY)):
        stripe.post(EVENTS, **use(customer, value, timestamp=at))
    assert used(stripe, meter, customer, value_grouping_window="day") == [7, 5]
    path = f"{METERS}/{meter['id']}/event_summaries"
    odd = {"start_time": MIDNIGHT + 60, "end_time": MIDNIGHT + DAY, "customer": customer}
    stripe.refused("GET", path, 400, **odd, value_grouping_window="day")


def test_an_event_counts_once(stripe: Account, customer: str) -> None:
    meter = make(stripe)
    stripe.post(EVENTS, **use(customer, 2, identifier="first"))
    error = stripe.refused("POST", EVENTS, 400, **use(customer, 2, identifier="first"))
    assert error["param"] == "identifier"
    assert used(stripe, meter, customer) == [2]
    stripe.wait(DAY)
    stripe.post(EVENTS, **use(customer, 3, identifier="first"))
    assert used(stripe, meter, customer) == [5]


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"timestamp": START - 36 * DAY}, "timestamp"),
        ({"timestamp": START + 301}, "timestamp"),
        ({"payload": {"value": "1"}}, "payload[stripe_customer_id]"),
        (
            {"payload": {"value": "1", "stripe_customer_id": "cus_none"}},
            "payload[stripe_customer_id]",
        ),
        ({"event_name": "other"}, "event_name"),
    ],
)
def test_what_can_not_be_counted_is_refused(
    stripe: Account, customer: str, params: Json, param: str
) -> None:
    make(stripe)
    error = stripe.refused("POST", EVENTS, 400, **{**use(customer), **params})
    assert error["param"] == param


@pytest.mark.parametrize("value", ["", "1.5", "many"])
def test_usage_is_a_whole_number(stripe: Account, customer: str, value: str) -> None:
    make(stripe)
    error = stripe.refused("POST", EVENTS, 400, **use(customer, value))
    assert error["param"] == "payload[value]"


def test_a_meter_reads_the_keys_that_it_is_told_to(stripe: Account, customer: str) -> None:
    meter = make(
        stripe,
        customer_mapping={"event_payload_key": "who", "type": "by_id"},
        value_settings={"event_payload_key": "much"},
    )
    stripe.post(EVENTS, event_name="search", payload={"who": customer, "much": "7"})
    assert used(stripe, meter, customer) == [7]


def test_an_event_can_be_taken_back_within_a_day(stripe: Account, customer: str) -> None:
    meter = make(stripe)
    for identifier in ("first", "second"):
        stripe.post(EVENTS, **use(customer, 2, identifier=identifier))
    cancel = {"event_name": "search", "type": "cancel", "cancel": {"identifier": "first"}}
    path = "/v1/billing/meter_event_adjustments"
    assert stripe.post(path, **cancel)["status"] == "complete"
    assert used(stripe, meter, customer) == [2]
    stripe.wait(DAY)
    stripe.refused("POST", path, 400, **{**cancel, "cancel": {"identifier": "second"}})


def test_an_inactive_meter_counts_nothing_and_frees_its_event_name(
    stripe: Account, customer: str
) -> None:
    meter = make(stripe)
    stripe.refused("POST", METERS, 400, display_name="Again", event_name="search",
                   default_aggregation={"formula": "sum"})  # fmt: skip
    path = f"{METERS}/{meter['id']}"
    inactive = stripe.post(f"{path}/deactivate")
    assert inactive["status_transitions"] == {"deactivated_at": START}
    stripe.refused("POST", EVENTS, 400, **use(customer))
    make(stripe)
    stripe.refused("POST", f"{path}/reactivate", 400)
    types = stripe.event_types()
    assert types.count("billing.meter.created") == 2
    assert types.count("billing.meter.deactivated") == 1
