"""One look of a run: the run as it stands, the ports, and where what is found is noted."""

from dataclasses import dataclass

from billing.contracts.reconcile import Run
from billing.domain.errors import (
    BillingError,
    ContractViolation,
    RecordContended,
    RecordRejected,
    StoreUnavailable,
    StripeRejected,
    StripeUnavailable,
)
from billing.reconciling.findings import Findings
from billing.runtime import Ports

#: What trying again at once wouldn't change.
_FOR_NOW = (ContractViolation, RecordContended, RecordRejected, StripeRejected)


@dataclass(frozen=True)
class Look:
    """What every phase takes.

    ``sparing``: the page was tried for long enough, so that whoever still fails is passed over.
    """

    run: Run
    findings: Findings
    ports: Ports
    sparing: bool = False

    def goes_on_after(self, error: BillingError) -> bool:
        """Whether an error is one customer's alone, and nobody else has to wait for them.

        Raises:
            StripeUnavailable: it isn't: Stripe doesn't answer for anybody.
        """
        if isinstance(error, StripeUnavailable) and self.sparing:
            self.ports.stripe.subscriptions_page(None)
            return True
        # Without its store no look comes to its end.
        return isinstance(error, _FOR_NOW) or (isinstance(error, StoreUnavailable) and self.sparing)
