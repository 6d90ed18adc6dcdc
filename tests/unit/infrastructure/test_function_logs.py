"""Every line of every function says whose it is, and nothing that nobody may read."""

import io
import json
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any

import boto3
import pytest

from billing.contracts.facts import told
from billing.observability import logger
from billing.runtime import Ports
from tests.support.aws import WEBHOOK_SECRET, a_lambda_context, add_user
from tests.support.builders import NOW
from tests.support.facts import facts_of
from tests.support.signing import delivery
from tests.support.stripe import event_json, subscription_json
from tests.support.template import Template

TEMPLATE = Template({"CreateUsersTable": "true", "MailFrom": "billing@example.test"})
FUNCTIONS = TEMPLATE.of_type("AWS::Serverless::Function")

EMAIL = "user_1@example.test"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.private"
EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:scai-billing-subscribe:1"
STRIPE_EVENT = event_json("customer.subscription.created", subscription_json())
FACT = facts_of("first subscription")[0].model_copy(update={"customer_id": "cus_1"})
RUN = {
    "outcome": "more",
    "id": "run_1",
    "scope": "customer",
    "customer_id": "cus_1",
    "user_id": "user_1",
    "started_at": NOW,
    "since": NOW,
    "cursor": {"phase": "customer"},
}

FIRST_STEP = {"event": STRIPE_EVENT, "source": "scai.stripe", "execution": EXECUTION}
LATER_STEP = FIRST_STEP | {
    "event_id": STRIPE_EVENT["id"],
    "user_id": "user_1",
    "customer_id": "cus_1",
}
STEP_OF_A_RUN = {
    "run": RUN,
    "request": {"scope": "customer", "customer_id": "cus_1"},
    "execution": EXECUTION,
}


def a_delivery() -> dict[str, Any]:
    return delivery(STRIPE_EVENT, at=int(time.time()))


def a_request() -> dict[str, Any]:
    """``GET /access/user_1`` as API Gateway hands it on, its token checked."""
    return {
        "version": "2.0",
        "routeKey": "GET /access/{userId}",
        "rawPath": "/access/user_1",
        "rawQueryString": "",
        "headers": {"authorization": f"Bearer {TOKEN}"},
        "requestContext": {
            "requestId": "http-1",
            "stage": "$default",
            "http": {"method": "GET", "path": "/access/user_1"},
            "authorizer": {"jwt": {"claims": {"scai_user_id": "user_1"}, "scopes": []}},
        },
    }


def a_sign_in() -> dict[str, Any]:
    return {
        "version": "2",
        "triggerSource": "TokenGeneration_Authentication",
        "request": {"userAttributes": {"email": EMAIL, "email_verified": "true"}},
        "response": {},
    }


def a_status_change() -> dict[str, Any]:
    detail = {
        "executionArn": EXECUTION,
        "status": "FAILED",
        "startDate": NOW * 1000,
        "stopDate": NOW * 1000,
        "input": json.dumps({"event": STRIPE_EVENT, "source": "scai.stripe"}),
        "inputDetails": {"included": True},
        "error": "StripeRejected",
        "cause": None,
        "redriveCount": 0,
    }
    return {"detail": detail}


def a_change_of_the_ledger() -> dict[str, Any]:
    image = Ports().ledger.adding(FACT)["Item"]
    return {
        "Records": [{"eventName": "INSERT", "dynamodb": {"SequenceNumber": "1", "NewImage": image}}]
    }


def a_message() -> dict[str, Any]:
    body = {"detail-type": FACT.type, "detail": told(FACT).model_dump(mode="json")}
    return {"Records": [{"messageId": "message-1", "body": json.dumps(body)}]}


#: What runs outside of machines: an input, and the ids that its lines name besides the request.
BESIDE: dict[str, tuple[Callable[[], dict[str, Any]], set[str]]] = {
    "WebhookFunction": (a_delivery, {"request_id", "event_id", "customer_id"}),
    "ApiFunction": (a_request, {"request_id", "user_id"}),
    "HandlersAddTokenClaimsFunction": (a_sign_in, {"user_id"}),
    "HandlersRecordFailureFunction": (a_status_change, {"execution", "event_id", "customer_id"}),
    "HandlersPublishFactsFunction": (
        a_change_of_the_ledger,
        {"event_id", "user_id", "customer_id"},
    ),
    "HandlersSendMailFunction": (a_message, {"event_id", "user_id", "customer_id"}),
}


def sample_of(function: str) -> tuple[dict[str, Any], set[str]]:
    """An input of a function, and the ids of which every line can tell."""
    if function in BESIDE:
        make, ids = BESIDE[function]
        return make(), ids
    if function.startswith("Reconcile"):
        return STEP_OF_A_RUN, {"execution", "customer_id"}
    if function in ("StepsClaimEventFunction", "StepsResolveUserFunction"):
        return FIRST_STEP, {"execution", "event_id", "customer_id"}
    return LATER_STEP, {"execution", "event_id", "user_id", "customer_id"}


@pytest.fixture
def lines(
    aws: None,
    log: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> list[dict[str, Any]]:
    """What a function logs of an invocation, however that ends: Stripe can't be reached, say."""
    function = request.param
    for name, value in TEMPLATE.environment(function).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-trace;Parent=2;Sampled=1")
    monkeypatch.setattr("stripe.HTTPClient._sleep_time_seconds", lambda *_: 0)
    boto3.client("events").create_event_bus(Name=TEMPLATE.environment()["EVENT_BUS"])
    add_user("user_1", stripe_customer_id="cus_1")
    module, _, name = FUNCTIONS[function]["Handler"].rpartition(".")
    handler = getattr(import_module(module), name)
    event, _ = sample_of(function)
    logger.clear_state()  # no other invocation's ids
    with suppress(Exception):
        handler(event, a_lambda_context())
    return [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("lines", "function"), [(name, name) for name in FUNCTIONS], indirect=["lines"]
)
def test_every_line_says_whose_it_is(lines: list[dict[str, Any]], function: str) -> None:
    _, ids = sample_of(function)

    assert lines
    for line in lines:
        named = {name for name, value in line.items() if value}
        assert {"function_request_id", "xray_trace_id", *ids} <= named, line


@pytest.mark.parametrize("lines", FUNCTIONS, indirect=True)
def test_no_line_holds_what_nobody_may_read(lines: list[dict[str, Any]]) -> None:
    text = json.dumps(lines)

    assert not [private for private in (EMAIL, TOKEN, WEBHOOK_SECRET, "sk_test") if private in text]
