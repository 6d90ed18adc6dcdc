"""Calls to Stripe at a steady pace, so that a long walk leaves its rate limit to others.

Stripe allows 25 requests a second to each endpoint (Stripe, "Rate limits").
"""

import time
from collections.abc import Callable
from typing import TypeVar

import stripe

from billing.gateway.secrets import SecretReader
from billing.gateway.stripe_gateway import StripeGateway

Answer = TypeVar("Answer")


class Pacer:
    """Lets through so many a second, evenly."""

    def __init__(
        self,
        per_second: float,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval = 1 / per_second
        self._monotonic = monotonic
        self._sleep = sleep
        self._next = monotonic()

    def wait(self) -> None:
        """Return when it is this call's turn."""
        now = self._monotonic()
        turn = max(self._next, now)
        self._next = turn + self._interval
        if turn > now:
            self._sleep(turn - now)


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
