"""Dead letters are read from what EventBridge, Lambda and the mailer leave in the queues."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ops.dead_letters import DeadLetter, read
from tests.support.stripe import event_json, subscription_json

Json = dict[str, Any]
PARTNER = "aws.partner/stripe.com/ed_1"
STATES = "arn:aws:states:us-east-1:123456789012:stateMachine:scai-billing-subscribe"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:record-failure:live"
STRIPE_EVENT = event_json("customer.subscription.updated", subscription_json())
FAILED = {
    "version": "0",
    "source": "aws.states",
    "detail-type": "Step Functions Execution Status Change",
    "detail": {
        "executionArn": "arn:aws:states:us-east-1:1:execution:scai-billing-renew:1",
        "status": "FAILED",
        "input": json.dumps({"event": STRIPE_EVENT, "source": "scai.stripe"}),
        "error": "StoreUnavailable",
        "stopDate": 1,
    },
}


def enveloped(detail: Json, source: str = "scai.stripe", type_: str | None = None) -> Json:
    return {"source": source, "detail-type": type_ or detail["type"], "detail": detail}


def letter(queue: str, body: Json | str, **attributes: str) -> DeadLetter:
    """Read a message as SQS gives it."""
    return read(
        queue,
        {
            "MessageId": "message_1",
            "Body": body if isinstance(body, str) else json.dumps(body),
            "Attributes": {"SentTimestamp": "1780000000123"},
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
            },
        },
    )


@pytest.mark.parametrize("source", ["scai.stripe", PARTNER])
def test_an_event_that_a_rules_target_did_not_take_says_what_and_why(source: str) -> None:
    read_letter = letter(
        "events",
        enveloped(STRIPE_EVENT, source),
        RULE_ARN="arn:aws:events:us-east-1:123456789012:rule/scai-billing/scai-billing-subscribe",
        TARGET_ARN=STATES,
        ERROR_CODE="INVALID_PARAMETER",
        ERROR_MESSAGE="States.DataLimitExceeded: too large",
        EXHAUSTED_RETRY_CONDITION="MaximumRetryAttempts",
        RETRY_ATTEMPTS="185",
    )

    assert read_letter.model_dump(exclude={"body"}) == {
        "id": "message_1",
        "queue": "events",
        "sent_at": datetime(2026, 5, 28, 20, 26, 40, 123000, UTC),
        "what": "customer.subscription.updated",
        "remedy": "put_on_bus",
        "event_id": "evt_1",
        "customer_id": "cus_1",
        "user_id": None,
        "target": "scai-billing-subscribe",
        "error": "INVALID_PARAMETER",
        "message": "States.DataLimitExceeded: too large",
        "condition": "MaximumRetryAttempts",
        "tries": 185,
    }


def test_an_event_that_is_cut_off_is_still_named_by_its_id() -> None:
    cut = json.dumps(enveloped(STRIPE_EVENT))[:200]
    assert "evt_1" in cut

    read_letter = letter("events", cut, TARGET_ARN=STATES)

    assert (read_letter.what, read_letter.event_id) == ("unreadable", "evt_1")
    assert read_letter.remedy == "put_on_bus"


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "[" * 100_000, '{"detail": 7}', '{"source": 7, "detail-type": {}}'],
    ids=["nothing", "a part", "a list", "a deep list", "no object", "no texts"],
)
@pytest.mark.parametrize("queue", ["events", "failures"])
def test_what_nobody_can_read_is_shown_and_has_no_remedy(queue: str, body: str) -> None:
    read_letter = letter(queue, body)

    assert (read_letter.what, read_letter.remedy) == ("unreadable", "none")
    assert read_letter.body == body


def test_a_count_of_tries_that_is_no_number_is_left_out() -> None:
    assert letter("events", enveloped(STRIPE_EVENT), RETRY_ATTEMPTS="²").tries is None


@pytest.mark.parametrize(
    "record", ['{"requestPayload": "of evt_1"}', {"requestPayload": enveloped(STRIPE_EVENT)}]
)
def test_a_failure_that_was_not_noted_is_left_alone_where_the_function_cannot_help(
    record: Json | str,
) -> None:
    assert letter("failures", record).remedy == "none"


def test_a_schedule_that_started_nothing_is_started_again() -> None:
    tick = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}

    assert letter("events", tick).remedy == "start_reconcile"


@pytest.mark.parametrize(
    ("queue", "body"), [("events", FAILED), ("failures", {"requestPayload": FAILED})]
)
def test_a_failure_that_was_not_noted_names_the_event_of_its_execution(
    queue: str, body: Json
) -> None:
    read_letter = letter(queue, body)

    assert (read_letter.remedy, read_letter.event_id) == ("note_failure", "evt_1")


def test_what_lambda_gave_up_says_how_often_it_tried_and_what_the_function_said() -> None:
    record = {
        "requestContext": {
            "functionArn": FUNCTION,
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": FAILED,
        "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
        "responsePayload": {"errorType": "StoreUnavailable", "errorMessage": "no answer"},
    }

    read_letter = letter("failures", record)

    assert (read_letter.error, read_letter.message) == ("StoreUnavailable", "no answer")
    assert (read_letter.condition, read_letter.tries) == ("RetriesExhausted", 3)
    assert read_letter.target == "record-failure"


def test_a_stretch_of_the_ledgers_stream_that_was_given_up_has_its_facts_published() -> None:
    record = {
        "requestContext": {"functionArn": FUNCTION, "condition": "RetryAttemptsExhausted"},
        "DDBStreamBatchInfo": {"batchSize": 3},
    }

    read_letter = letter("facts", record)

    assert (read_letter.what, read_letter.remedy) == ("3 changes of the ledger", "publish_facts")
    assert read_letter.condition == "RetryAttemptsExhausted"


@pytest.mark.parametrize("queue", ["events", "mails"])
def test_a_fact_that_mails_nobody_is_the_mailers_again(queue: str) -> None:
    detail = {"user_id": "user_1", "customer_id": "cus_1", "cause": "evt_9"}

    read_letter = letter(queue, enveloped(detail, "scai.billing", "PaymentFailed"))

    assert (read_letter.what, read_letter.remedy) == ("PaymentFailed", "queue_mail")
    assert (read_letter.user_id, read_letter.event_id) == ("user_1", "evt_9")


def test_a_fact_that_an_operation_caused_is_of_no_event() -> None:
    detail = {"user_id": "user_1", "cause": "operation:user_1:7"}

    assert letter("mails", enveloped(detail, "scai.billing", "PaymentFailed")).event_id is None
