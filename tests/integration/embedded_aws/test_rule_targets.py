"""An event that a rule matches reaches the target, or the dead-letter queue with the reason."""

import json

import pytest

from tests.integration.embedded_aws.account import (
    ACCOUNT_ID,
    CALL,
    REGION,
    Account,
    Json,
)
from tests.support.waiting import eventually

ANY = {"source": ["tests"]}
DONE = {"Done": {"Type": "Succeed"}}
NO_MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT_ID}:stateMachine:none"
NO_FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:none"
NO_QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:none"
NO_BUS = f"arn:aws:events:{REGION}:{ACCOUNT_ID}:event-bus/none"


def test_a_state_machine_is_started_with_the_event(account: Account) -> None:
    machine, bus = account.machine(DONE), account.bus()
    account.rule(bus, ANY, {"Arn": machine, "RoleArn": account.role(CALL)})
    account.put_event(bus, {"id": "evt_1"})
    (execution,) = eventually(lambda: account.executions(machine))
    event = json.loads(account.ended(execution["executionArn"])["input"])
    assert (event["source"], event["detail"]) == ("tests", {"id": "evt_1"})


@pytest.mark.parametrize("target", [NO_MACHINE, NO_FUNCTION, NO_QUEUE, NO_BUS])
def test_an_event_for_a_target_that_does_not_exist_is_not_lost(
    account: Account, target: str
) -> None:
    bus, (queue_url, queue_arn) = account.bus(), account.queue()
    rule = account.rule(
        bus,
        ANY,
        {"Arn": target, "RoleArn": account.role(CALL), "DeadLetterConfig": {"Arn": queue_arn}},
    )
    account.put_event(bus, {"id": "evt_1"})
    message = account.message(queue_url)
    assert json.loads(message["Body"])["detail"] == {"id": "evt_1"}
    attributes = {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}
    assert attributes.pop("ERROR_MESSAGE")
    assert attributes == {
        "RULE_ARN": rule,
        "TARGET_ARN": target,
        "ERROR_CODE": "NO_RESOURCE",
        "RETRY_ATTEMPTS": "0",
    }


