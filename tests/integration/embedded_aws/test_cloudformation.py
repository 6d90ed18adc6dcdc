"""A template's settings take effect, and what the local stack leaves out deploys all the same."""

import json

from local.embedded_aws.inert import INERT
from tests.integration.embedded_aws.account import RUNTIME, Account, Json, unique

ROLE: Json = {
    "Type": "AWS::IAM::Role",
    "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
}


def table(**properties: object) -> Json:
    return {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
            **properties,
        },
    }


def test_a_tables_expiry_and_recovery_are_set(account: Account) -> None:
    stack = account.deploy(
        {
            "Table": table(
                TimeToLiveSpecification={"AttributeName": "expires", "Enabled": True},
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
            ),
            "Plain": table(),
        }
    )
    dynamodb = account.client("dynamodb")

    def settings(logical_id: str) -> tuple[str, str]:
        name = stack[logical_id]
        expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        backups = dynamodb.describe_continuous_backups(TableName=name)
        recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        return expiry["TimeToLiveStatus"], recovery["PointInTimeRecoveryStatus"]

    assert settings("Table") == ("ENABLED", "ENABLED")
    assert settings("Plain") == ("DISABLED", "DISABLED")


def test_a_functions_concurrency_and_dead_letter_queue_are_set(account: Account) -> None:
    queue_url, queue_arn = account.queue()
    properties = {
        "Runtime": RUNTIME,
        "Handler": "index.handler",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": {"ZipFile": "def handler(event, context): raise RuntimeError('no')"},
        "ReservedConcurrentExecutions": 2,
        "DeadLetterConfig": {"TargetArn": queue_arn},
    }
    stack = account.deploy(
        {"Role": ROLE, "Function": {"Type": "AWS::Lambda::Function", "Properties": properties}}
    )
    lambdas, name = account.client("lambda"), stack["Function"]
    assert lambdas.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 2
    lambdas.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    lambdas.invoke(FunctionName=name, InvocationType="Event", Payload='{"id": 1}')
    assert json.loads(account.message(queue_url)["Body"])["requestPayload"] == {"id": 1}


def test_every_inert_type_deploys_updates_and_goes(account: Account) -> None:
    resources: Json = {
        f"Inert{number}": {"Type": resource_type, "Properties": {"Description": "first"}}
        for number, resource_type in enumerate(INERT)
    }
    name = unique("inert")
    stack = account.deploy(resources, name=name)
    assert len(set(stack.values())) == len(INERT)
    for resource in resources.values():
        resource["Properties"]["Description"] = "second"
    assert account.deploy(resources, name=name, update=True) == stack
    account.client("cloudformation").delete_stack(StackName=name)
