"""Who is refused by AWS is told which of the stack's policies would allow it."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from billing.bus import Bus, Envelope
from billing.domain.errors import BusUnavailable, ConfigurationError
from billing.gateway.secrets import SecretReader
from ops.target import Target

SAID = "User: arn:aws:iam::123456789012:user/ops is not authorized to perform: that."
ADVICE = "allows it (docs/runbook.md#who-may-do-what)"


def client_of(service: str) -> Any:
    """A client as a stack on AWS has it."""
    target = Target(boto3.Session("test", "test", region_name="eu-central-1"), "a-stack")
    return target.client(service)


def refused(service: str, operation: str, code: str, message: str = SAID, **asked: Any) -> str:
    """What is said of a call that AWS refuses so."""
    client = client_of(service)
    with Stubber(client) as aws:
        aws.add_client_error(operation, code, message, http_status_code=400)
        with pytest.raises(ClientError) as raised:
            getattr(client, operation)(**asked)
    return str(raised.value)


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException"])
def test_who_may_not_change_it_learns_that_it_takes_the_write_policy(code: str) -> None:
    said = refused("stepfunctions", "redrive_execution", code, executionArn="arn:1")

    assert SAID.rstrip(".") in said
    assert said.endswith(f"; the stack's OperatorWritePolicy {ADVICE}")


def test_who_may_not_even_look_learns_that_it_takes_the_read_policy() -> None:
    said = refused("cloudwatch", "describe_alarms", "AccessDenied", message="")

    assert said.endswith(f"the stack's OperatorReadPolicy {ADVICE}")


def test_what_the_functions_code_makes_of_a_refusal_says_it_too() -> None:
    events, secrets = client_of("events"), client_of("secretsmanager")
    envelope = Envelope(source="scai.stripe", detail_type="invoice.paid", detail="{}")
    with Stubber(events) as aws:
        aws.add_client_error("put_events", "AccessDeniedException", SAID)
        with pytest.raises(BusUnavailable) as unput:
            Bus("bus", events).put(envelope)
    with Stubber(secrets) as aws:
        aws.add_client_error("get_secret_value", "AccessDeniedException", SAID)
        with pytest.raises(ConfigurationError) as unread:
            SecretReader("scai/stripe", client=secrets).read()

    assert str(unput.value).endswith(f"; the stack's OperatorWritePolicy {ADVICE}")
    assert str(unread.value).endswith(f"; the stack's OperatorReadPolicy {ADVICE}")


def test_what_is_refused_for_another_reason_is_told_as_aws_does() -> None:
    said = refused(
        "sqs", "delete_message", "InvalidParameterValue", QueueUrl="u", ReceiptHandle="r"
    )

    assert "Policy" not in said
