"""Stripe's webhook signature, checked with the standard library (Stripe, "Verify manually").

Guards that nothing but Stripe puts events on our bus, and that a recorded delivery can't be
replayed later. Stripe's SDK is not used: importing it would be most of the relay's cold start, and
its check takes one secret, while several are valid during a roll.
"""

import hmac
from collections.abc import Iterable

#: How far the delivery's timestamp may be from now, either way (Stripe's own default).
TOLERANCE_SECONDS = 300


class InvalidSignature(Exception):
    """Why a request isn't taken for Stripe's, in words that its sender may read."""


class SignatureMissing(InvalidSignature):
    """The request doesn't even claim to be Stripe's."""


class SignatureMismatch(InvalidSignature):
    """No signature was made with a secret that we know: forged, or our secret is an old one."""


def verify(body: bytes, header: str | None, secrets: Iterable[str], now: int) -> None:
    """Check a delivery's ``Stripe-Signature`` header.

    Raises:
        SignatureMissing: there is no such header.
        SignatureMismatch: no signature fits any of the secrets.
        InvalidSignature: the header is malformed, or the delivery too old or early.
    """
    if not header:
        raise SignatureMissing("The Stripe-Signature header is missing")
    timestamp, signatures = _parse(header)
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise InvalidSignature("The signature's timestamp is outside the tolerance")
    signed = timestamp.encode() + b"." + body
    expected = [hmac.digest(secret.encode(), signed, "sha256").hex() for secret in secrets]
    if not any(_same(ours, theirs) for ours in expected for theirs in signatures):
        raise SignatureMismatch("No signature matches the body")


def _parse(header: str) -> tuple[str, list[str]]:
    """Read ``t=…,v1=…,v1=…``; members of other schemes are left alone, as Stripe demands."""
    members = [member.strip().partition("=")[::2] for member in header.split(",")]
    timestamp = next((value for name, value in members if name == "t"), "")
    signatures = [value for name, value in members if name == "v1"]
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise InvalidSignature("The Stripe-Signature header has no timestamp")
    if not signatures:
        raise InvalidSignature("The Stripe-Signature header has no v1 signature")
    return timestamp, signatures


def _same(ours: str, theirs: str) -> bool:
    """Compare in constant time; as bytes, because anybody may send anything."""
    return hmac.compare_digest(ours.encode(), theirs.encode(errors="replace"))
