"""An AWS account as these tests use it: boto3 clients, and short ways to set things up."""

import io
import json
import sys
import uuid
import zipfile
from collections.abc import Callable
from functools import cache
from typing import Any

import boto3
import httpx
from botocore.config import Config

from tests.support.waiting import eventually

REGION = "us-east-1"
ACCOUNT_ID = "000000000000"
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"

Json = dict[str, Any]

# What a service needs for the targets that these tests give it.
CALL = {
    "Effect": "Allow",
    "Action": ["states:StartExecution", "events:PutEvents", "lambda:InvokeFunction"],
    "Resource": "*",
}


def unique(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def zipped(source: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("index.py", source)
    return archive.getvalue()


def client(endpoint: str, service: str, key: str = "test", secret: str = "test") -> Any:
    session: Any = boto3.Session(key, secret, region_name=REGION)
    return session.client(
        service, endpoint_url=endpoint, config=Config(retries={"total_max_attempts": 1})
    )


class Account:
    """The account's root."""

    def __init__(self, endpoint: str):
        self.endpoint = endpoint
        self.http = httpx.Client(timeout=60)
        self.client = cache(self._client)

    def _client(self, service: str) -> Any:
        return client(self.endpoint, service)

    def user(self, *statements: Json) -> Callable[[str], Any]:
        """Create a user who may do what the statements say; give a way to its clients."""
        name = unique("user")
        iam = self.client("iam")
        iam.create_user(UserName=name)
        policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return lambda service: client(
            self.endpoint, service, key["AccessKeyId"], key["SecretAccessKey"]
        )

    def close(self) -> None:
        self.http.close()

    def role(self, *statements: Json) -> str:
        name = unique("role")
        iam = self.client("iam")
        trust = {"Version": "2012-10-17", "Statement": []}
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))[
            "Role"
        ]["Arn"]
        if statements:
            policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy)
        return arn

    def function(self, source: str, **settings: Any) -> str:
        """Create a Lambda from the source of its module, which defines `handler`."""
        created = self.client("lambda").create_function(
            **{
                "FunctionName": unique("function"),
                "Runtime": RUNTIME,
                "Role": settings.pop("Role", None) or self.role(),
                "Handler": "index.handler",
                "Timeout": 10,
                "Code": {"ZipFile": zipped(source)},
                **settings,
            }
        )
        arn: str = created["FunctionArn"]
        return arn

    def replace_code(self, function_arn: str, source: str) -> None:
        self.client("lambda").update_function_code(
            FunctionName=function_arn, ZipFile=zipped(source)
        )

    def invoke(self, function_arn: str, payload: Json | None = None) -> Json:
        answer = self.client("lambda").invoke(
            FunctionName=function_arn, Payload=json.dumps(payload or {})
        )
        result: Json = json.loads(answer["Payload"].read())
        return result

    def machine(self, states: Json, role: str | None = None) -> str:
        definition = {"StartAt": next(iter(states)), "States": states}
        arn: str = self.client("stepfunctions").create_state_machine(
            name=unique("machine"),
            roleArn=role or self.role(CALL),
            definition=json.dumps(definition),
        )["stateMachineArn"]
        return arn

    def start(self, machine_arn: str, payload: Json | None = None) -> str:
        arn: str = self.client("stepfunctions").start_execution(
            stateMachineArn=machine_arn, input=json.dumps(payload or {})
        )["executionArn"]
        return arn

    def run(self, machine_arn: str, payload: Json | None = None) -> Json:
        """Start an execution and give its description when it has ended."""
        return self.ended(self.start(machine_arn, payload))

    def ended(self, execution_arn: str) -> Json:
        def description() -> Json | None:
            execution: Json = self.client("stepfunctions").describe_execution(
                executionArn=execution_arn
            )
            return execution if execution["status"] != "RUNNING" else None

        return eventually(description)

    def executions(self, machine_arn: str) -> list[Json]:
        found: list[Json] = self.client("stepfunctions").list_executions(
            stateMachineArn=machine_arn
        )["executions"]
        return found

    def queue(self) -> tuple[str, str]:
        """Create a queue that AWS's services may send to; give its URL and ARN."""
        name = unique("queue")
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{name}"
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "events.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": arn,
                }
            ],
        }
        url: str = self.client("sqs").create_queue(
            QueueName=name, Attributes={"Policy": json.dumps(policy)}
        )["QueueUrl"]
        return url, arn

    def message(self, queue_url: str, timeout: float = 60) -> Json:
        """Wait for a message and take it off the queue."""

        def received() -> Json | None:
            messages = self.client("sqs").receive_message(
                QueueUrl=queue_url, MessageAttributeNames=["All"]
            )
            return next(iter(messages.get("Messages", [])), None)

        message = eventually(received, timeout=timeout)
        self.client("sqs").delete_message(
            QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"]
        )
        return message

    def bus(self) -> str:
        name = unique("bus")
        self.client("events").create_event_bus(Name=name)
        return name

    def let_events_invoke(self, function_arn: str) -> None:
        self.client("lambda").add_permission(
            FunctionName=function_arn,
            StatementId=unique("events"),
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
        )

    def rule(self, bus: str, pattern: Json, target: Json) -> str:
        """Make a rule with one target; give the rule's ARN."""
        events = self.client("events")
        name = unique("rule")
        arn: str = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))[
            "RuleArn"
        ]
        events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "target", **target}])
        return arn

    def put_event(self, bus: str, detail: Json | None = None, **entry: Any) -> Json:
        """Put one event and give its result."""
        answer = self.client("events").put_events(
            Entries=[
                {
                    "EventBusName": bus,
                    "Source": "tests",
                    "DetailType": "Something Happened",
                    "Detail": json.dumps(detail or {}),
                    **entry,
                }
            ]
        )
        result: Json = answer["Entries"][0]
        return result

    def deploy(
        self, resources: Json, *, name: str | None = None, update: bool = False, **template: Any
    ) -> dict[str, str]:
        """Deploy a stack of these resources; give each one's physical id by its logical id."""
        formation = self.client("cloudformation")
        name = name or unique("stack")
        (formation.update_stack if update else formation.create_stack)(
            StackName=name,
            TemplateBody=json.dumps({**template, "Resources": resources}),
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )

        def finished() -> Json | None:
            stack: Json = formation.describe_stacks(StackName=name)["Stacks"][0]
            return None if stack["StackStatus"].endswith("_IN_PROGRESS") else stack

        status = eventually(finished)["StackStatus"]
        events = formation.describe_stack_events(StackName=name)["StackEvents"]
        reasons = [event.get("ResourceStatusReason") for event in events]
        assert status == ("UPDATE_COMPLETE" if update else "CREATE_COMPLETE"), reasons
        found = formation.describe_stack_resources(StackName=name)["StackResources"]
        return {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in found}
