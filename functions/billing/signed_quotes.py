"""Quotes as frontends carry them: signed, so that nobody can choose an amount or a date.

The signing key is derived from Stripe's API key: where that is rolled, a quote given before is
refused and another one is asked for.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from hashlib import sha256

from pydantic import ValidationError

from billing.domain.errors import QuoteRefused
from billing.domain.quote import Quote
from billing.gateway.secrets import SecretReader

_PURPOSE = b"scai-billing quote v1"


class SignedQuotes:
    """Signs quotes, and reads those that it has signed."""

    def __init__(self, secrets: SecretReader) -> None:
        self._secrets = secrets

    def signed(self, quote: Quote) -> str:
        """Write a quote as text that can stand in a URL."""
        content = quote.model_dump_json().encode()
        return f"{_text(content)}.{_text(self._signature(content))}"

    def read(self, text: str, user_id: str) -> Quote:
        """Read a quote that was given to this user.

        Raises:
            QuoteRefused: it is none of ours, or another user's.
        """
        try:
            content, signature = map(_bytes, text.split("."))
        except (ValueError, NotBase64):
            raise QuoteRefused("it isn't of a quote's form") from None
        if not hmac.compare_digest(signature, self._signature(content)):
            raise QuoteRefused("the signature isn't ours")
        try:
            quote = Quote.model_validate_json(content)
        except ValidationError:
            raise QuoteRefused("it is of another version") from None
        if quote.user_id != user_id:
            raise QuoteRefused("it is another user's")
        return quote

    def _signature(self, content: bytes) -> bytes:
        secret = self._secrets.read().api_key.get_secret_value().encode()
        key = hmac.new(secret, _PURPOSE, sha256).digest()
        return hmac.new(key, content, sha256).digest()


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