def test_an_event_too_large_for_an_execution_lands_in_the_dead_letter_queue(
    account: Account,
) -> None:
    machine, bus, (queue_url, queue_arn) = account.machine(DONE), account.bus(), account.queue()
    account.rule(
        bus,
        ANY,
        {"Arn": machine, "RoleArn": account.role(CALL), "DeadLetterConfig": {"Arn": queue_arn}},
    )
    account.put_event(bus, {"id": "evt_1", "text": "x" * 300_000})
    message = account.message(queue_url)
    assert json.loads(message["Body"])["detail"]["id"] == "evt_1"
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "INVALID_PARAMETER"
    assert "InvalidExecutionInput" in message["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]
    assert account.executions(machine) == []


def test_a_rule_forwards_to_another_bus_and_keeps_the_source(account: Account) -> None:
    first, second, (queue_url, queue_arn) = account.bus(), account.bus(), account.queue()
    target = f"arn:aws:events:{REGION}:{ACCOUNT_ID}:event-bus/{second}"
    account.rule(first, ANY, {"Arn": target, "RoleArn": account.role(CALL)})
    account.rule(second, {"source": ["tests"], "detail-type": ["a.b"]}, {"Arn": queue_arn})
    account.put_event(first, {"id": "evt_1"}, DetailType="a.b")
    event = json.loads(account.message(queue_url)["Body"])
    assert (event["source"], event["detail"]) == ("tests", {"id": "evt_1"})


def test_a_transformer_keeps_each_json_type(account: Account) -> None:
    bus, (queue_url, queue_arn) = account.bus(), account.queue()
    detail = {
        "id": "evt_1",
        "created": 1700000000,
        "api_version": None,
        "data": {"object": {"name": 'a "quoted" name', "on": True, "list": [1, "2", None]}},
    }
    paths = {
        "id": "$.detail.id",
        "type": "$.detail-type",
        "created": "$.detail.created",
        "version": "$.detail.api_version",
        "data": "$.detail.data",
    }
    template = '{"event":{"id":<id>,"type":<type>,"created":<created>,"v":<version>,"data":<data>}}'
    transformer = {"InputPathsMap": paths, "InputTemplate": template}
    account.rule(bus, ANY, {"Arn": queue_arn, "InputTransformer": transformer})
    account.put_event(bus, detail, DetailType="invoice.paid")
    assert json.loads(account.message(queue_url)["Body"]) == {
        "event": {
            "id": "evt_1",
            "type": "invoice.paid",
            "created": 1700000000,
            "v": None,
            "data": detail["data"],
        }
    }


CANCELLATION = {
    "detail": {
        "data": {
            "previous_attributes": {
                "$or": [
                    {"cancel_at_period_end": [{"exists": True}]},
                    {"cancel_at": [{"exists": True}]},
                ]
            }
        }
    }
}


def previously(**attributes: object) -> Json:
    return {"data": {"previous_attributes": attributes}}


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        (CANCELLATION, previously(cancel_at=None), previously(items=1)),
        (CANCELLATION, previously(cancel_at_period_end=False), {"data": {}}),
        (
            {"detail": {"data": {"mode": [{"anything-but": ["payment"]}]}}},
            {"data": {"mode": "subscription"}},
            {"data": {"mode": "payment"}},
        ),
        (
            {"detail": {"data": {"id": [{"prefix": "in_"}]}}},
            {"data": {"id": "in_1"}},
            {"data": {"id": "ch_1"}},
        ),
        (
            {"detail": {"data": {"previous_attributes": {"plan": [{"exists": False}]}}}},
            {"data": {}},
            previously(plan="x"),
        ),
    ],
)
def test_a_content_filter_matches_nested_keys_as_aws_does(
    account: Account, pattern: Json, matching: Json, other: Json
) -> None:
    bus, (queue_url, queue_arn) = account.bus(), account.queue()
    account.rule(bus, pattern, {"Arn": queue_arn})
    account.put_event(bus, other)
    account.put_event(bus, matching)
    assert json.loads(account.message(queue_url)["Body"])["detail"] == matching


def test_a_throttled_function_still_gets_its_event(account: Account) -> None:
    bus, (queue_url, queue_arn) = account.bus(), account.queue()
    function = account.function(
        f"""
import boto3
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl={queue_url!r}, MessageBody=event["detail"]["id"])
""",
        Role=account.role({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue_arn}),
    )
    lambdas = account.client("lambda")
    lambdas.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    account.let_events_invoke(function)
    account.rule(bus, ANY, {"Arn": function})
    account.put_event(bus, {"id": "evt_1"})
    lambdas.delete_function_concurrency(FunctionName=function)
    assert account.message(queue_url)["Body"] == "evt_1"


def test_an_alias_uses_its_own_retries_and_destination(account: Account) -> None:
    bus, (queue_url, queue_arn) = account.bus(), account.queue()
    lambdas = account.client("lambda")
    function = account.function("def handler(event, context): raise RuntimeError('no')")
    version = lambdas.publish_version(FunctionName=function)["Version"]
    alias = lambdas.create_alias(FunctionName=function, Name="live", FunctionVersion=version)
    lambdas.put_function_event_invoke_config(
        FunctionName=function,
        Qualifier="live",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": queue_arn}},
    )
    account.let_events_invoke(alias["AliasArn"])
    account.rule(bus, ANY, {"Arn": alias["AliasArn"]})
    account.put_event(bus, {"id": "evt_1"})
    record = json.loads(account.message(queue_url)["Body"])
    assert record["requestPayload"]["detail"] == {"id": "evt_1"}
    assert record["responsePayload"]["errorType"] == "RuntimeError"
