"""``scai-ops dunning``: who owes what, since when, until when."""

from typing import Annotated

import typer

from ops.cli.options import AsJson, target_of
from ops.cli.output import note, show_json, show_table
from ops.cli.words import at
from ops.dunning import CASES, Waiter, dunning_board


def dunning(
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option(min=1, max=500)] = CASES,
    cursor: Annotated[
        str | None, typer.Option(help="Where to go on: the last page tells it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List who is in dunning, those that owe the longest first."""
    page = dunning_board(target_of(context), cursor, limit)
    if as_json:
        show_json(page)
        return
    if not page.cases:
        note("nobody is in dunning")
        return
    show_table(
        ("user", "e-mail", "owes", "since", "grace until", "access", "failed", "next", "waits"),
        (
            (
                case.user_id,
                case.email,
                case.owed.text if case.owed else None,
                at(case.since),
                at(case.until),
                case.access,
                case.failed_attempts,
                at(case.next_attempt_at),
                _waits(case.waiter),
            )
            for case in page.cases
        ),
    )
    if page.cursor:
        note(f"more: scai-ops dunning --cursor {page.cursor}")


def _waits(waiter: Waiter | None) -> str:
    return "nobody" if waiter is None else f"{waiter.state} {waiter.name}"
