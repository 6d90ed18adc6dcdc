"""The catalogue: what is sold, by Stripe's lookup keys and never by a literal price id.

Read once in five minutes per process. Where Stripe doesn't answer, the last catalogue still serves.
"""

import time
from collections.abc import Callable, Sequence

from billing.contracts.stripe_objects import StripePrice
from billing.domain.errors import PriceNotOffered, StripeUnavailable

#: The subscription plans from the smallest to the largest, and the licence that is bought once.
PLANS = ("standard_monthly", "standard_yearly", "agency_monthly", "agency_yearly")
SELF_HOSTED = "self_hosted"
LOOKUP_KEYS = (*PLANS, SELF_HOSTED)

CACHE_SECONDS = 300
#: A price that isn't known is looked for again, but no oftener than this.
RECHECK_SECONDS = 10


class Catalog:
    """The active prices of the lookup keys above, in their order."""

    def __init__(
        self,
        fetch: Callable[[Sequence[str]], list[StripePrice]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._prices: list[StripePrice] = []
        self._read_at: float | None = None

    def prices(self, max_age: float = CACHE_SECONDS) -> list[StripePrice]:
        """List the prices, read at most ``max_age`` seconds ago unless Stripe is down.

        Raises:
            StripeUnavailable: Stripe didn't answer, and never has in this process.
        """
        if self._read_at is not None and self._clock() - self._read_at <= max_age:
            return self._prices
        try:
            found = self._fetch(LOOKUP_KEYS)
        except StripeUnavailable:
            if self._read_at is None:
                raise
            return self._prices
        self._prices = sorted(found, key=_position)
        self._read_at = self._clock()
        return self._prices

    def plan(self, price_id: str) -> StripePrice:
        """Find a price that can be subscribed to.

        Raises:
            PriceNotOffered: it isn't in the catalogue, or is paid once.
        """
        return self._find(price_id, lambda price: price.recurring is not None)

    def paid_once(self, price_id: str) -> StripePrice:
        """Find a price of what is bought for good.

        Raises:
            PriceNotOffered: it isn't in the catalogue, or is a plan's.
        """
        return self._find(price_id, lambda price: price.recurring is None)

    def place(self, price_id: str) -> int | None:
        """The place of a price in the catalogue, from the smallest; None where it isn't sold."""
        return next((_position(price) for price in self.prices() if price.id == price_id), None)

    def _find(self, price_id: str, wanted: Callable[[StripePrice], bool]) -> StripePrice:
        for max_age in (CACHE_SECONDS, RECHECK_SECONDS):
            for price in self.prices(max_age):
                if price.id == price_id and wanted(price):
                    return price
        raise PriceNotOffered(price_id)


def _position(price: StripePrice) -> int:
    return LOOKUP_KEYS.index(price.lookup_key or "")
