"""The ports of ``reconcile``: Stripe at the pace that leaves its rate limit to others."""

from functools import cached_property
from typing import Any

from billing.config import ReconcileSettings, load
from billing.pacing import Pacer
from billing.runtime import Ports


class ReconcilePorts(Ports):
    """As for every step, but for the pace."""

    @cached_property
    def settings(self) -> ReconcileSettings:
        return load(ReconcileSettings)

    @cached_property
    def stripe(self) -> Any:
        from billing.gateway.paced_gateway import PacedGateway  # noqa: PLC0415 - see Ports

        pacer = Pacer(self.settings.reconcile_requests_per_second)
        return PacedGateway(self.secrets, self.settings.stripe_api_base, pacer)
