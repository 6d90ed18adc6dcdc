"""Calls to Stripe at a steady pace, so that a long walk leaves its rate limit to others.

Stripe allows 25 requests a second to each endpoint (Stripe, "Rate limits").
"""

from collections.abc import Callable
from typing import TypeVar

import stripe

from billing.gateway.secrets import SecretReader
from billing.gateway.stripe_gateway import StripeGateway
from billing.pacing import Pacer

Answer = TypeVar("Answer")


class PacedGateway(StripeGateway):
    """The gateway, each of whose calls waits its turn."""

    def __init__(
        self,
        secrets: SecretReader,
        api_base: str,
        pacer: Pacer,
        http: stripe.HTTPClient | None = None,
    ) -> None:
        super().__init__(secrets, api_base, http=http)
        self._pacer = pacer

    def _call(self, call: Callable[[stripe.StripeClient], Answer]) -> Answer:
        self._pacer.wait()
        return super()._call(call)
