"""Chapters made of the ledger's items: pure, so that what is told can be tested without a store."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from pydantic import ValidationError

from billing.contracts.facts import told
from billing.domain.facts import Fact
from billing.front_door import SOURCE
from billing.notifications import MAILED, topic_of
from billing.store.dynamodb import Item
from billing.store.runs import RunEntry
from ops.amounts import moment, moment_or_none
from ops.chapters import (
    Change,
    Chapter,
    Failure,
    Handler,
    Mail,
    OperatorAction,
    Reconciled,
    StripeEvent,
    ToldFact,
)
from ops.summaries import summary_of

_TIMES = frozenset(
    {
        *("current_period_start", "current_period_end", "cancel_at", "canceled_at", "ended_at"),
        *("trial_end", "pending_update_expires_at", "subscription_created"),
    }
)

#: What facts say of what led to them, where no event did, by how it begins.
_CAUSES: tuple[tuple[str, Literal["return", "link", "deadline", "operation"], str], ...] = (
    ("cs_", "return", "Return from Checkout"),
    ("cus_", "link", "Customer linked, all of theirs synced"),
    ("arn:", "deadline", "Unpaid invoice looked at again"),
    ("op:", "operation", "Our own write to Stripe"),
)


def fact_of(item: Item) -> Fact:
    """The fact as it was committed; unset members are not stored."""
    return Fact.model_validate(dict.fromkeys(Fact.model_fields) | item["fact"])


def is_of_event(fact: Item) -> bool:
    """Whether a fact's item names an event as its cause: then it stands in the event's chapter."""
    return str(fact["cause"]).startswith("evt_")


def mail_key_of(item: Item) -> str | None:
    """The key of the mail that a fact may have caused, None where it causes none."""
    if item["type"] not in MAILED:
        return None
    try:
        return f"mail:{topic_of(told(fact_of(item)))}"
    except ValidationError:  # told by another version, whose mails this one can't know
        return None


class Teller:
    """Makes chapters, with what more of the ledger belongs to them.

    ``facts`` and ``mails`` are the ledger's items by key; ``machine_of`` names the machine of an
    execution, ``url_of`` where Stripe's dashboard shows an object.
    """

    def __init__(
        self,
        facts: Mapping[str, Item],
        mails: Mapping[str, Item],
        machine_of: Callable[[str], str],
        url_of: Callable[[str | None], str | None],
    ) -> None:
        self._facts = facts
        self._mails = mails
        self._machine_of = machine_of
        self._url_of = url_of

    def event(self, item: Item) -> Chapter:
        """The chapter of a Stripe event."""
        keys = [f"fact:{key}" for key in item.get("facts") or ()]
        return Chapter(
            kind="event",
            id=item["event_id"],
            at=moment(item["received_at"]),
            title=item.get("type") or "An event that nobody could read",
            event=self._said(item),
            execution=self._handler(item["lease_execution"], item.get("executions", ())),
            outcome=item.get("outcome"),
            reason=item.get("reason"),
            attention=item.get("attention"),
            done_at=moment_or_none(item.get("done_at")),
            version=item.get("version"),
            failure=_failure(item),
            changes=_changes(item.get("changes") or {}),
            facts=self._told(self._facts[key] for key in keys if key in self._facts),
        )

    def own_cause(self, cause: str, facts: Iterable[Item]) -> Chapter:
        """The chapter of facts that no event led to: we looked at Stripe ourselves."""
        told_facts = self._told(facts)
        kind, title = next(
            ((kind, title) for start, kind, title in _CAUSES if cause.startswith(start)),
            ("reconciliation", "Reconciliation"),
        )
        return Chapter(
            kind=kind,
            id=cause,
            at=told_facts[0].at,
            title=title,
            execution=self._handler(cause) if kind == "deadline" else None,
            version=max(fact.version for fact in told_facts),
            facts=told_facts,
        )

    def reconciliation(self, item: Item, facts: Iterable[Item]) -> Chapter:
        """The chapter of a run over this customer, with what it healed."""
        entry = RunEntry.model_validate(item)
        run = entry.run
        return Chapter(
            kind="reconciliation",
            id=run.id,
            at=moment(run.started_at),
            title="Reconciliation",
            execution=self._handler(entry.lease_execution) if entry.lease_execution else None,
            attention=entry.attention,
            done_at=moment_or_none(entry.completed_at),
            facts=self._told(facts),
            reconciled=Reconciled(
                run_id=run.id,
                completed_at=moment_or_none(entry.completed_at),
                **run.tally.model_dump(),
            ),
        )

    def operator(self, item: Item) -> Chapter:
        """The chapter of what somebody did by hand."""
        names = ("subject", "operator", "reason", "batch")
        return Chapter(
            kind="operator",
            id=item["event_id"],
            at=moment(item["received_at"]),
            title=item["type"],
            operator=OperatorAction(
                action=item["type"],
                result=item.get("result"),
                **{name: item[name] for name in names},
            ),
        )

    def _said(self, item: Item) -> StripeEvent:
        source = item.get("source")
        return StripeEvent(
            id=item["event_id"],
            type=item.get("type"),
            object_id=item.get("object_id"),
            customer_id=item.get("customer_id"),
            created_at=moment_or_none(item.get("created")),
            received_at=moment(item["received_at"]),
            deliveries=item["deliveries"],
            door=None if source is None else "relay" if source == SOURCE else "partner",
            stripe_url=self._url_of(item["event_id"]),
        )

    def _handler(self, arn: str, names: Iterable[str] = ()) -> Handler:
        name = arn.rpartition(":")[2]
        return Handler(
            arn=arn,
            name=name,
            machine=self._machine_of(arn),
            others=tuple(sorted(set(names) - {name})),
        )

    def _told(self, items: Iterable[Item]) -> tuple[ToldFact, ...]:
        return tuple(self._fact(item) for item in items)

    def _fact(self, item: Item) -> ToldFact:
        fact = fact_of(item)
        mail = self._mails.get(mail_key_of(item) or "")
        # Two facts may tell of one topic, of which there is one mail: the first one's.
        mails = (_mail(mail),) if mail is not None and mail["cause"] == fact.key else ()
        return ToldFact(
            key=fact.key,
            type=fact.type,
            at=moment(fact.occurred_at),
            version=fact.version,
            summary=summary_of(fact),
            before=fact.before,
            after=fact.after,
            published_at=moment_or_none(item.get("published_at")),
            mails=mails,
        )


def _mail(item: Item) -> Mail:
    return Mail(
        id=item["event_id"],
        mail=item["type"],
        at=moment(item["received_at"]),
        outcome=item.get("outcome"),
        message_id=item.get("message_id"),
        error=item.get("error"),
    )


def _failure(item: Item) -> Failure | None:
    if "failed_at" not in item:
        return None
    return Failure(
        error=item.get("error"),
        cause=item.get("cause"),
        at=moment(item["failed_at"] // 1000),
        redrive_count=item["redrive_count"],
        open=item.get("attention") == "failed",
    )


def _changes(stored: Mapping[str, Mapping[str, Any]]) -> tuple[Change, ...]:
    return tuple(
        Change(
            field=field,
            before=_shown(field, change.get("before")),
            after=_shown(field, change.get("after")),
        )
        for field, change in stored.items()
    )


def _shown(field: str, value: Any) -> Any:
    return moment(value).isoformat() if field in _TIMES and isinstance(value, int) else value
