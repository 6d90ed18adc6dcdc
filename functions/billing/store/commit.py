"""The one transaction: the record, the event's ledger entry and the facts to send, or nothing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from billing.aws import error_code
from billing.domain.errors import LeaseLost, RecordRejected, StoreUnavailable
from billing.domain.facts import Fact
from billing.domain.record import Record
from billing.metrics import Metric, measure
from billing.store.dynamodb import errors_translated
from billing.store.ledger import Entry, Ledger
from billing.store.records import RecordStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


#: Reasons that pass by themselves: AWS, "TransactWriteItems", "Errors".
_TRANSIENT = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


class RecordOvertaken(Exception):
    """Another writer saved the record first: load it and decide again."""


class FactsExist(Exception):
    """Facts with these keys were committed before: leave them out and commit the rest."""

    def __init__(self, keys: frozenset[str]) -> None:
        super().__init__(", ".join(sorted(keys)))
        self.keys = keys


class Committer:
    """Commits decisions. Safe to repeat: every part is conditional on what it was decided on."""

    def __init__(self, client: "DynamoDBClient", records: RecordStore, ledger: Ledger) -> None:
        self._client = client
        self.records = records
        self.ledger = ledger

    def commit(
        self, record: Record, replacing: int, entry: Entry | None, facts: Sequence[Fact]
    ) -> None:
        """Write all of it at once; ``entry`` is None where no event asked for the change.

        Raises:
            RecordOvertaken: the record is no longer at version ``replacing``.
            LeaseLost: the event is leased to another execution, or done.
            FactsExist: some fact was told before.
            RecordRejected: DynamoDB will never take it, because of its size, say.
            StoreUnavailable: throttled or unreachable; whether it was written is unknown.
        """
        operations: list[dict[str, Any]] = [{"Update": self.records.update(record, replacing)}]
        if entry is not None:
            operations.append({"Update": self.ledger.closing(entry)})
        first_fact = len(operations)
        operations += [{"Put": self.ledger.adding(fact)} for fact in facts]
        try:
            with errors_translated():
                self._client.transact_write_items(TransactItems=operations)  # type: ignore[arg-type]
        except ClientError as error:
            code = error_code(error)
            if code == "ValidationException":
                raise RecordRejected(str(error)) from error
            if code != "TransactionCanceledException":
                raise
            raise _why_cancelled(error, first_fact, facts) from error
        if facts:
            measure(Metric.FACT_COMMITTED, len(facts))


def _why_cancelled(error: ClientError, first_fact: int, facts: Sequence[Fact]) -> Exception:
    """Read the reasons, which stand in the order of the operations."""
    reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    codes = [reason.get("Code", "None") for reason in reasons]
    if codes[0] == "ConditionalCheckFailed":
        return RecordOvertaken()
    if "ConditionalCheckFailed" in codes[1:first_fact]:
        return LeaseLost("the event is leased to another execution, or done")
    known = frozenset(
        fact.key
        for fact, code in zip(facts, codes[first_fact:], strict=True)
        if code == "ConditionalCheckFailed"
    )
    if known:
        return FactsExist(known)
    if "ValidationError" in codes:
        return RecordRejected(str(error))
    transient = set(codes) - {"None"} <= _TRANSIENT
    return StoreUnavailable(f"DynamoDB cancelled: {codes}") if transient else error
