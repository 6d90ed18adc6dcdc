"""``scai-ops causes``: what fails, and why."""

import typer

from ops.causes import causes_of, failures
from ops.cli.filters import Wanted
from ops.cli.options import AsJson, target_of
from ops.cli.output import gathered, note, show_json, show_table
from ops.cli.times import shown
from ops.cli.unfolding import unfolded


@unfolded
def causes(context: typer.Context, wanted: Wanted, *, as_json: AsJson = False) -> None:
    """List why executions fail, what fails most first; `retry-failed --cause ID` retries one."""
    target = target_of(context)
    failed = gathered("looking at failures", failures(target, wanted.on(target)))
    found = causes_of(target, failed)
    if as_json:
        show_json(found)
        return
    if not found:
        note("nothing has failed that isn't done by now")
        return
    show_table(
        ("cause", "failed", "machines", "state", "error", "last", "message"),
        (
            (
                c.id,
                c.count,
                ", ".join(c.machines),
                c.state,
                f"{c.error} (stopped)" if c.stopped else c.error,
                shown(int(c.last_at.timestamp())),
                c.message,
            )
            for c in found
        ),
        prose=("message",),
    )
