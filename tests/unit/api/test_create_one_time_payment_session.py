"""POST /create-one-time-payment-session: what is bought once, as often as wanted."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from billing.contracts.stripe_objects import StripeMadeCheckoutSession
from billing.domain.checkout import PurchaseRequest
from tests.support.api import ADMIN, Api, ApiAnswer, Request, Trouble
from tests.support.aws import add_user, facts, user_item
from tests.support.builders import a_record, a_subscription

SESSIONS = "/v1/checkout/sessions"


def start(api: Api, lookup_key: str = "self_hosted", **fields: Any) -> ApiAnswer:
    body = {"priceId": api.price(lookup_key), "userId": "user_1", **fields}
    return api.post("/create-one-time-payment-session", body)


def test_a_purchase_opens_a_session_of_the_users_own_customer(api: Api) -> None:
    add_user()

    answer = start(api, quantity=2, metadata={"campaign": "spring"})

    assert answer.status == 200
    (session,) = api.sessions()
    assert answer.body == {"sessionId": session["id"], "url": session["url"]}
    assert session["mode"] == "payment"
    assert session["client_reference_id"] == "user_1"
    assert session["metadata"] == {"user_id": "user_1", "campaign": "spring"}
    assert session["amount_total"] == 2 * 49900
    assert session["success_url"] == api.ports.settings.checkout_success_url
    assert session["cancel_url"] == api.ports.settings.checkout_cancel_url
    (customer,) = api.customers()
    assert session["customer"] == customer["id"] == user_item()["stripe_customer_id"]


def test_the_payment_names_its_user_too(api: Api) -> None:
    add_user()

    api.pay(start(api, metadata={"campaign": "spring", "user_id": "user_2"}).body["sessionId"])

    (payment,) = api.at_stripe("GET", "/v1/payment_intents")["data"]
    assert payment["metadata"] == {"user_id": "user_1", "campaign": "spring"}


def test_on_return_the_licence_is_there_though_no_event_has_come(api: Api) -> None:
    add_user()
    session_id = start(api).body["sessionId"]
    api.pay(session_id)

    answer = api.get(f"/checkout-session/{session_id}")

    assert (answer.status, answer.body["paymentStatus"]) == (200, "paid")
    assert api.get("/dashboard/user_1").body["currentUser"]["hasPaidForSelfHosted"] is True
    assert [fact["type"] for fact in facts()] == ["PurchaseCompleted"]


def test_coming_back_again_asks_stripe_for_the_session_alone(api: Api) -> None:
    add_user()
    session_id = start(api).body["sessionId"]
    api.pay(session_id)
    first = api.get(f"/checkout-session/{session_id}")
    record, asked = api.ports.records.load("user_1"), len(api.ports.wire.requests)

    again = api.get(f"/checkout-session/{session_id}")

    assert again.body == first.body
    assert api.ports.records.load("user_1") == record
    assert [request.path for request in api.ports.wire.requests[asked:]] == [
        f"{SESSIONS}/{session_id}"
    ]


@pytest.mark.parametrize("lookup_key", ["standard_monthly", None])
def test_a_price_that_isnt_paid_once_is_refused(api: Api, lookup_key: str | None) -> None:
    add_user()
    price_id = api.price(lookup_key) if lookup_key else "price_of_another_product"

    answer = start(api, priceId=price_id)

    assert answer.status == 422
    assert answer.body["detail"][0]["loc"] == ["body", "priceId"]
    assert price_id not in answer.text
    assert api.customers() == []


def test_a_price_in_a_currency_that_isnt_the_customers_is_refused(api: Api) -> None:
    customer = api.at_stripe("POST", "/v1/customers", {"email": "user_1@example.test"})
    add_user(stripe_customer_id=customer["id"])
    api.ports.engine.world.store.update(customer, currency="eur")

    answer = start(api)

    assert answer.status == 422
    assert answer.body["detail"][0]["loc"] == ["body", "priceId"]
    assert api.sessions() == []


def test_beside_a_subscription_there_is_a_purchase(api: Api) -> None:
    customer = api.at_stripe("POST", "/v1/customers")
    add_user(stripe_customer_id=customer["id"])
    record = a_record(version=1, customer_id=customer["id"], subscription=a_subscription())
    api.ports.records.save(record, replacing=0)

    assert start(api).status == 200


def test_an_open_checkout_of_a_plan_stays_open(api: Api) -> None:
    add_user()
    plan = {"priceId": api.price("standard_monthly"), "userId": "user_1"}
    opened = api.post("/create-checkout-session", plan).body

    assert start(api).status == 200

    assert len(api.sessions(status="open")) == 2
    assert api.post("/create-checkout-session", plan).body == opened


@pytest.mark.parametrize("fields", [{"quantity": 0}, {"quantity": "2"}, {"userId": ""}], ids=str)
def test_a_malformed_request_is_refused(api: Api, fields: dict[str, Any]) -> None:
    add_user()

    answer = start(api, **fields)

    assert answer.status == 422
    assert answer.body["detail"][0]["loc"] == ["body", *fields]


# -- Once per click -------------------------------------------------------------------------------


def test_a_purchase_can_be_repeated(api: Api) -> None:
    add_user()

    sessions = [start(api).body["sessionId"]]
    api.pay(sessions[0])
    sessions.append(start(api).body["sessionId"])

    assert len(set(sessions)) == 2
    first, second = api.ports.wire.asked("POST", SESSIONS)
    assert first.key != second.key


def test_two_clicks_at_once_open_one_session(api: Api) -> None:
    add_user()
    inner: list[str] = []

    def click_again(request: Request) -> None:
        if request.path == SESSIONS and not inner:
            inner.append("")
            inner[0] = start(Api(api.ports)).body["sessionId"]

    api.ports.wire.observers.append(click_again)
    outer = start(api)

    assert inner == [outer.body["sessionId"]]
    assert len(api.sessions()) == 1


def test_clicks_in_many_processes_at_once_open_one_session(api: Api) -> None:
    clicks = 4
    add_user()
    start(api)
    user, price_id = api.ports.users.find("user_1"), api.price("self_hosted")
    assert user is not None
    request = PurchaseRequest(price_id=price_id, quantity=3, metadata={})
    together, create = Barrier(clicks, timeout=120), api.ports.stripe.create_checkout_session

    def create_together(params: dict[str, Any], key: str) -> StripeMadeCheckoutSession:
        together.wait()
        return create(params, key)

    api.ports.stripe.create_checkout_session = create_together  # type: ignore[method-assign]
    with ThreadPoolExecutor(clicks) as threads:
        clicked = [
            threads.submit(api.ports.checkout.start_purchase, user, request, "usd")
            for _ in range(clicks)
        ]
    sessions = {click.result().id for click in clicked}

    assert len(sessions) == 1
    assert len(api.sessions()) == 2, "the one before, and one for all the clicks"


def test_after_a_lost_answer_the_next_try_gets_the_same_session(api: Api) -> None:
    add_user()
    api.ports.wire.troubles.append(Trouble("POST", SESSIONS, status=None, after_effect=True))
    assert start(api).status == 503

    answer = start(api)

    (session,) = api.sessions()
    assert answer.body["sessionId"] == session["id"]
    first, second = api.ports.wire.asked("POST", SESSIONS)
    assert first.key == second.key


def test_after_a_lost_answer_something_else_can_be_bought(api: Api) -> None:
    add_user()
    api.ports.wire.troubles.append(Trouble("POST", SESSIONS, status=None, after_effect=True))
    assert start(api).status == 503

    answer = start(api, quantity=5)

    newest = api.sessions()[0]
    assert answer.body["sessionId"] == newest["id"]
    assert newest["amount_total"] == 5 * 49900


def test_a_day_later_nobody_is_sent_to_a_page_that_has_closed(api: Api) -> None:
    add_user()
    api.ports.wire.troubles.append(Trouble("POST", SESSIONS, status=None, after_effect=True))
    assert start(api).status == 503
    almost_a_day = 86_400 - 60
    api.ports.engine.advance(api.ports.now() + almost_a_day)
    api.ports.clock.advance(almost_a_day)

    answer = start(api)

    newest, old = api.sessions()
    assert answer.body["sessionId"] == newest["id"] != old["id"]


# -- When Stripe is in trouble ---------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/customers", SESSIONS])
@pytest.mark.parametrize(("status", "retry_after"), [(429, 3), (500, None), (None, None)])
def test_while_stripe_is_down_the_caller_is_told_when_to_come_back(
    api: Api, path: str, status: int | None, retry_after: int | None
) -> None:
    add_user()
    trouble = Trouble("POST", path, status=status, retry_after=retry_after)
    api.ports.wire.troubles.append(trouble)

    answer = start(api)

    assert answer.status == 503
    assert answer.header("Retry-After") == str(retry_after or 1)
    assert "req_secret" not in answer.text
    assert start(api).status == 200


@pytest.mark.parametrize("after_effect", [False, True])
def test_an_error_that_stripe_keeps_for_a_key_doesnt_hold_the_user_up(
    api: Api, after_effect: bool
) -> None:
    add_user()
    kept = Trouble("POST", SESSIONS, status=500, after_effect=after_effect, saved=True)
    api.ports.wire.troubles.append(kept)

    assert start(api).status == 200


def test_a_refusal_of_stripes_is_our_fault_and_the_next_try_is_another_operation(api: Api) -> None:
    add_user()
    api.ports.wire.troubles.append(Trouble("POST", SESSIONS, status=400))

    assert start(api).status == 500
    assert start(api).status == 200

    first, second = api.ports.wire.asked("POST", SESSIONS)
    assert first.key != second.key


# -- Whose -----------------------------------------------------------------------------------------


def test_an_unknown_user_and_anothers_id_get_the_same_answer(api: Api) -> None:
    add_user("user_2")

    unknown, foreign = start(api), start(api, userId="user_2")

    assert (unknown.status, unknown.body) == (
        404,
        {"detail": "User not found", "code": "user_not_found"},
    )
    assert (foreign.status, foreign.text) == (unknown.status, unknown.text)
    assert api.ports.wire.requests == []


def test_a_customer_that_is_anothers_pays_for_neither(api: Api) -> None:
    theirs = api.at_stripe("POST", "/v1/customers")
    add_user("user_2")
    api.ports.customers.assign(theirs["id"], "user_2")
    add_user(stripe_customer_id=theirs["id"])

    assert start(api).status == 409
    assert api.sessions() == []


def test_an_admin_may_start_anybodys(api: Api) -> None:
    add_user("user_2")
    body = {"priceId": api.price("self_hosted"), "userId": "user_2"}

    answer = api.post("/create-one-time-payment-session", body, scope=ADMIN)

    assert answer.status == 200
    assert api.sessions()[0]["client_reference_id"] == "user_2"
