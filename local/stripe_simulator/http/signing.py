"""Webhook signatures, as Stripe makes them."""

from __future__ import annotations

import hmac
from collections.abc import Iterable


def signature(body: bytes, secrets: Iterable[str], timestamp: int) -> str:
    """The `Stripe-Signature` header: one `v1` for each secret in force during a roll."""
    signed = f"{timestamp}.".encode() + body
    digests = (hmac.new(secret.encode(), signed, "sha256").hexdigest() for secret in secrets)
    return ",".join([f"t={timestamp}", *(f"v1={digest}" for digest in digests)])
