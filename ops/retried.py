"""What came of a retry, and the tokens that make two of the same do one thing."""

import hashlib
from typing import Literal

from billing.domain.record import Value

How = Literal["redriven", "started_anew", "reconciled", "nothing_to_do", "failed"]


class Retried(Value):
    """What was done about an execution; ``why`` says why it was done so, or why it can't be.

    ``new_arn`` is the execution that was started, None where the old one goes on.
    """

    arn: str
    how: How
    new_arn: str | None = None
    why: str | None = None


def nothing_to_do(arn: str, why: str, new_arn: str | None = None) -> Retried:
    return Retried(arn=arn, how="nothing_to_do", new_arn=new_arn, why=why)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
