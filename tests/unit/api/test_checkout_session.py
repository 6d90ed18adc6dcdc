"""GET /checkout-session/{id}: the return from Checkout."""

import pytest

from tests.support.api import ADMIN, Api, Trouble
from tests.support.aws import add_user, facts, user_item


@pytest.fixture
def session_id(api: Api) -> str:
    add_user()
    body = {"priceId": api.price("standard_monthly"), "userId": "user_1"}
    started = api.post("/create-checkout-session", body)
    session_id: str = started.body["sessionId"]
    return session_id


def test_on_return_the_subscription_is_there_though_no_event_has_come(
    api: Api, session_id: str
) -> None:
    api.pay(session_id)

    answer = api.get(f"/checkout-session/{session_id}")

    assert answer.status == 200
    body = answer.body
    assert (body["sessionId"], body["status"]) == (session_id, "complete")
    assert body["paymentStatus"] == "paid"
    assert body["subscription"]["status"] == "active"
    assert body["subscription"] == api.get("/dashboard/user_1").body["subscription"]
    record = api.ports.records.load("user_1")
    assert record.checkout is None, "the slot is free again"
    types = {"SubscriptionActivated", "AccessChanged", "PaymentSucceeded"}
    assert {fact["type"] for fact in facts()} == types


def test_asking_again_changes_nothing_and_asks_stripe_for_the_session_alone(
    api: Api, session_id: str
) -> None:
    api.pay(session_id)
    first = api.get(f"/checkout-session/{session_id}")
    record, asked = api.ports.records.load("user_1"), len(api.ports.wire.requests)

    again = api.get(f"/checkout-session/{session_id}")

    assert again.body == first.body
    assert api.ports.records.load("user_1") == record
    assert [request.path for request in api.ports.wire.requests[asked:]] == [
        f"/v1/checkout/sessions/{session_id}"
    ]


def test_an_open_session_has_sold_nothing_yet(api: Api, session_id: str) -> None:
    body = api.get(f"/checkout-session/{session_id}").body

    assert (body["status"], body["paymentStatus"]) == ("open", "unpaid")
    assert body["subscription"] is None


def test_a_session_of_a_frontends_own_links_its_customer(api: Api) -> None:
    add_user()
    customer = api.at_stripe("POST", "/v1/customers", {"email": "other@example.test"})
    session = api.at_stripe(
        "POST",
        "/v1/checkout/sessions",
        {
            "mode": "subscription",
            "customer": customer["id"],
            "client_reference_id": "user_1",
            "line_items": {"0": {"price": api.price("agency_monthly"), "quantity": 1}},
            "success_url": "https://app.example.com",
        },
    )
    api.pay(session["id"])

    body = api.get(f"/checkout-session/{session['id']}").body

    assert body["subscription"]["currentPlanId"] == api.price("agency_monthly")
    assert user_item()["stripe_customer_id"] == customer["id"]
    assert api.ports.customers.user_of(customer["id"]) == "user_1"


def test_a_customer_that_is_anothers_is_never_linked_twice(api: Api, session_id: str) -> None:
    """The user named in a session whose customer belongs to somebody else gets nothing of it."""
    (theirs,) = api.customers()
    add_user("user_2")
    session = api.at_stripe(
        "POST",
        "/v1/checkout/sessions",
        {
            "mode": "subscription",
            "customer": theirs["id"],
            "client_reference_id": "user_2",
            "line_items": {"0": {"price": api.price("agency_monthly"), "quantity": 1}},
            "success_url": "https://app.example.com",
        },
    )
    api.pay(session["id"])

    answer = api.get(f"/checkout-session/{session['id']}", user="user_2")

    assert answer.status == 409
    assert api.ports.records.load("user_2").subscription is None
    assert "stripe_customer_id" not in user_item("user_2@example.test")


def test_anothers_session_and_an_unknown_one_get_the_same_answer(api: Api, session_id: str) -> None:
    foreign = api.get(f"/checkout-session/{session_id}", user="user_2")
    unknown = api.get("/checkout-session/cs_test_unknown")

    assert (unknown.status, unknown.body) == (
        404,
        {"detail": "Checkout session not found", "code": "checkout_session_not_found"},
    )
    assert (foreign.status, foreign.text) == (unknown.status, unknown.text)


@pytest.mark.parametrize("name", ["..", "cs_test_1;x", "sub_1", "cs_test_ü"])
def test_what_is_no_sessions_id_never_reaches_stripe(api: Api, name: str) -> None:
    answer = api.get(f"/checkout-session/{name}")

    assert answer.status == 404
    assert api.ports.wire.requests == []


def test_an_admin_may_look_at_anybodys_session(api: Api, session_id: str) -> None:
    api.pay(session_id)

    answer = api.get(f"/checkout-session/{session_id}", user="admin", scope=ADMIN)

    assert answer.body["subscription"]["status"] == "active"
    assert api.ports.records.load("user_1").subscription is not None


def test_while_stripe_is_down_the_return_is_to_be_tried_again(api: Api, session_id: str) -> None:
    api.pay(session_id)
    api.ports.wire.troubles.append(Trouble("GET", "/v1/subscriptions", status=500))

    assert api.get(f"/checkout-session/{session_id}").status == 503
    assert api.get(f"/checkout-session/{session_id}").body["subscription"]["status"] == "active"
