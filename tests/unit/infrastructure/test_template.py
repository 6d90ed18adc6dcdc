"""What AWS would not tell us before an event is lost."""

import json
from typing import Any

import pytest

from tests.support.definitions import event_machines, machine_names, pascal
from tests.support.template import Template

PARAMETERS = {
    "CreateUsersTable": "true",
    "MailFrom": "billing@example.test",
    "StripeEventSource": "aws.partner/stripe.com/ed_1",
}
TEMPLATE = Template(PARAMETERS)
RULES = TEMPLATE.of_type("AWS::Events::Rule")
FUNCTIONS = TEMPLATE.of_type("AWS::Serverless::Function")
TABLES = TEMPLATE.of_type("AWS::DynamoDB::Table")
USERS_TABLE = TABLES["UsersTable"]["TableName"]
each_rule = pytest.mark.parametrize("rule", RULES)

IF_EXISTS = "StringEqualsIfExists"

#: Members that Stripe sends with every event; ``data`` is passed whole.
ALWAYS_THERE = {
    "$.detail.id",
    "$.detail.type",
    "$.detail.created",
    "$.detail.api_version",
    "$.detail.data",
    "$.source",
}


@each_rule
def test_every_rule_target_retries_and_has_a_dead_letter_queue(rule: str) -> None:
    for target in RULES[rule]["Targets"]:
        assert target["DeadLetterConfig"] == {"Arn": "EventsDeadLetterQueue.Arn"}
        assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0


@each_rule
def test_the_dead_letter_queue_lets_every_rule_write(rule: str) -> None:
    policy = TEMPLATE.resources["EventsDeadLetterQueuePolicy"]["Properties"]
    (statement,) = policy["PolicyDocument"]["Statement"]

    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Resource"] == "EventsDeadLetterQueue.Arn"
    assert f"{RULES[rule]['Name']}.Arn" in statement["Condition"]["ArnEquals"]["aws:SourceArn"]


@pytest.mark.parametrize("machine", event_machines())
def test_a_machines_input_names_only_members_that_every_event_has(machine: str) -> None:
    (target,) = RULES[f"{pascal(machine)}Rule"]["Targets"]
    transformer = target["InputTransformer"]

    assert set(transformer["InputPathsMap"].values()) == ALWAYS_THERE
    for name in transformer["InputPathsMap"]:
        assert f"<{name}>" in transformer["InputTemplate"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_is_published_behind_its_alias_from_the_one_code_folder(
    function: str,
) -> None:
    shared = TEMPLATE.function_defaults

    assert shared["AutoPublishAlias"] == "live"
    assert shared["CodeUri"] == "functions/"
    assert {"CodeUri", "AutoPublishAlias", "Runtime", "Layers"}.isdisjoint(FUNCTIONS[function])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_changed_parameter_or_layer_publishes_every_function_anew(function: str) -> None:
    """By itself the alias moves only when the code does, and would serve old settings."""
    deployed = Template({**PARAMETERS, "Revision": "2"}).resources[function]

    assert deployed["Properties"]["AutoPublishCodeSha256"] == "2"


def test_another_stack_whose_name_begins_alike_is_none_of_ours() -> None:
    arns = [
        arn
        for function in FUNCTIONS
        for statement in TEMPLATE.statements(function)
        if statement["Action"] == "states:DescribeExecution"
        for arn in statement["Resource"]
    ]
    rule = RULES["RecordFailureRule"]["EventPattern"]["detail"]["stateMachineArn"]

    machines = {f"scai-billing-{machine}" for machine in machine_names()}
    assert {arn.split(":")[-2] for arn in arns} == machines
    assert set(rule) == machines


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_may_do_more_than_named_actions_on_named_resources(function: str) -> None:
    for statement in TEMPLATE.statements(function):
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            assert "*" not in action
        assert statement["Resource"] != "*"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_users_table_can_be_written_in_one_attribute_alone(function: str) -> None:
    for statement in TEMPLATE.statements(function):
        if USERS_TABLE in json.dumps(statement["Resource"]):
            condition = statement["Condition"]
            attributes = condition["ForAllValues:StringEquals"]["dynamodb:Attributes"]
            if statement["Action"] == "dynamodb:UpdateItem":
                assert attributes == ["email", "stripe_customer_id"]
                assert condition[IF_EXISTS] == {"dynamodb:ReturnValues": "NONE"}
            else:
                assert statement["Action"] in ("dynamodb:Query", "dynamodb:GetItem")
                operator = "StringEquals" if statement["Action"] == "dynamodb:Query" else IF_EXISTS
                assert condition[operator] == {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}


@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_backed_up_encrypted_and_kept(table: str) -> None:
    resource = TEMPLATE.resources[table]

    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"
    assert resource["Properties"]["DeletionProtectionEnabled"] is True
    assert resource["Properties"]["SSESpecification"]["SSEEnabled"] is True
    assert resource["Properties"]["PointInTimeRecoverySpecification"] == {
        "PointInTimeRecoveryEnabled": True
    }


@pytest.mark.parametrize("group", TEMPLATE.of_type("AWS::Logs::LogGroup").values())
def test_no_log_is_kept_for_ever(group: dict[str, Any]) -> None:
    assert group["RetentionInDays"] == 90
