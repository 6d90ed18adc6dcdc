"""A service may do what it was permitted to, and nothing else."""

from collections.abc import Callable

import pytest

from tests.integration.embedded_aws.account import CALL, Account, Json, unique

ANY = {"source": ["tests"]}
DONE = {"Done": {"Type": "Succeed"}}
NOTHING = "def handler(event, context): return {}"


def a_machine(account: Account) -> Json:
    return {"Arn": account.machine(DONE), "RoleArn": account.role()}


def a_function(account: Account) -> Json:
    return {"Arn": account.function(NOTHING)}


def a_queue(account: Account) -> Json:
    sqs = account.client("sqs")
    url = sqs.create_queue(QueueName=unique("queue"))["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return {"Arn": attributes["QueueArn"]}


@pytest.mark.parametrize("target", [a_machine, a_function, a_queue])
def test_an_event_that_may_not_be_delivered_goes_to_the_dead_letter_queue(
    account: Account, target: Callable[[Account], Json]
) -> None:
    bus, (queue_url, queue_arn) = account.bus(), account.queue()
    account.rule(bus, ANY, target(account) | {"DeadLetterConfig": {"Arn": queue_arn}})
    account.put_event(bus)
    attributes = account.message(queue_url)["MessageAttributes"]
    assert attributes["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    assert attributes["RETRY_ATTEMPTS"]["StringValue"] == "0"


def test_a_permission_for_one_rule_is_none_for_another(account: Account) -> None:
    bus, (queue_url, queue_arn) = account.bus(), account.queue()
    function = account.function(NOTHING)
    rule = account.rule(bus, ANY, {"Arn": function, "DeadLetterConfig": {"Arn": queue_arn}})
    account.client("lambda").add_permission(
        FunctionName=function,
        StatementId="another",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=f"{rule}-another",
    )
    account.put_event(bus)
    attributes = account.message(queue_url)["MessageAttributes"]
    assert attributes["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"


def test_a_dead_letter_queue_without_a_policy_receives_nothing(account: Account) -> None:
    bus, closed, (queue_url, queue_arn) = account.bus(), a_queue(account), account.queue()
    for dead_letter_arn in (closed["Arn"], queue_arn):
        target = a_function(account) | {"DeadLetterConfig": {"Arn": dead_letter_arn}}
        account.rule(bus, ANY, target)
    account.put_event(bus)
    account.message(queue_url)
    name = closed["Arn"].rsplit(":", 1)[1]
    sqs = account.client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_a_machine_calls_only_what_its_role_may(account: Account) -> None:
    mine, other = account.function(NOTHING), account.function(NOTHING)
    role = account.role(CALL | {"Resource": [mine, f"{mine}:*"]})

    def run(function: str) -> Json:
        task = {"Type": "Task", "Resource": function, "TimeoutSeconds": 30, "End": True}
        return account.run(account.machine({"Try": task}, role))

    assert run(mine)["status"] == "SUCCEEDED"
    refused = run(other)
    assert refused["error"] == "Lambda.AWSLambdaException"
    assert "not authorized to perform: lambda:InvokeFunction" in refused["cause"]
