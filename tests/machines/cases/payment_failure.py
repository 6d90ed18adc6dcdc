"""Every path of ``payment_failure``: recording the failure, and waiting for the end of grace."""

from tests.machines.case import Case
from tests.machines.recording import LINKED, recording

DEADLINE: Case = ("What Happened?", "Wait For Deadline")
WAITED: Case = (*LINKED, ("Record Failure", "Waiting"), *DEADLINE)
AGAIN = ("Check Payment", "WaitingThenRestricted")


def looked(responses: str, end: str, tries: str = "") -> Case:
    """Grace has ended, and this is what came of it."""
    check = (f"Check Payment{tries}", responses)
    return (*WAITED, check, "What Happened?", end, "SUCCEEDED")


CASES = recording(step="Record Failure", end="Failure Recorded") | {
    "Recovered": looked("Recovered", "Payment Recovered"),
    "Restricted": looked("Restricted", "Access Restricted"),
    "AnotherWaits": looked("Applied", "Failure Recorded"),
    "DeadlineMoved": (
        *WAITED,
        AGAIN,
        *DEADLINE,
        AGAIN,
        "What Happened?",
        "Access Restricted",
        "SUCCEEDED",
    ),
    "StripeDownAtDeadline": looked("StripeUnavailableThenRestricted", "Access Restricted", " x2"),
    "StripeDownForLongAtDeadline": (
        *WAITED,
        ("Check Payment x11", "StripeUnavailableAlways"),
        "FAILED StripeUnavailable",
    ),
    "ContendedAtDeadline": (
        *WAITED,
        ("Check Payment x7", "RecordContendedAlways"),
        "FAILED RecordContended",
    ),
    "WorkerDiesAtDeadline": looked("DiesThenRecovered", "Payment Recovered", " x2"),
}
