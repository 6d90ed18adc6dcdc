"""The drift report: what the last comparison with Stripe found, and what is still open of it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import get_args

from pydantic import computed_field

from billing.contracts.reconcile import Phase
from billing.domain.attention import Attention
from billing.domain.drift import Kind
from billing.domain.record import Value
from billing.store.dynamodb import to_values
from billing.store.runs import RunEntry
from ops.amounts import moment, moment_or_none
from ops.indexes import in_attention, items_of
from ops.target import Target

EVERYTHING = "reconcile:all"
#: The kind of what is found and isn't ours.
ANOTHER_PRODUCTS: Kind = "unknown_customer"
#: More than that of one kind isn't listed: what is at the top is mended first.
MOST_LISTED = 100


class Finding(Value):
    """One kind of drift: how often it was found and healed, and on what (the first ones)."""

    kind: str
    meaning: str
    found: int
    healed: int
    examples: tuple[str, ...]
    do: str | None

    @computed_field  # type: ignore[prop-decorator]  # mypy knows none of decorated properties
    @property
    def left(self) -> int:
        """How much of it was not healed."""
        return self.found - self.healed


class Report(Value):
    """One run of reconciliation.

    ``complete``: it came to its end. ``running``: it is under way. Neither: it broke off.
    """

    scope: str
    run_id: str
    user_id: str | None
    customer_id: str | None
    started_at: datetime
    completed_at: datetime | None
    complete: bool
    running: bool
    execution: str | None
    phase: Phase
    page: int
    looked_at: dict[str, int]
    findings: tuple[Finding, ...]

    @property
    def left(self) -> int:
        """How much is wrong still; what is another product's isn't."""
        return sum(each.left for each in self.findings if each.kind != ANOTHER_PRODUCTS)


class RecordConcern(Value):
    """A record that somebody should look at, and since when."""

    user_id: str
    what: Attention
    since: datetime | None
    do: str


class DriftReport(Value):
    """The last run over everything, and what is in attention, the oldest first.

    ``covered_until`` is when the last complete run over everything began. ``open_runs`` are those
    of one customer each that found what they could not heal.
    """

    last: Report | None
    covered_until: datetime | None
    open_runs: tuple[Report, ...]
    records: tuple[RecordConcern, ...]


def drift_report(target: Target) -> DriftReport:
    """Read the report; at most a hundred of what is in attention of each kind."""
    last = target.ports.runs.find(EVERYTHING)
    entries = (RunEntry.model_validate(item) for item in in_attention(target, "drift"))
    of_customers = islice((each for each in entries if each.run.scope != "all"), MOST_LISTED)
    return DriftReport(
        last=report_of(target, last) if last else None,
        covered_until=moment_or_none(last.covered_until) if last else None,
        open_runs=tuple(report_of(target, entry) for entry in of_customers),
        records=tuple(_records(target)),
    )


def report_of(target: Target, entry: RunEntry) -> Report:
    """A run as it stands."""
    run, holder = entry.run, entry.lease_execution
    complete = entry.completed_at is not None
    return Report(
        scope=run.scope,
        run_id=run.id,
        user_id=run.user_id,
        customer_id=run.customer_id,
        started_at=moment(run.started_at),
        completed_at=moment_or_none(entry.completed_at),
        complete=complete,
        running=not complete and holder is not None and target.ports.executions.is_running(holder),
        execution=holder,
        phase=run.cursor.phase,
        page=run.page,
        looked_at=run.tally.looked_at,
        findings=tuple(_findings(entry)),
    )


def _findings(entry: RunEntry) -> Iterator[Finding]:
    tally = entry.run.tally
    for kind, found in sorted(tally.found.items()):
        meaning, do = _KINDS.get(kind, (kind, None))
        healed = tally.healed.get(kind, 0)
        yield Finding(
            kind=kind,
            meaning=meaning,
            found=found,
            healed=healed,
            examples=entry.examples.get(kind, ()),
            do=do if found > healed else None,
        )


def _records(target: Target) -> Iterator[RecordConcern]:
    for attention in get_args(Attention):
        found = items_of(
            target.ports.dynamodb,
            TableName=target.ports.settings.subscriptions_table,
            IndexName="AttentionIndex",
            KeyConditionExpression="attention = :attention",
            ExpressionAttributeValues=to_values({":attention": attention}),
        )
        for item in islice(found, MOST_LISTED):
            yield RecordConcern(
                user_id=item["_id"],
                what=attention,
                since=moment_or_none(item.get("attention_since")),
                do=f"scai-ops customer {item['_id']}",
            )


_LOOK_AGAIN = "scai-ops reconcile --customer <id>, and its logs if that leaves it"

#: What each kind means, and what to do where it was not healed.
_KINDS: Mapping[Kind | str, tuple[str, str | None]] = {
    "missing": ("a subscription that the record should hold", _LOOK_AGAIN),
    "differs": ("a subscription that the record holds otherwise", _LOOK_AGAIN),
    "invoices": ("an invoice that the record has otherwise", _LOOK_AGAIN),
    "purchases": ("a purchase that the record has otherwise", _LOOK_AGAIN),
    "customer": ("payment methods that the record has otherwise", _LOOK_AGAIN),
    "access": ("a level of access that was never announced", _LOOK_AGAIN),
    ANOTHER_PRODUCTS: ("a customer who is no user's of ours: another product's, mostly", None),
    "unlinked_customer": ("a user's customer whom no event had linked", _LOOK_AGAIN),
    "orphaned": (
        "a subscription that Stripe doesn't have",
        "look whether the secret's key is of the right Stripe account",
    ),
    "unreadable": (
        "an object that we can't read",
        "look whether the account's API version is the contracts'",
    ),
    "lost_event": ("an event that never came", "scai-ops replay <id>"),
    "unattributed_event": ("an event that waited for its customer's link", "scai-ops replay <id>"),
    "unfinished_event": ("an event that was begun and never finished", "scai-ops replay <id>"),
    "failed_event": ("an event whose execution failed", "scai-ops retry-failed"),
}
