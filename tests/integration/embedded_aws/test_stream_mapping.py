"""A DynamoDB stream's records reach a Lambda, and a failed one is neither lost nor in the way."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.integration.embedded_aws.account import RUNTIME, Account, Json

# Reports what it saw to a queue; fails as the item says, until it was told `after` times.
SOURCE = """
import boto3, json
seen = {}
sqs = boto3.client("sqs")

def handler(event, context):
    records = [record["dynamodb"] for record in event["Records"]]
    items = [{k: list(v.values())[0] for k, v in r["NewImage"].items()} for r in records]
    sqs.send_message(QueueUrl=QUEUE, MessageBody=json.dumps([item["id"] for item in items]))
    failed = []
    for record, item in zip(records, items):
        seen[item["id"]] = seen.get(item["id"], 0) + 1
        if seen[item["id"]] <= int(item.get("fails", 0)):
            if "loudly" in item:
                raise RuntimeError("poison")
            failed.append({"itemIdentifier": record["SequenceNumber"]})
    return {"batchItemFailures": failed}
"""


@dataclass
class Stream:
    account: Account
    table: str
    seen_url: str
    failures_url: str
    mapping: str

    def put_together(self, *items: Json) -> None:
        """Put items so that the mapping finds all of them at once."""
        lambdas = self.account.client("lambda")
        lambdas.update_event_source_mapping(UUID=self.mapping, Enabled=False)
        for item in items:
            self.account.client("dynamodb").put_item(
                TableName=self.table, Item={k: {"S": str(v)} for k, v in item.items()}
            )
        lambdas.update_event_source_mapping(UUID=self.mapping, Enabled=True)

    def invocations(self, count: int) -> list[list[str]]:
        """Wait for so many invocations, and give the ids that each was called with."""
        return [json.loads(self.account.message(self.seen_url)["Body"]) for _ in range(count)]

    def quiet(self) -> bool:
        """Tell whether no invocation is waiting to be looked at."""
        answer = self.account.client("sqs").receive_message(QueueUrl=self.seen_url)
        return "Messages" not in answer


Deploy = Callable[..., Stream]


@pytest.fixture
def stream(account: Account) -> Deploy:
    def deploy(**mapping: object) -> Stream:
        (seen_url, seen_arn), (failures_url, failures_arn) = account.queue(), account.queue()
        role = account.role({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": seen_arn})
        stack = account.deploy(
            {
                "Table": {
                    "Type": "AWS::DynamoDB::Table",
                    "Properties": {
                        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                        "BillingMode": "PAY_PER_REQUEST",
                        "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
                    },
                },
                "Function": {
                    "Type": "AWS::Lambda::Function",
                    "Properties": {
                        "Runtime": RUNTIME,
                        "Handler": "index.handler",
                        "Role": role,
                        "Timeout": 60,
                        "Code": {"ZipFile": f"QUEUE = {seen_url!r}\n{SOURCE}"},
                    },
                },
                "Mapping": {
                    "Type": "AWS::Lambda::EventSourceMapping",
                    "Properties": {
                        "FunctionName": {"Ref": "Function"},
                        "EventSourceArn": {"Fn::GetAtt": ["Table", "StreamArn"]},
                        "StartingPosition": "LATEST",
                        "DestinationConfig": {"OnFailure": {"Destination": failures_arn}},
                        **mapping,
                    },
                },
            }
        )
        return Stream(account, stack["Table"], seen_url, failures_url, stack["Mapping"])

    return deploy


REPORT = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}


def test_a_batch_is_retried_from_the_failed_record(stream: Deploy) -> None:
    orders = stream(**REPORT)
    orders.put_together({"id": "a"}, {"id": "b", "fails": 1}, {"id": "c"})
    assert orders.invocations(2) == [["a", "b", "c"], ["b", "c"]]
    assert orders.quiet()


def test_a_batch_that_raises_is_retried_as_a_whole(stream: Deploy) -> None:
    orders = stream(**REPORT)
    orders.put_together({"id": "a"}, {"id": "b", "fails": 2, "loudly": 1})
    assert orders.invocations(3) == [["a", "b"]] * 3


def test_a_record_that_keeps_failing_goes_to_the_on_failure_queue(stream: Deploy) -> None:
    orders = stream(**REPORT, MaximumRetryAttempts=1)
    orders.put_together({"id": "a"}, {"id": "b", "fails": 99})
    assert orders.invocations(2) == [["a", "b"], ["b"]]
    record = json.loads(orders.account.message(orders.failures_url)["Body"])
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["DDBStreamBatchInfo"]["batchSize"] == 1
    orders.put_together({"id": "c"})
    assert orders.invocations(1) == [["c"]]


def test_a_failing_batch_is_split_until_the_poison_is_alone(stream: Deploy) -> None:
    orders = stream(BisectBatchOnFunctionError=True, MaximumRetryAttempts=0, BatchSize=4)
    orders.put_together(
        {"id": "a"}, {"id": "b"}, {"id": "c", "fails": 99, "loudly": 1}, {"id": "d"}
    )
    assert orders.invocations(5) == [["a", "b", "c", "d"], ["a", "b"], ["c", "d"], ["c"], ["d"]]
    record = json.loads(orders.account.message(orders.failures_url)["Body"])
    assert record["DDBStreamBatchInfo"]["batchSize"] == 1


def test_only_records_that_pass_the_filter_are_seen(stream: Deploy) -> None:
    pattern = {
        "eventName": ["INSERT"],
        "dynamodb": {"NewImage": {"facts": {"S": [{"exists": True}]}}},
    }
    orders = stream(FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]})
    orders.put_together({"id": "a"}, {"id": "b", "facts": "[]"}, {"id": "c"})
    assert orders.invocations(1) == [["b"]]


def test_a_slow_function_does_not_hold_up_another(account: Account, stream: Deploy) -> None:
    slow, fast = stream(), stream()
    slow_function = account.client("lambda").get_event_source_mapping(UUID=slow.mapping)
    account.replace_code(
        slow_function["FunctionArn"], "import time\ndef handler(event, context): time.sleep(50)"
    )
    slow.put_together({"id": "a"})
    fast.put_together({"id": "b"})
    assert fast.invocations(1) == [["b"]]
    assert (
        account.client("lambda").get_event_source_mapping(UUID=slow.mapping)["LastProcessingResult"]
        == "No records processed"
    )
