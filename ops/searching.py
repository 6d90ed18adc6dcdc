"""What a text names: an execution by name or ARN, whoever anything is, or what handled an event."""

from billing.domain.record import Value
from ops.entries import ledger_items
from ops.errors import NotFound
from ops.execution import find_execution
from ops.people import find_person
from ops.target import Target


class Found(Value):
    """An execution, or a user."""

    execution_arn: str | None = None
    user_id: str | None = None


def search(target: Target, text: str) -> Found:
    """Find what a text names. An execution's own name comes first, then whose anything is.

    An event that is nobody's is still found by the execution that handled it.

    Raises:
        NotFound: it is nobody's; the message says what was looked for.
        OpsError: it names several.
    """
    wanted = text.strip()
    try:
        return Found(execution_arn=find_execution(target, wanted).arn)
    except NotFound:
        pass
    try:
        return Found(user_id=find_person(target, wanted).user_id)
    except NotFound:
        entry = ledger_items(target, [wanted]).get(wanted, {}) if wanted else {}
        if "lease_execution" not in entry:
            raise
        return Found(execution_arn=entry["lease_execution"])
