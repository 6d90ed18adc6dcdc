"""POST /create-checkout-session: the route, its parameters and its refusals."""

from typing import Any

import pytest

from billing.domain.record import Record
from tests.support.api import ADMIN, Api, ApiAnswer, Trouble
from tests.support.aws import add_user, user_item
from tests.support.builders import a_record, a_subscription


def start(api: Api, lookup_key: str = "standard_monthly", **fields: Any) -> ApiAnswer:
    body = {"priceId": api.price(lookup_key), "userId": "user_1", **fields}
    return api.post("/create-checkout-session", body)


def record_of(api: Api) -> Record:
    return api.ports.records.load("user_1")


def test_a_checkout_opens_a_session_of_the_users_own_customer(api: Api) -> None:
    add_user(lastName="User")

    answer = start(api, metadata={"campaign": "spring", "seats": 3})

    assert answer.status == 200
    (session,) = api.sessions()
    assert answer.body == {"sessionId": session["id"], "url": session["url"]}
    assert session["mode"] == "subscription"
    assert session["client_reference_id"] == "user_1"
    assert session["metadata"] == {"user_id": "user_1", "campaign": "spring", "seats": "3"}
    assert session["success_url"] == api.ports.settings.checkout_success_url
    assert session["cancel_url"] == api.ports.settings.checkout_cancel_url
    (customer,) = api.customers()
    assert session["customer"] == customer["id"]
    assert (customer["email"], customer["name"]) == ("user_1@example.test", "Test User")
    assert customer["metadata"] == {"user_id": "user_1"}


def test_the_customer_is_linked_before_there_is_a_session(api: Api) -> None:
    add_user()
    api.ports.wire.troubles.append(Trouble("POST", "/v1/checkout/sessions", status=None))

    assert start(api).status == 503

    (customer,) = api.customers()
    assert user_item()["stripe_customer_id"] == customer["id"]
    assert api.ports.customers.user_of(customer["id"]) == "user_1"
    assert record_of(api).customer_id == customer["id"]
    assert api.sessions() == []


def test_the_subscription_names_its_user_too(api: Api) -> None:
    add_user()
    session_id = start(api, metadata={"campaign": "spring"}).body["sessionId"]

    api.pay(session_id)

    (subscription,) = api.at_stripe("GET", "/v1/subscriptions")["data"]
    assert subscription["metadata"] == {"user_id": "user_1", "campaign": "spring"}


def test_nobody_can_name_another_user_in_the_metadata(api: Api) -> None:
    add_user()

    start(api, metadata={"user_id": "user_2"})

    (session,) = api.sessions()
    assert session["metadata"] == {"user_id": "user_1"}


def test_a_whole_number_may_be_written_with_a_point(api: Api) -> None:
    add_user()

    start(api, quantity=3.0, trialDays=14.0)

    (session,) = api.sessions()
    lines = api.at_stripe("GET", f"/v1/checkout/sessions/{session['id']}/line_items")["data"]
    assert [line["quantity"] for line in lines] == [3]
    assert start(api, quantity=3.5).status == 422


def test_quantity_trial_and_promotion_codes_are_passed_on(api: Api) -> None:
    add_user()

    start(api, quantity=3, trialDays=14, allowPromotionCodes=True)

    (session,) = api.sessions()
    assert session["allow_promotion_codes"] is True
    assert session["amount_total"] == 0, "in a trial nothing is due"
    lines = api.at_stripe("GET", f"/v1/checkout/sessions/{session['id']}/line_items")["data"]
    assert [(line["price"]["lookup_key"], line["quantity"]) for line in lines] == [
        ("standard_monthly", 3)
    ]


# -- Promotion codes -------------------------------------------------------------------------------


def a_code(api: Api, code: str = "SPRING", percent_off: int = 50, **fields: Any) -> str:
    """An active promotion code. Returns its id."""
    coupon = api.at_stripe("POST", "/v1/coupons", {"percent_off": percent_off, "duration": "once"})
    promotion = {"type": "coupon", "coupon": coupon["id"]}
    made = api.at_stripe(
        "POST", "/v1/promotion_codes", {"promotion": promotion, "code": code, **fields}
    )
    promotion_code_id: str = made["id"]
    return promotion_code_id


