"""``scai-ops audit``: what operators have changed by hand."""

from typing import Annotated

import typer

from ops.cli.options import AsJson, target_of
from ops.cli.output import note, show_json, show_table
from ops.cli.times import Since, ago, shown
from ops.journal import entries


def audit(
    context: typer.Context,
    *,
    since: Since = "7d",
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List what operators have changed: when, who, what, why, and what came of it."""
    target = target_of(context)
    found = entries(target, ago(since, target.ports.now()), limit)
    if len(found) == limit:
        note(f"these are the newest {limit}: --limit shows more")
    if as_json:
        show_json(found)
        return
    if not found:
        note("nobody has changed anything by hand in that time")
        return
    show_table(
        ("when", "who", "what", "on", "why", "result"),
        (
            (shown(e.at), e.operator, e.action, e.subject, e.reason, e.result or "cut off")
            for e in found
        ),
        prose=("why", "result"),
    )
