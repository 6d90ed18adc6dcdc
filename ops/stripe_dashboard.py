"""Links to Stripe's own dashboard: of which mode, and where an object stands in it.

Guards that the key itself goes nowhere: only its prefix is looked at.
"""

from functools import cached_property
from typing import Literal

from billing.domain.errors import BillingError
from ops.target import Target

Mode = Literal["live", "test", "simulated", "unknown"]

_STRIPE = "https://api.stripe.com"
_LIVE_KEYS = ("sk_live_", "rk_live_")
#: Where the dashboard shows what an id's prefix names.
_PLACES = {
    "cus": "customers",
    "sub": "subscriptions",
    "in": "invoices",
    "pi": "payments",
    "ch": "payments",
    "evt": "events",
}


class StripeDashboard:
    """Stripe's dashboard, as far as it shows what a stack's ids name."""

    def __init__(self, target: Target) -> None:
        self._ports = target.ports

    @cached_property
    def mode(self) -> Mode:
        """Which Stripe the ids are of; ``unknown`` where this operator may not read the secret."""
        if self._ports.settings.stripe_api_base.rstrip("/") != _STRIPE:
            return "simulated"
        try:
            key = self._ports.secrets.read().api_key.get_secret_value()
        except BillingError:
            return "unknown"
        return "live" if key.startswith(_LIVE_KEYS) else "test"

    def url(self, object_id: str | None) -> str | None:
        """Where an object stands; None where there is no such place."""
        place = _PLACES.get((object_id or "").partition("_")[0])
        if place is None or self.mode not in ("live", "test"):
            return None
        part = "test/" if self.mode == "test" else ""
        return f"https://dashboard.stripe.com/{part}{place}/{object_id}"
