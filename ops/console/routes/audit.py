"""What operators have changed by hand."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query

from billing.domain.record import Value
from billing.timestamps import DAY
from ops.console.dependencies import TargetOf
from ops.journal import Action, JournalEntry, entries

router = APIRouter(tags=["audit"])


class AuditEntry(Value):
    """One thing that somebody changed; without a result they were cut off."""

    id: str
    action: Action
    subject: str
    operator: str
    reason: str
    batch: str
    at: datetime
    user_id: str | None
    result: str | None

    @classmethod
    def of(cls, entry: JournalEntry) -> "AuditEntry":
        return cls(
            id=entry.id,
            action=entry.action,
            subject=entry.subject,
            operator=entry.operator,
            reason=entry.reason,
            batch=entry.batch,
            at=datetime.fromtimestamp(entry.at, UTC),
            user_id=entry.user_id,
            result=entry.result,
        )


@router.get("/audit")
def list_audit_entries(
    target: TargetOf,
    days: Annotated[int, Query(ge=1, le=400)] = 30,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[AuditEntry]:
    """The newest changes, newest first."""
    since = target.ports.now() - days * DAY
    return [AuditEntry.of(entry) for entry in entries(target, since, limit)]
