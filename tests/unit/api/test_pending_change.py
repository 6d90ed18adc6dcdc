"""The dashboard says what is planned for the subscription."""

from typing import Any

import pytest

from tests.support.api import Api
from tests.support.subscriber import Subscriber

DAY = 86_400


@pytest.fixture
def customer(api: Api) -> Subscriber:
    return Subscriber(api).subscribe("agency_monthly", quantity=2)


def pending(customer: Subscriber) -> Any:
    shown = customer.api.get(f"/dashboard/{customer.user_id}").body
    return shown["subscription"]["pendingChange"]


def test_a_downgrade_that_is_planned_is_shown_with_its_date(customer: Subscriber) -> None:
    assert pending(customer) is None

    assert customer.change("standard_monthly").status == 200

    period_end = customer.api.get("/dashboard/user_1").body["subscription"]["currentPeriodEnd"]
    assert pending(customer) == {
        "planId": customer.api.price("standard_monthly"),
        "quantity": 2,
        "date": period_end,
    }


def test_one_that_is_taken_back_is_not(customer: Subscriber) -> None:
    customer.change("standard_monthly")

    customer.change("agency_monthly")

    assert pending(customer) is None


def test_one_that_staff_made_is_shown_once_an_event_tells_of_it(customer: Subscriber) -> None:
    at_stripe, ports = customer.api.at_stripe, customer.api.ports
    schedule = at_stripe(
        "POST",
        "/v1/subscription_schedules",
        {"from_subscription": customer.subscription["id"]},
    )
    (phase,) = schedule["phases"]
    present = {
        "items": {"0": {"price": phase["items"][0]["price"], "quantity": 2}},
        "start_date": phase["start_date"],
        "end_date": phase["end_date"],
    }
    yearly = {
        "items": {"0": {"price": customer.api.price("agency_yearly"), "quantity": 5}},
        "duration": {"interval": "year", "interval_count": 1},
    }
    path = f"/v1/subscription_schedules/{schedule['id']}"
    at_stripe("POST", path, {"phases": {"0": present, "1": yearly}})

    ports.reducer.sync_customer(customer.user_id, customer.customer_id)

    assert pending(customer)["quantity"] == 5
    assert pending(customer)["planId"] == customer.api.price("agency_yearly")
