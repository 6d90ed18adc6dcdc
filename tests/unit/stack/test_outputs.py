"""The template's outputs become the stack file's names."""

import pytest

from local.stack.errors import StackError
from local.stack.outputs import Outputs


def test_lifecycles_and_queues_are_named_in_snake_case() -> None:
    outputs = Outputs(
        {
            "SubscribeStateMachineArn": "arn:subscribe",
            "PaymentFailureStateMachineArn": "arn:payment_failure",
            "EventsDeadLetterQueueUrl": "http://events",
        }
    )

    assert outputs.state_machines == {
        "subscribe": "arn:subscribe",
        "payment_failure": "arn:payment_failure",
    }
    assert outputs.dead_letter_queues == {"events": "http://events"}


def test_a_missing_output_is_named() -> None:
    with pytest.raises(StackError, match="no output ApiId"):
        Outputs({})["ApiId"]
