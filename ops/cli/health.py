"""``scai-ops health``: is all well, and what to do where it isn't."""

import typer

from ops.cli.options import AsJson, target_of
from ops.cli.output import show_json, show_table
from ops.health import health as look


def health(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Look at doors, dead letters, failures, facts, mails, drift and alarms; exit 1 if bad."""
    found = look(target_of(context))
    if as_json:
        show_json(found)
    else:
        show_table(
            ("", "what", "says", "do"),
            ((check.verdict, check.name, check.says, check.do) for check in found.checks),
            prose=("says", "do"),
        )
    if not found.healthy:
        raise typer.Exit(1)
