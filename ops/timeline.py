"""One customer's story, newest first: from what Stripe told to money, access and mails.

Guards that a page's chapters are whole, wherever it ends: an event's facts are read by the keys
that it names, mails by their facts, and a page ends between two seconds, never within one.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from billing.domain.record import Value
from billing.store.dynamodb import Item, batch_get, to_values
from ops.chapters import Chapter, TimelinePage
from ops.cursors import read_cursor, write_cursor
from ops.indexes import items_of
from ops.statuses import statuses_of
from ops.stripe_dashboard import StripeDashboard
from ops.target import Target
from ops.telling import Teller, is_of_event, mail_key_of

CHAPTERS = 25
#: Items read at once: an event has a fact and a mail or two.
_READ = 100


class _Position(Value):
    """What is older than this (UTC seconds) comes next."""

    before: int


def timeline(
    target: Target, user_id: str, cursor: str | None = None, limit: int = CHAPTERS
) -> TimelinePage:
    """Read a page of a user's timeline: about ``limit`` chapters where there are as many."""
    start = read_cursor(_Position, cursor).before if cursor else None
    items, end = _page(_items(target, user_id, start), limit)
    chapters = sorted(_Reader(target, user_id).chapters(items), key=_moment, reverse=True)
    return TimelinePage(
        chapters=tuple(chapters),
        cursor=None if end is None else write_cursor(_Position(before=end)),
    )


def with_statuses(target: Target, page: TimelinePage) -> TimelinePage:
    """Ask Step Functions how it stands with the executions of a page."""
    arns = (chapter.execution.arn for chapter in page.chapters if chapter.execution)
    statuses = statuses_of(target, arns)
    return page.model_copy(
        update={"chapters": tuple(_with_status(each, statuses) for each in page.chapters)}
    )


def _with_status(chapter: Chapter, statuses: dict[str, str | None]) -> Chapter:
    if chapter.execution is None:
        return chapter
    status = {"status": statuses[chapter.execution.arn]}
    return chapter.model_copy(update={"execution": chapter.execution.model_copy(update=status)})


def _items(target: Target, user_id: str, before: int | None) -> Iterator[Item]:
    """A user's items, the newest first."""
    older = "" if before is None else " AND received_at < :before"
    bound = {} if before is None else {":before": before}
    return items_of(
        target.ports.dynamodb,
        TableName=target.ports.settings.events_table,
        IndexName="TimelineIndex",
        KeyConditionExpression=f"user_id = :user{older}",
        ExpressionAttributeValues=to_values({":user": user_id, **bound}),
        ScanIndexForward=False,
        Limit=_READ,
    )


def _page(items: Iterable[Item], limit: int) -> tuple[list[Item], int | None]:
    """Take items until they make enough chapters and their second is over; and where it ended."""
    taken: list[Item] = []
    begun: set[str] = set()
    for item in items:
        if len(begun) >= limit and item["received_at"] < taken[-1]["received_at"]:
            return taken, taken[-1]["received_at"]
        taken.append(item)
        begun |= {chapter} if (chapter := _chapter_of(item)) else set()
    return taken, None


def _chapter_of(item: Item) -> str | None:
    """Which chapter an item begins; None where it belongs to one that another item begins."""
    if item["kind"] == "fact":
        return None if is_of_event(item) else f"{item['received_at']} {item['cause']}"
    return None if item["kind"] == "mail" else str(item["event_id"])


def _moment(chapter: Chapter) -> tuple[datetime, datetime, int]:
    """When it was recorded; then when Stripe says that it happened; then as it came to bear."""
    created = chapter.event.created_at if chapter.event else None
    return chapter.at, created or chapter.at, chapter.version or 0


class _Reader:
    """Reads what more of the ledger belongs to a page's items."""

    def __init__(self, target: Target, user_id: str) -> None:
        self._target = target
        self._user_id = user_id
        self._table = target.ports.settings.events_table
        self._dashboard = StripeDashboard(target)

    def chapters(self, items: list[Item]) -> list[Chapter]:
        own_causes = self._own_causes(items)
        runs = {
            item["event_id"]: list(self._healed_by(item))
            for item in items
            if item["kind"] == "reconcile"
        }
        facts = self._facts_of_events(items)
        known = [
            *facts.values(),
            *(f for found in (own_causes, runs) for fs in found.values() for f in fs),
        ]
        mails = self._by_key(filter(None, map(mail_key_of, known)))
        teller = Teller(facts, mails, self._machine_of, self._dashboard.url)
        told: list[Chapter] = []
        for item in items:
            match item["kind"]:
                case "event":
                    told.append(teller.event(item))
                case "ops":
                    told.append(teller.operator(item))
                case "reconcile":
                    told.append(teller.reconciliation(item, runs[item["event_id"]]))
                case "fact":
                    found = own_causes.pop(_chapter_of(item) or "", None)
                    if found:
                        told.append(teller.own_cause(item["cause"], found))
        return told

    def _own_causes(self, items: list[Item]) -> dict[str, list[Item]]:
        """The facts that no event led to, by their chapter; those of this user's run stand with it.

        A run over a customer who was nobody's when it began is on nobody's timeline.
        """
        facts = [item for item in items if item["kind"] == "fact" and not is_of_event(item)]
        customers = {item["fact"].get("customer_id") for item in facts}
        runs = self._by_key(f"reconcile:{customer}" for customer in customers if customer)
        told_by_runs = {
            entry["run"]["id"] for entry in runs.values() if entry.get("user_id") == self._user_id
        }
        found: dict[str, list[Item]] = {}
        for item in facts:
            if item["cause"] not in told_by_runs:
                found.setdefault(_chapter_of(item) or "", []).append(item)
        return found

    def _healed_by(self, run: Item) -> Iterator[Item]:
        """The facts that a run over this customer led to."""
        until = run.get("completed_at") or self._target.ports.now()
        found = items_of(
            self._target.ports.dynamodb,
            TableName=self._table,
            IndexName="TimelineIndex",
            KeyConditionExpression="user_id = :user AND received_at BETWEEN :from AND :until",
            ExpressionAttributeValues=to_values(
                {":user": self._user_id, ":from": run["received_at"], ":until": until}
            ),
        )
        return (i for i in found if i["kind"] == "fact" and i["cause"] == run["run"]["id"])

    def _facts_of_events(self, items: list[Item]) -> dict[str, Item]:
        """The facts that a page's events name, by key: some are of a newer page."""
        named = [f"fact:{key}" for item in items for key in item.get("facts") or ()]
        here = {item["event_id"]: item for item in items if item["kind"] == "fact"}
        return here | self._by_key(key for key in named if key not in here)

    def _by_key(self, keys: Iterable[str]) -> dict[str, Item]:
        found = batch_get(self._target.ports.dynamodb, self._table, "event_id", keys)
        return {item["event_id"]: item for item in found}

    def _machine_of(self, arn: str) -> str:
        """The machine's name by its execution's ARN; of one that is gone, as it was deployed."""
        deployed = arn.split(":")[-2] if arn.count(":") >= 2 else arn
        machines: dict[str, str] = self._target.machines
        return next((n for n, a in machines.items() if a.endswith(f":{deployed}")), deployed)
