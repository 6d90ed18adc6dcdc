"""Stripe's door: events of a partner."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.integration.embedded_aws.account import ACCOUNT_ID, Account, Json, unique


@pytest.fixture
def source(account: Account) -> str:
    name = f"aws.partner/stripe.com/{unique('ed')}"
    account.client("events").create_partner_event_source(Name=name, Account=ACCOUNT_ID)
    return name


def put(account: Account, source: str) -> Json:
    entry = {"Source": source, "DetailType": "invoice.paid", "Detail": '{"id": "evt_1"}'}
    answer: Json = account.client("events").put_partner_events(Entries=[entry])
    return answer


def test_a_partner_event_reaches_the_associated_bus(account: Account, source: str) -> None:
    queue_url, queue_arn = account.queue()
    account.client("events").create_event_bus(Name=source, EventSourceName=source)
    account.rule(source, {"source": [source]}, {"Arn": queue_arn})
    assert put(account, source)["FailedEntryCount"] == 0
    event = json.loads(account.message(queue_url)["Body"])
    assert (event["source"], event["detail-type"]) == (source, "invoice.paid")
    assert event["detail"] == {"id": "evt_1"}


def test_cloudformation_associates_a_partner_bus(account: Account, source: str) -> None:
    queue_url, queue_arn = account.queue()
    events = account.client("events")
    assert events.describe_event_source(Name=source)["State"] == "PENDING"
    account.deploy(
        {
            "Partner": {
                "Type": "AWS::Events::EventBus",
                "Properties": {"Name": source, "EventSourceName": source},
            }
        }
    )
    assert events.describe_event_source(Name=source)["State"] == "ACTIVE"
    account.rule(source, {"source": [source]}, {"Arn": queue_arn})
    put(account, source)
    assert json.loads(account.message(queue_url)["Body"])["source"] == source


def test_an_unknown_source_is_not_authorized(account: Account) -> None:
    answer = put(account, "aws.partner/stripe.com/unknown")
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"


@pytest.mark.parametrize("name", ["aws.partner/stripe.com/unknown", "another-name"])
def test_a_bus_cannot_be_associated_otherwise(account: Account, source: str, name: str) -> None:
    event_source = name if name.endswith("unknown") else source
    with pytest.raises(ClientError):
        account.client("events").create_event_bus(Name=name, EventSourceName=event_source)
