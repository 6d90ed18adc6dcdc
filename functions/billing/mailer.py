"""Sends mails by SES, and says what came of each.

Guards that a mail is sent at most once: nothing is tried again here, and an answer that leaves open
whether SES took it counts as taken.
"""

from collections.abc import Mapping
from email.utils import formataddr
from typing import Any, Literal, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
)

from billing.aws import error_code
from billing.domain.record import Value
from billing.wording import Text

#: One try: botocore would also repeat a call whose answer was lost.
ONE_TRY = Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1})

#: SES took nothing, and will later (SendEmail, "Errors", Amazon SES API v2 Reference).
_LATER = frozenset(
    {"LimitExceededException", "Throttling", "ThrottlingException", "TooManyRequestsException"}
)


class Delivery(Value):
    """What came of a mail.

    ``refused``: for good. ``deferred``: nothing left, so it may be sent again. ``unknown``: it may
    have left, so it may not. ``no_address``: there is nobody to write to.
    """

    outcome: Literal["sent", "refused", "deferred", "unknown", "no_address"]
    message_id: str | None = None
    error: str | None = None


class SesClient(Protocol):
    """The one call of SES that is made."""

    def send_email(self, **request: Any) -> Mapping[str, Any]: ...


class Mailer:
    """Sends as one address, under the product's name."""

    def __init__(self, address: str, name: str, client: SesClient | None = None) -> None:
        self._sender = formataddr((name, address))
        self._client: SesClient = client or boto3.client("sesv2", config=ONE_TRY)

    def send(self, to: str, text: Text) -> Delivery:
        """Send one mail, once."""
        try:
            answer = self._client.send_email(
                FromEmailAddress=self._sender,
                Destination={"ToAddresses": [to]},
                Content={
                    "Simple": {
                        "Subject": {"Data": text.subject, "Charset": "UTF-8"},
                        "Body": {"Text": {"Data": text.body, "Charset": "UTF-8"}},
                    }
                },
            )
        except (BotoCoreError, ClientError) as error:
            return _classified(error)
        return Delivery(outcome="sent", message_id=answer["MessageId"])


def _classified(error: BotoCoreError | ClientError) -> Delivery:
    """Say what an error means for the mail: the one place where SES's errors are told apart."""
    if isinstance(error, ClientError):
        code = error_code(error)
        if code in _LATER:
            return Delivery(outcome="deferred", error=code)
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        return Delivery(outcome="refused" if status < 500 else "unknown", error=code)
    never_reached = isinstance(error, ConnectTimeoutError | EndpointConnectionError)
    return Delivery(outcome="deferred" if never_reached else "unknown", error=type(error).__name__)
