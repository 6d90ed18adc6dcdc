"""``scai-ops timeline``: one customer's story, newest first."""

from collections.abc import Iterator
from typing import Annotated

import typer

from ops.chapters import Chapter, Handler, StripeEvent, ToldFact
from ops.cli.options import AsJson, target_of
from ops.cli.output import note, say, show_json
from ops.cli.words import Who, at
from ops.people import find_person
from ops.timeline import CHAPTERS, with_statuses
from ops.timeline import timeline as page_of


def timeline(
    context: typer.Context,
    who: Who,
    *,
    limit: Annotated[int, typer.Option(min=1, max=500)] = CHAPTERS,
    cursor: Annotated[
        str | None, typer.Option(help="Where to go on: the last page tells it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell a customer's story: what Stripe said, who handled it, and what came of it."""
    target = target_of(context)
    person = find_person(target, who)
    page = with_statuses(target, page_of(target, person.user_id, cursor, limit))
    if as_json:
        show_json(page)
        return
    if not page.chapters:
        note(f"{person.user_id} has no history{'' if cursor is None else ' before that'}")
    for chapter in page.chapters:
        for line in lines_of(chapter):
            say(line)
    if page.cursor:
        note(f"older: scai-ops timeline {person.user_id} --cursor {page.cursor}")


def lines_of(chapter: Chapter) -> Iterator[str]:
    """A chapter in lines: its title, and indented what came of it."""
    yield f"{at(chapter.at)}  {chapter.title}  {_end(chapter)}".rstrip()
    if chapter.event:
        yield f"    stripe     {_said(chapter.event)}"
    if chapter.execution:
        yield f"    execution  {_handled(chapter.execution)}"
    if chapter.failure:
        yield f"    failed     {at(chapter.failure.at)} {chapter.failure.error or 'mended since'}"
    if chapter.operator:
        action = chapter.operator
        yield f"    operator   {action.operator}: {action.reason}"
        yield f"    did        {action.action} {action.subject}: {action.result or 'cut off'}"
    if chapter.reconciled:
        run = chapter.reconciled
        yield f"    compared   found {_tally(run.found)}, healed {_tally(run.healed)}"
    for change in chapter.changes:
        before = "" if change.before is None else f"{change.before} "
        yield f"    changed    {change.field}: {before}→ {_or_none(change.after)}"
    for fact in chapter.facts:
        yield from _fact(fact)


def _end(chapter: Chapter) -> str:
    """How an event ended, and why."""
    if chapter.event is None:
        return ""
    why = f": {chapter.reason}" if chapter.reason else ""
    return f"{chapter.outcome or 'under way'}{why}"


def _said(event: StripeEvent) -> str:
    parts = [
        event.id,
        f"about {event.object_id}" if event.object_id else "",
        f"of {at(event.created_at)}" if event.created_at else "",
        f"by the {event.door}" if event.door else "",
        f"{event.deliveries} deliveries" if event.deliveries > 1 else "",
        event.stripe_url or "",
    ]
    return " ".join(filter(None, parts))


def _handled(handler: Handler) -> str:
    others = f", further ones {', '.join(handler.others)}" if handler.others else ""
    return f"{handler.machine} {handler.status or 'not kept any more'} {handler.name}{others}"


def _fact(fact: ToldFact) -> Iterator[str]:
    published = "" if fact.published_at else "  NOT ON THE BUS YET"
    yield f"    told       {fact.type} {fact.summary}{published}".rstrip()
    for mail in fact.mails:
        outcome = mail.outcome or "not known whether it left"
        yield f"      mailed   {mail.mail}: {outcome} {mail.error or ''}".rstrip()


def _tally(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in counts.items()) or "nothing"


def _or_none(value: object) -> object:
    return "none" if value is None else value
