"""GET /access/{userId}: what a backend asks at every request."""

from typing import Any

import pytest

from billing.domain.record import Subscription
from tests.support.api import ADMIN, Api
from tests.support.aws import add_user
from tests.support.builders import NOW, a_record, a_subscription, an_invoice
from tests.support.reads import calls_of_dynamodb

DAY = 86_400


def store(api: Api, subscription: Subscription | None, **fields: Any) -> None:
    record = a_record(version=1, subscription=subscription, **fields)
    assert api.ports.records.save(record, replacing=0)


def test_a_subscriber_has_full_access_by_their_plan(api: Api) -> None:
    store(api, a_subscription(price_id="price_1"))

    answer = api.get("/access/user_1")

    assert answer.status == 200
    assert answer.body == {
        "level": "full",
        "until": None,
        "reason": "active",
        "currentPlanId": "price_1",
    }


def test_it_costs_one_read_of_dynamodb_and_none_of_stripe(api: Api) -> None:
    store(api, a_subscription())

    with calls_of_dynamodb() as calls:
        api.get("/access/user_1")

    assert calls == ["GetItem"]
    assert api.ports.wire.requests == []


def test_it_is_judged_at_the_moment_of_asking(api: Api) -> None:
    """Grace runs out without any event: nothing is stored that would have to change."""
    paid = an_invoice(invoice_id="in_0", status="paid", invoice_created=NOW - 31 * DAY)
    unpaid = an_invoice(finalized_at=NOW)
    invoices = {invoice.invoice_id: invoice for invoice in (paid, unpaid)}
    store(api, a_subscription(status="past_due"), invoices=invoices)

    graced = api.get("/access/user_1").body
    api.ports.clock.advance(api.ports.policy.grace_days * DAY)
    over = api.get("/access/user_1").body

    assert (graced["level"], graced["reason"]) == ("grace", "past_due")
    assert graced["until"].endswith("Z")
    assert (over["level"], over["until"]) == ("restricted", None)
    assert over["currentPlanId"] == graced["currentPlanId"] == "price_standard"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"status": "incomplete"}, "incomplete"),
        ({"status": "canceled"}, "canceled"),
        ({"cancel_at": NOW}, "canceled"),
    ],
    ids=str,
)
def test_without_access_no_plan_is_named(api: Api, fields: dict[str, Any], reason: str) -> None:
    store(api, a_subscription(**fields))

    assert api.get("/access/user_1").body == {
        "level": "none",
        "until": None,
        "reason": reason,
        "currentPlanId": None,
    }


def test_a_user_who_never_bought_anything_has_none(api: Api) -> None:
    add_user()

    body = api.get("/access/user_1").body

    assert (body["level"], body["reason"]) == ("none", "no_subscription")


def test_an_unknown_user_and_anothers_id_get_the_same_answer(api: Api) -> None:
    store(api, a_subscription())

    unknown = api.get("/access/user_2", user="user_2")
    foreign = api.get("/access/user_1", user="user_2")
    nobody = api.get("/access/user_1", user=None)

    assert (unknown.status, unknown.body) == (
        404,
        {"detail": "User not found", "code": "user_not_found"},
    )
    for answer in (foreign, nobody):
        assert (answer.status, answer.text) == (unknown.status, unknown.text)


def test_an_admin_may_ask_of_anybody(api: Api) -> None:
    store(api, a_subscription())

    assert api.get("/access/user_1", user="user_2", scope=ADMIN).body["level"] == "full"


def test_an_answer_is_never_cached(api: Api) -> None:
    add_user()

    assert api.get("/access/user_1").header("Cache-Control") == "no-store"
