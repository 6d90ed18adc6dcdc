"""What operators work on, in unit tests: a stack that is moto's account and a test's ports."""

from typing import Any

import boto3

from billing.domain.facts import Fact
from billing.runtime import Ports
from local.stack.outputs import Outputs
from ops.target import Target

QUEUES = ("events", "facts", "failures", "mails")


def target_on(ports: Ports, **outputs: str) -> Target:
    """A stack with these outputs, whose operator is ``operator``."""
    target = Target(boto3.Session("test", "test", region_name="us-east-1"), "scai-billing")
    vars(target).update(ports=ports, outputs=Outputs(outputs), operator="operator")
    return target


def with_queues(ports: Ports, **outputs: str) -> Target:
    """A stack with dead-letter queues, and the mailer's own."""
    sqs: Any = boto3.client("sqs")
    urls = {
        f"{queue.capitalize()}DeadLetterQueueUrl": sqs.create_queue(QueueName=queue)["QueueUrl"]
        for queue in QUEUES
    }
    mailer = sqs.create_queue(QueueName="mailer")["QueueUrl"]
    return target_on(ports, MailsQueueUrl=mailer, **urls, **outputs)


def commit_fact(ports: Ports, number: int, at: int) -> None:
    """Commit a fact that nobody publishes."""
    fact = Fact.model_validate(
        dict.fromkeys(Fact.model_fields)
        | {
            "key": f"AccessChanged:user_1:{number}",
            "type": "AccessChanged",
            "user_id": "user_1",
            "version": number,
            "cause": "evt_1",
            "occurred_at": at,
            "before": {"level": "none", "until": None, "reason": "no_subscription"},
            "after": {"level": "full", "until": None, "reason": "active"},
        }
    )
    ports.dynamodb.put_item(**ports.ledger.adding(fact))
