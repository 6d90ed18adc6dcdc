"""What somebody should look at with one customer, each with what to do about it."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from billing.domain.access import access_of
from billing.domain.record import Record, Value
from billing.store.dynamodb import to_values
from ops.amounts import moment
from ops.chapters import Chapter
from ops.dunning import DunningCase
from ops.indexes import ON_ITS_WAY, items_of
from ops.people import Person
from ops.target import Target

_BY_HAND = "write to the customer by hand if it matters: it isn't sent again by itself"
_TRIED_ON = "nothing for three days, as it is tried again; then scai-ops dlq list --queue mails"


class Concern(Value):
    """Something that somebody should look at; ``do`` is what to do about it."""

    what: str
    do: str


def concerns_of(
    target: Target,
    person: Person,
    record: Record,
    case: DunningCase | None,
    chapters: Sequence[Chapter],
) -> Iterator[Concern]:
    """Look at a customer's record, dunning and last chapters."""
    reconcile = f"scai-ops reconcile --user {person.user_id}"
    yield from _of_person(person, record)
    yield from _of_record(record)
    if case and case.waiter and case.waiter.state == "lost":
        what = f"nobody waits for the end of grace: execution {case.waiter.name} doesn't run"
        yield Concern(what=what, do=reconcile)
    due = access_of(record, target.ports.policy, target.ports.now()).level
    if due != record.access_level:
        what = f"access is {due} by now, and {record.access_level} was announced last"
        yield Concern(what=what, do=reconcile)
    arrived_by = moment(target.ports.now() - ON_ITS_WAY)
    for chapter in chapters:
        yield from _of_chapter(chapter, arrived_by)
    yield from _of_run(target, person)
    yield from _of_waiting_events(target, person, reconcile)


def _of_person(person: Person, record: Record) -> Iterator[Concern]:
    if not person.registered:
        yield Concern(
            what="the users table doesn't have this user (any more)",
            do="end the subscription at Stripe if the user is gone for good",
        )
    if record.customer and record.customer.deleted:
        what = f"customer {record.customer.customer_id} is deleted at Stripe"
        yield Concern(what=what, do="nothing: with the next checkout a new customer is made")


def _of_record(record: Record) -> Iterator[Concern]:
    for other in record.other_live:
        yield Concern(
            what=f"pays for a further subscription, {other.subscription_id} ({other.status})",
            do="end one of the two at Stripe, and refund what was paid twice",
        )
    for invoice in record.invoices.values():
        if invoice.status == "draft" and invoice.error:
            yield Concern(
                what=f"invoice {invoice.invoice_id} can't be finalized: {invoice.error}",
                do="mend the cause at Stripe (an address for taxes, mostly) and finalize it there",
            )


def _of_chapter(chapter: Chapter, arrived_by: datetime) -> Iterator[Concern]:
    """``arrived_by``: what is younger may still be on its way."""
    if chapter.failure and chapter.failure.open and chapter.execution:
        yield Concern(
            what=f"{chapter.title} {chapter.id} failed: {chapter.failure.error}",
            do=f"scai-ops retry {chapter.execution.name}",
        )
    for fact in chapter.facts:
        if fact.published_at is None and fact.at < arrived_by:
            what = f"{fact.key} is not on the bus yet"
            yield Concern(what=what, do="scai-ops publish-facts")
        for mail in fact.mails:
            if mail.outcome not in ("sent", "no_address") and mail.at < arrived_by:
                came_of_it = mail.outcome or "not known whether it left"
                what = f"mail {mail.mail}: {came_of_it} {mail.error or ''}".strip()
                yield Concern(what=what, do=_TRIED_ON if mail.outcome == "deferred" else _BY_HAND)


def _of_run(target: Target, person: Person) -> Iterator[Concern]:
    entry = target.ports.runs.find(f"reconcile:{person.customer_id}")
    if entry is not None and entry.attention:
        yield Concern(what="the last reconciliation left drift", do="scai-ops drift")


def _of_waiting_events(target: Target, person: Person, reconcile: str) -> Iterator[Concern]:
    """Events that came before anybody knew whose customer they are about."""
    if person.customer_id is None:
        return
    waiting = items_of(
        target.ports.dynamodb,
        TableName=target.ports.settings.events_table,
        IndexName="UnattributedIndex",
        KeyConditionExpression="waits_for_customer = :customer",
        ExpressionAttributeValues=to_values({":customer": person.customer_id}),
    )
    ids = [item["event_id"] for item in waiting]
    if ids:
        yield Concern(
            what=f"{len(ids)} events wait until this customer is linked: {', '.join(ids[:3])}",
            do=reconcile,
        )
