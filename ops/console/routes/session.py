"""Which stack this is, who works here, and what they may do."""

from fastapi import APIRouter

from billing.domain.record import Value
from ops.console.dependencies import Leave, LeaveOf, TargetOf

router = APIRouter(tags=["session"])


class Session(Value):
    """What the page shows at its top. ``local`` is a stack on this machine."""

    stack_name: str
    region: str
    local: bool
    operator: str
    leave: Leave
    machines: tuple[str, ...]


@router.get("/session")
def get_session(target: TargetOf, leave: LeaveOf) -> Session:
    return Session(
        stack_name=target.stack_name,
        region=target.region,
        local=target.local,
        operator=target.operator,
        leave=leave,
        machines=tuple(sorted(target.machines)),
    )
