"""One look of a run: the run as it stands, the ports, and where what is found is noted."""

from dataclasses import dataclass

from billing.contracts.reconcile import Run
from billing.reconciling.findings import Findings
from billing.runtime import Ports


@dataclass(frozen=True)
class Look:
    """What every phase takes."""

    run: Run
    findings: Findings
    ports: Ports
