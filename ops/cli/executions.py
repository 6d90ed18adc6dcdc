"""``scai-ops executions``: what runs, has run and has failed, and whose it is."""

from typing import Annotated

import typer

from ops.cli.filters import Wanted
from ops.cli.options import AsJson, target_of
from ops.cli.output import note, show_json, show_table
from ops.cli.times import shown
from ops.cli.unfolding import unfolded
from ops.executions import Execution, first_executions


@unfolded
def executions(
    context: typer.Context,
    wanted: Wanted,
    *,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only what failed, and hasn't been done since.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """List executions of all machines, the newest first."""
    target = target_of(context)
    page = first_executions(target, wanted.on(target).model_copy(update={"open": failed}), limit)
    if page.cursor is not None:
        note(f"these are the first {limit}: --limit shows more, filters find what you look for")
    if as_json:
        show_json(page.items)
        return
    if not page.items:
        note("there are no such executions")
        return
    show_table(
        ("when", "machine", "status", "event", "user", "error", "name"),
        (
            (
                shown(int((e.stopped_at or e.started_at).timestamp())),
                e.machine,
                status_of(e),
                e.event_type,
                e.user_id or e.customer_id,
                e.error,
                e.name,
            )
            for e in page.items
        ),
    )


def status_of(execution: Execution) -> str:
    """An execution's status in words."""
    redriven = f", redriven {execution.redrive_count}x" if execution.redrive_count else ""
    return f"{execution.status}{redriven}{', settled' if execution.settled else ''}"
