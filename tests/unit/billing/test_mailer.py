"""What became of a mail is never guessed: only what surely was not sent may be sent again."""

from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from billing.mailer import ONE_TRY, Delivery, Mailer
from billing.wording import Text

URL = "https://email.us-east-1.amazonaws.com"
TEXT = Text(subject="Welcome to Acme", body="Hello Zoë,\n")


class FailingSes:
    """SES that answers every mail with an error."""

    def __init__(self, error: BotoCoreError | ClientError) -> None:
        self._error = error

    def send_email(self, **request: Any) -> Mapping[str, Any]:
        raise self._error


class RecordingSes:
    """SES that takes every mail and keeps the requests."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []

    def send_email(self, **request: Any) -> Mapping[str, Any]:
        self.requests.append(request)
        return {"MessageId": "message-1"}


def refusal(code: str, status: int = 400) -> ClientError:
    response: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "SendEmail")


def outcome(error: BotoCoreError | ClientError) -> Delivery:
    return Mailer("billing@example.test", "Acme", FailingSes(error)).send("ada@example.test", TEXT)


@pytest.mark.usefixtures("aws")
def test_ses_takes_a_mail_of_a_verified_sender() -> None:
    client = boto3.client("sesv2")
    client.create_email_identity(EmailIdentity="billing@example.test")

    delivery = Mailer("billing@example.test", "Acme").send("ada@example.test", TEXT)

    assert delivery.outcome == "sent"
    assert delivery.message_id
    assert delivery.error is None


@pytest.mark.usefixtures("aws")
def test_ses_refuses_a_mail_of_a_sender_that_it_has_not_verified() -> None:
    delivery = Mailer("billing@example.test", "Acme").send("ada@example.test", TEXT)

    assert delivery == Delivery(outcome="refused", error="MessageRejected")


def test_a_mail_is_plain_text_to_one_address_under_the_products_name() -> None:
    ses = RecordingSes()
    Mailer("billing@example.test", "Acme, Inc.", ses).send("ada@example.test", TEXT)

    assert ses.requests == [
        {
            "FromEmailAddress": '"Acme, Inc." <billing@example.test>',
            "Destination": {"ToAddresses": ["ada@example.test"]},
            "Content": {
                "Simple": {
                    "Subject": {"Data": "Welcome to Acme", "Charset": "UTF-8"},
                    "Body": {"Text": {"Data": "Hello Zoë,\n", "Charset": "UTF-8"}},
                }
            },
        }
    ]


@pytest.mark.parametrize(
    "code",
    [
        "MessageRejected",
        "AccountSuspendedException",
        "MailFromDomainNotVerifiedException",
        "SendingPausedException",
        "BadRequestException",
        "NotFoundException",
        "AccessDeniedException",
    ],
)
def test_a_mail_that_ses_will_not_take_is_refused(code: str) -> None:
    assert outcome(refusal(code)) == Delivery(outcome="refused", error=code)


@pytest.mark.parametrize(
    "error",
    [
        refusal("TooManyRequestsException", 429),
        refusal("ThrottlingException"),
        refusal("LimitExceededException"),
        EndpointConnectionError(endpoint_url=URL),
        ConnectTimeoutError(endpoint_url=URL),
    ],
)
def test_a_mail_that_ses_did_not_take_this_time_is_deferred(
    error: BotoCoreError | ClientError,
) -> None:
    assert outcome(error).outcome == "deferred"


@pytest.mark.parametrize(
    "error", [refusal("InternalFailure", 500), ReadTimeoutError(endpoint_url=URL)]
)
def test_a_mail_that_ses_may_have_taken_is_unknown(error: BotoCoreError | ClientError) -> None:
    assert outcome(error).outcome == "unknown"


def test_the_sdk_repeats_no_call_whose_answer_was_lost() -> None:
    retries: Any = ONE_TRY

    assert retries.retries["total_max_attempts"] == 1
