"""Our mailer against an SES that checks who sends."""

from typing import Any

import pytest

from billing.mailer import Delivery, Mailer
from billing.wording import Text
from tests.integration.embedded_aws.account import ACCOUNT_ID, REGION, Account, unique

TEXT = Text(subject="Willkommen bei Zoë & Söhne", body="Guten Tag Ada,\n\nes ist so weit.\n")
TO = "ada@example.test"


@pytest.fixture(scope="module")
def sender(account: Account) -> str:
    address = f"{unique('billing')}@example.test"
    account.client("sesv2").create_email_identity(EmailIdentity=address)
    return address


def outbox(account: Account, sender: str) -> list[dict[str, Any]]:
    """What the embedded SES has sent for an address."""
    answer = account.http.get(f"{account.endpoint}/_ministack/ses/messages").json()
    return [mail for mail in answer["messages"][ACCOUNT_ID] if sender in mail["Source"]]


def test_a_mail_arrives_as_it_was_written(account: Account, sender: str) -> None:
    delivery = Mailer(sender, "Acme, Inc.", account.client("sesv2")).send(TO, TEXT)

    assert delivery.outcome == "sent"
    (mail,) = outbox(account, sender)
    assert mail["MessageId"] == delivery.message_id
    assert (mail["Source"], mail["To"]) == (f'"Acme, Inc." <{sender}>', [TO])
    assert (mail["Subject"], mail["BodyText"]) == (TEXT.subject, TEXT.body)
    assert not mail["BodyHtml"]


def test_a_sender_that_is_not_verified_is_refused(account: Account) -> None:
    delivery = Mailer("nobody@elsewhere.test", "Acme", account.client("sesv2")).send(TO, TEXT)

    assert delivery == Delivery(outcome="refused", error="MessageRejected")


def test_a_sender_that_our_role_does_not_name_is_refused(account: Account, sender: str) -> None:
    statement = {
        "Effect": "Allow",
        "Action": "ses:SendEmail",
        "Resource": f"arn:aws:ses:{REGION}:{ACCOUNT_ID}:identity/*",
        "Condition": {"StringEquals": {"ses:FromAddress": "somebody@example.test"}},
    }
    delivery = Mailer(sender, "Acme", account.user(statement)("sesv2")).send(TO, TEXT)

    assert (delivery.outcome, delivery.error) == ("refused", "AccessDeniedException")