@pytest.mark.parametrize("typed", ["SPRING", "spring", " Spring "])
def test_a_code_that_the_customer_typed_is_redeemed(api: Api, typed: str) -> None:
    add_user()
    promotion_code_id = a_code(api)

    answer = start(api, promotionCode=typed)

    assert answer.status == 200
    (session,) = api.sessions()
    assert session["discounts"][0]["promotion_code"] == promotion_code_id
    assert session["amount_total"] == 950


def assert_no_code_here(answer: ApiAnswer) -> None:
    assert answer.status == 422
    (problem,) = answer.body["detail"]
    assert problem["loc"] == ["body", "promotionCode"]


def test_a_code_that_isnt_active_is_refused_like_one_that_never_was(api: Api) -> None:
    add_user()
    ended = a_code(api, "ENDED")
    api.at_stripe("POST", f"/v1/promotion_codes/{ended}", {"active": False})

    inactive, unknown = start(api, promotionCode="ENDED"), start(api, promotionCode="NEVER")

    assert_no_code_here(inactive)
    assert unknown.text == inactive.text
    assert "NEVER" not in unknown.text
    assert api.customers() == []


def test_a_code_of_another_customers_is_refused_and_ones_own_comes_first(api: Api) -> None:
    mine, theirs = (api.at_stripe("POST", "/v1/customers")["id"] for _ in range(2))
    add_user(stripe_customer_id=mine)
    a_code(api, "FRIEND", customer=theirs)

    assert_no_code_here(start(api, promotionCode="FRIEND"))

    everybodys = a_code(api, "FRIEND")
    assert start(api, promotionCode="FRIEND").status == 200
    assert api.sessions()[0]["discounts"][0]["promotion_code"] == everybodys

    own = a_code(api, "FRIEND", customer=mine)
    assert start(api, promotionCode="FRIEND").status == 200
    assert api.sessions()[0]["discounts"][0]["promotion_code"] == own


def test_a_code_that_this_customer_may_not_redeem_is_refused(api: Api) -> None:
    """Stripe checks a code's restrictions when the session is made."""
    add_user()
    dear = {"minimum_amount": 1_000_000, "minimum_amount_currency": "usd"}
    a_code(api, "DEAR", restrictions=dear)

    assert_no_code_here(start(api, promotionCode="DEAR"))

    assert record_of(api).checkout is None
    assert start(api).status == 200


def test_another_fault_isnt_blamed_on_the_code(api: Api) -> None:
    add_user()
    a_code(api)
    api.ports.wire.troubles.append(Trouble("POST", "/v1/checkout/sessions", status=400))

    assert start(api, promotionCode="SPRING").status == 500


def test_whoever_carries_on_a_checkout_isnt_told_of_its_code(api: Api) -> None:
    """The first request died before Stripe refused its code; the second comes without one."""
    add_user()
    start(api)
    record = record_of(api)
    assert record.checkout is not None
    asked = record.checkout.model_copy(
        update={"promotion_code_id": "promo_gone", "session_id": None, "op_seq": record.op_seq}
    )
    died = record.model_copy(
        update={"checkout": asked, "op_seq": record.op_seq + 1, "version": record.version + 1}
    )
    assert api.ports.records.save(died, replacing=record.version)

    assert start(api).status == 200


def test_a_code_makes_another_checkout(api: Api) -> None:
    add_user()
    a_code(api)
    first = start(api).body["sessionId"]

    second = start(api, promotionCode="SPRING").body["sessionId"]
    again = start(api, promotionCode="spring").body["sessionId"]

    assert first != second == again
    assert [session["id"] for session in api.sessions(status="open")] == [second]


def test_a_code_is_given_or_asked_for_on_stripes_page(api: Api) -> None:
    add_user()
    a_code(api)

    assert_no_code_here(start(api, promotionCode="SPRING", allowPromotionCodes=True))


@pytest.mark.parametrize("typed", ["", "   ", "x" * 501, 7])
def test_what_is_no_code_never_reaches_stripe(api: Api, typed: Any) -> None:
    add_user()

    assert_no_code_here(start(api, promotionCode=typed))

    assert api.ports.wire.requests == []


@pytest.mark.parametrize("status", [429, 500, None])
def test_a_code_cant_be_looked_up_while_stripe_is_down(api: Api, status: int | None) -> None:
    add_user()
    a_code(api)
    api.ports.wire.troubles.append(Trouble("GET", "/v1/promotion_codes", status=status))

    assert start(api, promotionCode="SPRING").status == 503
    assert start(api, promotionCode="SPRING").status == 200


