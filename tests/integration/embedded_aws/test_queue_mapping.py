"""A queue's messages reach a Lambda, and those that fail come back alone."""

import json
from dataclasses import dataclass

from tests.integration.embedded_aws.account import Account, Json
from tests.support.waiting import eventually

# Tells a queue what it was called with; fails messages that say so, and is slow if asked to be.
SOURCE = """
import boto3, json, time
sqs = boto3.client("sqs")
seen = set()

def handler(event, context):
    if "Records" not in event:
        sqs.send_message(QueueUrl=SEEN, MessageBody=json.dumps("busy"))
        while "Messages" not in sqs.receive_message(QueueUrl=RELEASE, WaitTimeSeconds=1):
            pass
        return
    bodies = [json.loads(record["body"]) for record in event["Records"]]
    sqs.send_message(QueueUrl=SEEN, MessageBody=json.dumps([body["id"] for body in bodies]))
    failed = [
        record["messageId"]
        for record, body in zip(event["Records"], bodies)
        if body.get("fails") and body["id"] not in seen
    ]
    seen.update(body["id"] for body in bodies)
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}
"""


@dataclass
class Mapped:
    """A queue, and the function that takes from it."""

    account: Account
    url: str
    function: str
    mapping: str
    seen_url: str
    release_url: str

    def send_together(self, *bodies: Json) -> None:
        """Send messages so that the mapping finds all of them at once."""
        lambdas, sqs = self.account.client("lambda"), self.account.client("sqs")
        lambdas.update_event_source_mapping(UUID=self.mapping, Enabled=False)
        for body in bodies:
            sqs.send_message(QueueUrl=self.url, MessageBody=json.dumps(body))
        lambdas.update_event_source_mapping(UUID=self.mapping, Enabled=True)

    def seen(self, timeout: float = 20) -> list[str] | str:
        told: list[str] | str = json.loads(self.account.message(self.seen_url, timeout)["Body"])
        return told

    def is_empty(self) -> bool:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.account.client("sqs").get_queue_attributes(
            QueueUrl=self.url, AttributeNames=names
        )
        return set(answer["Attributes"].values()) == {"0"}


def mapped(account: Account, visibility: int, **settings: list[str]) -> Mapped:
    (url, arn), (seen_url, seen_arn), (release_url, release_arn) = (
        account.queue() for _ in range(3)
    )
    sqs, lambdas = account.client("sqs"), account.client("lambda")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(visibility)})
    role = account.role(
        {"Effect": "Allow", "Action": "sqs:*", "Resource": [seen_arn, release_arn, arn]}
    )
    source = f"SEEN, RELEASE = {seen_url!r}, {release_url!r}\n{SOURCE}"
    function = account.function(source, Role=role, Timeout=30)
    mapping = lambdas.create_event_source_mapping(
        FunctionName=function, EventSourceArn=arn, BatchSize=10, **settings
    )
    return Mapped(account, url, function, mapping["UUID"], seen_url, release_url)


REPORT = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}


def test_a_message_that_is_reported_as_failed_comes_back_alone(account: Account) -> None:
    letters = mapped(account, visibility=1, **REPORT)
    letters.send_together({"id": "a"}, {"id": "b", "fails": True}, {"id": "c"})

    assert letters.seen() == ["a", "b", "c"]
    assert letters.seen() == ["b"]
    assert eventually(letters.is_empty)


def test_a_throttled_batch_is_handed_over_as_soon_as_there_is_room(account: Account) -> None:
    letters = mapped(account, visibility=600)
    lambdas, sqs = account.client("lambda"), account.client("sqs")
    lambdas.put_function_concurrency(FunctionName=letters.function, ReservedConcurrentExecutions=1)
    lambdas.invoke(FunctionName=letters.function, InvocationType="Event", Payload="{}")
    assert letters.seen() == "busy"

    letters.send_together({"id": "a"})
    in_flight = "ApproximateNumberOfMessagesNotVisible"

    def taken() -> bool:
        answer = sqs.get_queue_attributes(QueueUrl=letters.url, AttributeNames=[in_flight])
        return bool(answer["Attributes"][in_flight] == "1")

    assert eventually(taken)
    sqs.send_message(QueueUrl=letters.release_url, MessageBody="{}")

    assert letters.seen() == ["a"]
    assert eventually(letters.is_empty)
