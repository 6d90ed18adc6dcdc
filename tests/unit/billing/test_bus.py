"""Why the bus took nothing is said as it is: who looks at night goes by it."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError
from botocore.stub import Stubber

from billing.bus import Bus, Envelope
from billing.domain.errors import BusUnavailable

EVENT = Envelope(source="scai.stripe", detail_type="invoice.paid", detail="{}")


def eventbridge() -> Any:
    return boto3.client("events", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")


def test_a_refusal_is_told_in_aws_own_words() -> None:
    client = eventbridge()
    with Stubber(client) as aws:
        aws.add_client_error("put_events", "AccessDeniedException", "you may not")
        with pytest.raises(BusUnavailable, match=r"EventBridge refused all: .*: you may not") as no:
            Bus("bus", client).put(EVENT)
    assert "AccessDeniedException" in str(no.value)


def test_silence_is_told_as_silence() -> None:
    def silent(**_: Any) -> None:
        raise ConnectTimeoutError(endpoint_url="https://events.us-east-1.amazonaws.com")

    client = eventbridge()
    client.meta.events.register("before-call.events.PutEvents", silent)

    with pytest.raises(BusUnavailable, match="EventBridge did not answer: ConnectTimeoutError"):
        Bus("bus", client).put(EVENT)