# -- Trials ----------------------------------------------------------------------------------------


def test_a_trial_is_given_once(api: Api) -> None:
    add_user()
    ended = a_subscription(status="canceled")
    api.ports.records.save(
        a_record(version=1, customer_id=None, had_trial=True, subscription=ended), replacing=0
    )

    answer = start(api, trialDays=14)

    assert answer.status == 200
    (session,) = api.sessions()
    assert session["amount_total"] == 1900


def test_a_trial_beyond_the_policy_is_refused(api: Api) -> None:
    add_user()

    answer = start(api, trialDays=15)

    assert answer.status == 422
    (problem,) = answer.body["detail"]
    assert problem["loc"] == ["body", "trialDays"]
    assert api.customers() == []


# -- Who may buy what ------------------------------------------------------------------------------


@pytest.mark.parametrize("lookup_key", ["self_hosted", None])
def test_a_price_that_is_no_plan_of_ours_is_refused(api: Api, lookup_key: str | None) -> None:
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


@pytest.mark.parametrize("how", ["claimed", "linked"])
def test_a_customer_that_may_be_anothers_is_neither_linked_nor_replaced(api: Api, how: str) -> None:
    theirs = api.at_stripe("POST", "/v1/customers", {"email": "user_2@example.test"})
    if how == "claimed":
        add_user("user_2", stripe_customer_id=theirs["id"])
    else:
        add_user("user_2")
        api.ports.customers.assign(theirs["id"], "user_2")
    before = api.ports.customers.user_of(theirs["id"])
    add_user(stripe_customer_id=theirs["id"])

    answer = start(api)

    assert answer.status == 409
    assert api.ports.customers.user_of(theirs["id"]) == before
    assert record_of(api).customer_id is None
    assert (len(api.customers()), api.sessions()) == (1, [])


@pytest.mark.parametrize("status", ["active", "trialing", "past_due", "unpaid", "incomplete"])
def test_beside_a_subscription_there_is_no_checkout(api: Api, status: str) -> None:
    add_user()
    api.ports.records.save(
        a_record(version=1, subscription=a_subscription(status=status)), replacing=0
    )

    answer = start(api)

    assert answer.status == 409
    assert "/update-subscription" in answer.body["detail"]
    assert api.sessions() == []


def test_after_a_subscription_has_ended_there_is(api: Api) -> None:
    add_user()
    ended = a_subscription(status="canceled")
    api.ports.records.save(a_record(version=1, customer_id=None, subscription=ended), replacing=0)

    assert start(api).status == 200


def test_an_unknown_user_and_anothers_id_get_the_same_answer(api: Api) -> None:
    add_user("user_2")

    unknown, foreign = start(api), start(api, userId="user_2")

    assert (unknown.status, unknown.body) == (
        404,
        {"detail": "User not found", "code": "user_not_found"},
    )
    assert (foreign.status, foreign.text) == (unknown.status, unknown.text)
    assert api.ports.wire.requests == []


def test_an_admin_may_start_anybodys_checkout(api: Api) -> None:
    add_user("user_2")
    body = {"priceId": api.price("standard_monthly"), "userId": "user_2"}

    assert api.post("/create-checkout-session", body, scope=ADMIN).status == 200

    assert api.sessions()[0]["client_reference_id"] == "user_2"


# -- When Stripe is in trouble ---------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/customers", "/v1/checkout/sessions"])
@pytest.mark.parametrize(("status", "retry_after"), [(429, 3), (500, None), (409, None)])
def test_while_stripe_is_down_the_caller_is_told_when_to_come_back(
    api: Api, path: str, status: int, retry_after: int | None
) -> None:
    add_user()
    trouble = Trouble("POST", path, status=status, retry_after=retry_after)
    api.ports.wire.troubles.append(trouble)

    answer = start(api)

    assert answer.status == 503
    assert answer.header("Retry-After") == str(retry_after or 1)
    assert "req_secret" not in answer.text
    assert start(api).status == 200


def test_a_refusal_of_stripes_is_our_fault_and_the_next_try_is_another_operation(api: Api) -> None:
    add_user()
    api.ports.wire.troubles.append(Trouble("POST", "/v1/checkout/sessions", status=400))

    assert start(api).status == 500
    assert start(api).status == 200

    first, second = api.ports.wire.asked("POST", "/v1/checkout/sessions")
    assert first.key != second.key
