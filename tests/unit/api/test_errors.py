"""Every error has one shape, and tells nothing of the inside."""

import io
import json
from typing import Any

import pytest
import stripe

from billing.domain.errors import (
    ConfigurationError,
    PaymentDeclined,
    RecordContended,
    StoreUnavailable,
    StripeRejected,
    StripeUnavailable,
)
from billing.gateway.connection import CALL_SECONDS, NETWORK_RETRIES, TIMEOUT_SECONDS
from billing.gateway.stripe_gateway import StripeGateway
from billing.observability import logger
from tests.support.api import Api
from tests.support.aws import add_user, template

INTERNAL = {"detail": "Internal server error", "code": "internal_error"}


class Breaking:
    """Users whose reading fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def find(self, user_id: str) -> None:
        raise self._error


def failing(api: Api, error: Exception) -> Api:
    api.ports.users = Breaking(error)  # type: ignore[assignment]
    return api


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (StripeUnavailable("Stripe answered 500 (request req_1)"), "1"),
        (StripeUnavailable("rate limit", retry_after=7), "7"),
        (StoreUnavailable("DynamoDB: ThrottlingException"), "1"),
        (RecordContended("the record of user user_1 is contended"), "1"),
    ],
    ids=str,
)
def test_what_passes_is_unavailable_with_a_time_to_come_back(
    api: Api, error: Exception, wait: str
) -> None:
    answer = failing(api, error).get("/dashboard/user_1")

    assert answer.status == 503
    assert answer.header("Retry-After") == wait
    assert (set(answer.body), answer.body["code"]) == ({"detail", "code"}, "unavailable")
    assert str(error) not in answer.text


@pytest.mark.parametrize(
    "error",
    [
        ValueError("arn:aws:secret"),
        ConfigurationError("secret scai/stripe can't be read"),
        StripeRejected("Stripe refused: 400 parameter_unknown (request req_1)"),
    ],
    ids=str,
)
def test_whatever_else_fails_is_our_fault_and_stays_inside(
    api: Api, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    answer = failing(api, error).get("/dashboard/user_1")

    assert (answer.status, answer.body) == (500, INTERNAL)
    (told,) = [line for line in caplog.records if line.levelname == "ERROR"]
    assert told.exc_info is not None
    assert told.exc_info[1] is error
    on_every_line = logger.get_current_keys()
    assert on_every_line["request_id"] == "request-1"
    assert on_every_line["user_id"] == "user_1"


def test_an_answer_of_stripes_that_we_cant_read_is_logged_without_its_values(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    customer = api.at_stripe("POST", "/v1/customers")
    add_user(stripe_customer_id=customer["id"])
    api.ports.engine.world.store.update(customer, currency=["s3cret"])
    body = {"priceId": api.price("standard_monthly"), "userId": "user_1"}

    answer = api.post("/create-checkout-session", body)

    assert (answer.status, answer.body) == (500, INTERNAL)
    assert "ContractViolation: StripeCustomer: currency" in caplog.text
    assert "s3cret" not in caplog.text


def test_the_lambda_outlives_two_calls_that_stripe_lets_hang() -> None:
    lifetime = template().of_type("AWS::Serverless::Function")["ApiFunction"]["Timeout"]
    pauses = NETWORK_RETRIES * stripe.HTTPClient.INITIAL_DELAY

    assert (1 + NETWORK_RETRIES) * sum(TIMEOUT_SECONDS) + pauses <= CALL_SECONDS
    assert lifetime > 2 * CALL_SECONDS


def test_no_call_begins_that_might_not_end_before_the_function_does(api: Api) -> None:
    add_user()
    ports = api.ports
    ports.stripe = StripeGateway(
        ports.secrets, "http://stripe", http=ports.wire, ends_at=lambda: ports.ends_at
    )
    api.seconds_left = CALL_SECONDS - 1

    answer = api.post("/create-checkout-session", {"priceId": "price_1", "userId": "user_1"})

    assert (answer.status, answer.header("Retry-After")) == (503, "1")
    assert ports.wire.requests == []


def test_a_declined_payment_carries_stripes_decline_code(api: Api) -> None:
    api.held_to_document = False  # nothing is declined at this route
    declined = PaymentDeclined("Your card has insufficient funds.", "insufficient_funds")

    answer = failing(api, declined).get("/dashboard/user_1")

    assert answer.status == 402
    assert answer.body == {
        "detail": "Your card has insufficient funds.",
        "code": "payment_declined",
        "decline_code": "insufficient_funds",
    }


def test_no_such_route_is_told_in_the_same_shape(api: Api) -> None:
    api.held_to_document = False  # it has routes alone

    answer = api.get("/nowhere")

    assert (answer.status, answer.body) == (404, {"detail": "Not found", "code": "not_found"})


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "null",
        "7",
        "[]",
        '"text"',
        "{}",
        '{"priceId": 5}',
        '{"priceId": "\\ud800"}',
        '{"quantity": NaN}',
        '{"quantity": ' + "9" * 5_000 + "}",
        '{"metadata": {"size": ' + "9" * 5_000 + "}}",
        "[" * 50_000,
    ],
    ids=lambda body: body[:30],
)
def test_a_malformed_body_is_told_where_it_is_wrong(api: Api, body: str) -> None:
    answer = api.post("/create-checkout-session", body)

    assert (answer.status, answer.body["code"]) == (422, "invalid_request")
    for problem in answer.body["detail"]:
        assert set(problem) == {"loc", "msg", "type"}
        assert problem["loc"][0] == "body"


@pytest.mark.parametrize(
    ("fields", "loc"),
    [
        ({"priceId": ""}, ["body", "priceId"]),
        ({"quantity": 0}, ["body", "quantity"]),
        ({"quantity": "1"}, ["body", "quantity"]),
        ({"quantity": True}, ["body", "quantity"]),
        ({"allowPromotionCodes": "yes"}, ["body", "allowPromotionCodes"]),
        ({"metadata": {"note": True}}, ["body", "metadata", "note"]),
        ({"trialDays": 731}, ["body", "trialDays"]),
        ({"metadata": {"a[b]": "x"}}, ["body", "metadata", "a[b]", "[key]"]),
        ({"metadata": {"note": "s3cret" * 100}}, ["body", "metadata", "note"]),
        ({"metadata": {str(n): "" for n in range(50)}}, ["body", "metadata"]),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_field_out_of_bounds_is_named_and_its_value_is_not(
    api: Api, log: io.StringIO, fields: dict[str, Any], loc: list[str]
) -> None:
    add_user()
    body = {"priceId": api.price("standard_monthly"), "userId": "user_1", **fields}

    answer = api.post("/create-checkout-session", body)

    assert answer.status == 422
    assert [problem["loc"] for problem in answer.body["detail"]] == [loc]
    assert "RequestValidationError" in log.getvalue()
    assert "s3cret" not in answer.text + log.getvalue()


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", '{"userId": "user_1", "priceId": "price_1"}'),
        ("application/x-www-form-urlencoded", "userId=user_1&priceId=price_1"),
        ("multipart/form-data", ""),
        ("multipart/form-data; boundary=x", "--x--"),
        ("application/jsonp", "{}"),
    ],
)
def test_a_body_that_is_not_declared_json_is_not_read(
    api: Api, content_type: str, body: str
) -> None:
    headers = {"Content-Type": content_type}

    answer = api.post("/create-checkout-session", body, headers=headers)

    fault = {"loc": ["body"], "msg": "Not application/json", "type": "unsupported_content_type"}
    assert (answer.status, answer.body) == (
        422,
        {"detail": [fault], "code": "invalid_request"},
    )


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "application/json"])
def test_json_may_name_its_charset(api: Api, content_type: str) -> None:
    headers = {"Content-Type": content_type}

    answer = api.post("/create-checkout-session", {}, headers=headers)

    assert [fault["type"] for fault in answer.body["detail"]] == ["missing", "missing"]


def test_a_binary_body_that_is_no_text_is_malformed_too(api: Api) -> None:
    answer = api.post("/create-checkout-session", b"\xff")

    assert answer.status == 422
    assert answer.body["detail"][0]["loc"] == ["body"]


def test_a_body_that_api_gateway_encoded_is_read(api: Api) -> None:
    add_user()
    body = json.dumps({"priceId": api.price("standard_monthly"), "userId": "user_1"})

    assert api.post("/create-checkout-session", body.encode()).status == 200
