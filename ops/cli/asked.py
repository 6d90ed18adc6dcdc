"""How an operator asked for a change: to look only, without being asked back, for scripts."""

import sys
from dataclasses import dataclass
from typing import Annotated

import typer

from ops.cli.misuse import Misuse
from ops.cli.options import AsJson
from ops.cli.output import note
from ops.errors import OpsError

#: What a command ends with that somebody cut off.
INTERRUPTED = 130


@dataclass(frozen=True)
class Asked:
    """The options that all commands share which change something."""

    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")
    ] = False
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Don't ask before changing something.")
    ] = False
    reason: Annotated[
        str | None,
        typer.Option(help="Why: it is kept in the operators' log. Asked for if not given."),
    ] = None
    as_json: AsJson = False

    def __post_init__(self) -> None:
        """Refuse at once what would only fail after a long look.

        Raises:
            Misuse: there is nobody to ask, and it wasn't said.
        """
        sure = self.dry_run or (self.yes and self._reason)
        if not sure and not sys.stdin.isatty():
            raise Misuse("this changes something: give --yes and --reason (or --dry-run to look)")

    def confirmed(self, question: str) -> str:
        """Ask whether to go on, and why, unless it was said already; give the reason.

        Raises:
            OpsError: the answer was no.
            Exit: it was interrupted.
        """
        try:
            if not self.yes and not typer.confirm(question, err=True):
                raise OpsError("nothing was changed")
            reason = self._reason
            while not reason:
                reason = str(typer.prompt("Why", err=True)).strip()
        except typer.Abort:
            note("nothing was changed")
            raise typer.Exit(INTERRUPTED) from None
        return reason

    @property
    def _reason(self) -> str:
        return (self.reason or "").strip()
