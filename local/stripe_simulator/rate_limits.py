"""Stripe's rate limits, where they are switched on (docs.stripe.com/rate-limits).

So many requests a second for the account and for each endpoint, by the real clock; so many new
invoices of a subscription a minute and a day. What time itself brings is not limited.
"""

from __future__ import annotations

from collections import deque
from itertools import takewhile
from typing import Literal

from local.stripe_simulator.errors import rate_limited
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

Mode = Literal["off", "sandbox", "live"]

ACCOUNT = {"sandbox": 25, "live": 100}  # requests a second
ENDPOINT = 25
INVOICES = ((60, 10), (86400, 20))  # within so many seconds, so many of each subscription


class RateLimits:
    """Counts the requests of the last second."""

    def __init__(self, mode: Mode) -> None:
        self._account = ACCOUNT.get(mode)
        self._requests: dict[str, deque[float]] = {}

    def count(self, endpoint: str, now: float) -> None:
        """Count a request to an endpoint, or refuse it.

        Raises:
            StripeError: 429, with what the limit is of.
        """
        if self._account is None:
            return
        limits = (("", self._account, "global-rate"), (endpoint, ENDPOINT, "endpoint-rate"))
        for of, limit, reason in limits:
            recent = self._requests.setdefault(of, deque())
            while recent and recent[0] <= now - 1.0:
                recent.popleft()
            if len(recent) >= limit:
                raise rate_limited(reason)
        for of, _, _ in limits:
            self._requests[of].append(now)


def limit_invoices(world: World, invoice: Json) -> None:
    """Refuse the request that makes one invoice too many of a subscription."""
    subscription = _subscription_of(invoice)
    if world.settings.rate_limit == "off" or world.request.id is None or subscription is None:
        return
    now = world.now()
    oldest = now - max(seconds for seconds, _ in INVOICES)
    of_customer = world.store.newest_first("invoice", customer=invoice["customer"])
    recent = [
        each["created"]
        for each in takewhile(lambda each: each["created"] > oldest, of_customer)
        if _subscription_of(each) == subscription
    ]
    for seconds, limit in INVOICES:
        if sum(created > now - seconds for created in recent) > limit:
            raise rate_limited("resource-specific")


def _subscription_of(invoice: Json) -> str | None:
    details = (invoice["parent"] or {}).get("subscription_details") or {}
    subscription: str | None = details.get("subscription")
    return subscription


REACTIONS = {"invoice.created": limit_invoices}
