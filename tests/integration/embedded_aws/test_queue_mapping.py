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
        sqs.send_message(QueueUrl=SEEN, MessageBody=json.dumps({"busy": None}))
        while "Messages" not in sqs.receive_message(QueueUrl=RELEASE, WaitTimeSeconds=1):
            pass
        return
    bodies = [json.loads(record["body"]) for record in event["Records"]]
    receipts = [record["receiptHandle"] for record in event["Records"]]
    told = {body["id"]: receipt for body, receipt in zip(bodies, receipts)}
    sqs.send_message(QueueUrl=SEEN, MessageBody=json.dumps(told))
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

    def seen(self) -> Json:
        """The ids that the function was called with next, each with its message's receipt."""
        told: Json = json.loads(self.account.message(self.seen_url)["Body"])
        return told

    def has(self, waiting: int = 0, taken: int = 0) -> bool:
        """Whether so many messages wait in the queue, and so many are being worked on."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.account.client("sqs").get_queue_attributes(
            QueueUrl=self.url, AttributeNames=names
        )
        return [int(answer["Attributes"][name]) for name in names] == [waiting, taken]


def mapped(account: Account, **settings: list[str]) -> Mapped:
    (url, arn), (seen_url, seen_arn), (release_url, release_arn) = (
        account.queue() for _ in range(3)
    )
    sqs, lambdas = account.client("sqs"), account.client("lambda")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "600"})
    role = account.role(
        {"Effect": "Allow", "Action": "sqs:*", "Resource": [seen_arn, release_arn, arn]}
    )
    source = f"SEEN, RELEASE = {seen_url!r}, {release_url!r}\n{SOURCE}"
    function = account.function(source, Role=role, Timeout=300)
    mapping = lambdas.create_event_source_mapping(
        FunctionName=function, EventSourceArn=arn, BatchSize=10, **settings
    )
    return Mapped(account, url, function, mapping["UUID"], seen_url, release_url)


REPORT = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}


def test_a_message_that_is_reported_as_failed_comes_back_alone(account: Account) -> None:
    letters = mapped(account, **REPORT)
    letters.send_together({"id": "a"}, {"id": "b", "fails": True}, {"id": "c"})

    receipts = letters.seen()
    assert list(receipts) == ["a", "b", "c"]
    assert eventually(lambda: letters.has(taken=1))
    account.client("sqs").change_message_visibility(
        QueueUrl=letters.url, ReceiptHandle=receipts["b"], VisibilityTimeout=0
    )
    assert list(letters.seen()) == ["b"]
    assert eventually(letters.has)


def test_a_throttled_batch_is_handed_over_as_soon_as_there_is_room(account: Account) -> None:
    letters = mapped(account)
    lambdas, sqs = account.client("lambda"), account.client("sqs")
    lambdas.put_function_concurrency(FunctionName=letters.function, ReservedConcurrentExecutions=1)
    lambdas.invoke(FunctionName=letters.function, InvocationType="Event", Payload="{}")
    assert list(letters.seen()) == ["busy"]

    letters.send_together({"id": "a"})
    assert eventually(lambda: letters.has(taken=1))
    sqs.send_message(QueueUrl=letters.release_url, MessageBody="{}")

    assert list(letters.seen()) == ["a"]
    assert eventually(letters.has)
