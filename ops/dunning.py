"""The dunning board: who owes what, since when, until when access lasts, and who waits for that."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import islice
from typing import Literal

from billing.domain.access import access_of
from billing.domain.record import Dunning, Invoice, Level, Record, Status, Value
from billing.store.dynamodb import Item, to_item, to_values
from billing.store.users import User
from ops.amounts import Amount, moment, moment_or_none
from ops.cursors import read_cursor, write_cursor
from ops.indexes import items_of
from ops.statuses import ASKED_AT_ONCE, statuses_of
from ops.stripe_dashboard import StripeDashboard
from ops.target import Target

CASES = 50


class Waiter(Value):
    """The execution that waits for the end of grace. ``lost``: it should run, and doesn't."""

    arn: str
    name: str
    status: str | None
    state: Literal["waiting", "ended", "lost"]


class DunningCase(Value):
    """One unpaid invoice that dunning is about; ``until`` is when grace ends.

    ``waiter`` is None where nobody waits: the invoice's failed event is still on its way.
    """

    user_id: str
    email: str | None
    customer_id: str | None
    status: Status | None
    since: datetime
    until: datetime
    invoice_id: str
    owed: Amount | None
    failed_attempts: int
    next_attempt_at: datetime | None
    error: str | None
    access: Level
    waiter: Waiter | None
    stripe_url: str | None = None


class DunningPage(Value):
    """Cases, those that owe the longest first."""

    cases: tuple[DunningCase, ...]
    cursor: str | None


class _Position(Value):
    """The entry of the index that a page ended with."""

    since: int
    user_id: str


def dunning_board(target: Target, cursor: str | None = None, limit: int = CASES) -> DunningPage:
    """Read a page of the board."""
    start = read_cursor(_Position, cursor) if cursor else None
    listed = list(islice(_listed(target, start), limit + 1))
    page, more = listed[:limit], len(listed) > limit
    records = {r.user_id: r for r in target.ports.records.load_all(i["_id"] for i in page)}
    ordered = [records[item["_id"]] for item in page if item["_id"] in records]
    cases = cases_of(target, ordered)
    end = _Position(since=page[-1]["dunning_since"], user_id=page[-1]["_id"]) if more else None
    return DunningPage(cases=cases, cursor=write_cursor(end) if end else None)


def cases_of(target: Target, records: Sequence[Record]) -> tuple[DunningCase, ...]:
    """The cases of some users as they stand now, of those with whom something is overdue."""
    overdue = [(record, record.dunning) for record in records if record.dunning is not None]
    statuses = statuses_of(target, (d.execution for _, d in overdue if d.execution))
    users = target.ports.users
    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        owners = list(pool.map(users.find, (record.user_id for record, _ in overdue)))
    dashboard = StripeDashboard(target)
    return tuple(
        _case(target, record, dunning, user, statuses).model_copy(
            update={"stripe_url": dashboard.url(dunning.invoice_id)}
        )
        for (record, dunning), user in zip(overdue, owners, strict=True)
    )


def _case(
    target: Target,
    record: Record,
    dunning: Dunning,
    user: User | None,
    statuses: Mapping[str, str | None],
) -> DunningCase:
    ports = target.ports
    invoice = record.invoices.get(dunning.invoice_id)
    return DunningCase(
        user_id=record.user_id,
        email=user.email if user else None,
        customer_id=record.customer_id,
        status=record.subscription.status if record.subscription else None,
        since=moment(dunning.since),
        until=moment(dunning.until),
        invoice_id=dunning.invoice_id,
        owed=left_to_pay(invoice) if invoice else None,
        failed_attempts=invoice.failed_attempts if invoice else 0,
        next_attempt_at=moment_or_none(invoice.next_attempt_at) if invoice else None,
        error=invoice.error if invoice else None,
        access=access_of(record, ports.policy, ports.now()).level,
        waiter=_waiter(dunning, statuses, ports.now()),
    )


def left_to_pay(invoice: Invoice) -> Amount:
    """What is still owed of an invoice."""
    return Amount(amount=invoice.amount_due - invoice.amount_paid, currency=invoice.currency)


def _listed(target: Target, start: _Position | None) -> Iterator[Item]:
    """The index's entries, those that owe the longest first."""
    going_on = {}
    if start is not None:
        key = {"dunning": "unpaid", "dunning_since": start.since, "_id": start.user_id}
        going_on = {"ExclusiveStartKey": to_item(key)}
    return items_of(
        target.ports.dynamodb,
        TableName=target.ports.settings.subscriptions_table,
        IndexName="DunningIndex",
        KeyConditionExpression="dunning = :unpaid",
        ExpressionAttributeValues=to_values({":unpaid": "unpaid"}),
        **going_on,
    )


def _waiter(dunning: Dunning, statuses: Mapping[str, str | None], now: int) -> Waiter | None:
    arn = dunning.execution
    if arn is None:
        return None
    status = statuses[arn]
    state: Literal["ended", "lost"] = "lost" if now < dunning.until else "ended"
    return Waiter(
        arn=arn,
        name=arn.rpartition(":")[2],
        status=status,
        state="waiting" if status == "RUNNING" else state,
    )
