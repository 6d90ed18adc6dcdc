"""What of a record somebody should look at, derived from it and never stored by itself."""

from typing import Literal

from billing.domain.record import Record

Attention = Literal["duplicate_subscription", "invoice_not_finalized"]


def attention_of(record: Record) -> Attention | None:
    """The most pressing cause, None where all is well."""
    if record.other_live:
        return "duplicate_subscription"
    if any(i.status == "draft" and i.error for i in record.invoices.values()):
        return "invoice_not_finalized"
    return None
