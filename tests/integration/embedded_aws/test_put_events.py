"""What PutEvents takes and what it refuses."""

import pytest
from botocore.exceptions import ClientError

from tests.integration.embedded_aws.account import Account, Json


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"Source": "aws.states"}, "NotAuthorizedForSourceException"),
        ({"Detail": "not json"}, "MalformedDetail"),
        ({"Detail": "[1]"}, "MalformedDetail"),
        ({"Source": ""}, "InvalidArgument"),
        ({"DetailType": ""}, "InvalidArgument"),
    ],
)
def test_put_events_refuses_what_aws_refuses(account: Account, entry: Json, code: str) -> None:
    assert account.put_event("default", **entry)["ErrorCode"] == code


def test_put_events_takes_one_megabyte_and_no_more(account: Account) -> None:
    bus = account.bus()
    envelope = len("tests" + "Something Happened" + '{"text": ""}')
    room = 1_048_576 - envelope
    assert "ErrorCode" not in account.put_event(bus, {"text": "x" * room})
    with pytest.raises(ClientError, match="over the limit"):
        account.put_event(bus, {"text": "x" * (room + 1)})
