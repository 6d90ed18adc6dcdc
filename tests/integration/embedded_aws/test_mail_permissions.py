"""A policy that names one sender lets nobody send as another."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.embedded_aws.account import ACCOUNT_ID, REGION, Account, Json, unique

IDENTITIES = f"arn:aws:ses:{REGION}:{ACCOUNT_ID}:identity/"


@pytest.fixture(scope="module")
def domain(account: Account) -> str:
    """A domain that may send, whichever its addresses."""
    name = f"{unique('mail')}.example.test"
    account.client("sesv2").create_email_identity(EmailIdentity=name)
    return name


def sender(account: Account, resource: str, **conditions: Json) -> Any:
    statement: Json = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": resource}
    return account.user(statement | ({"Condition": conditions} if conditions else {}))("sesv2")


def send(client: Any, address: str) -> str:
    sent: str = client.send_email(
        FromEmailAddress=address,
        Destination={"ToAddresses": ["customer@example.test"]},
        Content={"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
    )["MessageId"]
    return sent


def test_the_sender_of_a_condition_may_send_with_or_without_a_name(
    account: Account, domain: str
) -> None:
    allowed = {"ses:FromAddress": f"billing@{domain}"}
    client = sender(account, f"{IDENTITIES}*", StringEquals=allowed)

    assert send(client, f"billing@{domain}")
    assert send(client, f"Billing <billing@{domain}>")


def test_another_sender_of_the_same_domain_may_not(account: Account, domain: str) -> None:
    allowed = {"ses:FromAddress": f"billing@{domain}"}
    client = sender(account, f"{IDENTITIES}*", StringEquals=allowed)

    with pytest.raises(ClientError, match="not authorized"):
        send(client, f"someone@{domain}")


def test_a_policy_may_name_the_domain(account: Account, domain: str) -> None:
    assert send(sender(account, IDENTITIES + domain), f"billing@{domain}")

    with pytest.raises(ClientError, match="not authorized"):
        send(sender(account, f"{IDENTITIES}other.test"), f"billing@{domain}")


def test_a_recipient_may_be_refused(account: Account, domain: str) -> None:
    allowed = {"ses:Recipients": "*@elsewhere.test"}
    client = sender(account, f"{IDENTITIES}*", **{"ForAllValues:StringLike": allowed})

    with pytest.raises(ClientError, match="not authorized"):
        send(client, f"billing@{domain}")


def test_who_may_not_send_at_all_is_refused(account: Account, domain: str) -> None:
    client = account.user({"Effect": "Allow", "Action": "ses:GetAccount", "Resource": "*"})("sesv2")

    with pytest.raises(ClientError, match="not authorized"):
        send(client, f"billing@{domain}")
