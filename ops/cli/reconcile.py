"""``scai-ops reconcile``: compare with Stripe now, and heal what differs."""

from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from ops.cli.asked import INTERRUPTED, Asked
from ops.cli.drift import show_report
from ops.cli.misuse import Misuse
from ops.cli.options import target_of
from ops.cli.output import note, show_json
from ops.cli.unfolding import unfolded
from ops.errors import OpsError
from ops.journal import Journal
from ops.people import Person, find_person
from ops.reconciling import Progress, Started, follow, start
from ops.target import Target


@dataclass(frozen=True)
class Whom:
    """Whom to compare, by exactly one way to say so."""

    everything: Annotated[bool, typer.Option("--all", help="Everything, as every night does.")] = (
        False
    )
    user: Annotated[str | None, typer.Option(help="One user: any id or e-mail of theirs.")] = None
    customer: Annotated[
        str | None, typer.Option(help="One Stripe customer (cus_), who may be unknown here.")
    ] = None

    def __post_init__(self) -> None:
        if sum(map(bool, (self.everything, self.user, self.customer))) != 1:
            raise Misuse("give one of --all, --user and --customer")
        if self.customer and not self.customer.startswith("cus_"):
            raise Misuse(
                f"{self.customer} is no customer's id (cus_…): --user finds people by others"
            )

    def on(self, target: Target) -> tuple[Person | str | None, str]:
        """Whoever it is, and how to say it."""
        if self.user:
            person = find_person(target, self.user)
            return person, f"user {person.user_id}"
        return self.customer, f"customer {self.customer}" if self.customer else "everything"


@unfolded
def reconcile(
    context: typer.Context,
    whom: Whom,
    *,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Start it, and don't wait for its end.")
    ] = False,
    asked: Asked,
) -> None:
    """Compare with Stripe now, heal what differs, say what was found; exit 1 if some is left."""
    target = target_of(context)
    who, named = whom.on(target)
    if asked.dry_run:
        _show_plan(f"compare {named} with Stripe, and heal what differs", as_json=asked.as_json)
        return
    why = asked.confirmed(f"Compare {named} with Stripe, and heal what differs?")
    started = start(target, Journal(target, why), who)
    if no_wait:
        _show_started(started, as_json=asked.as_json)
        return
    _show_end(_followed(target, started, as_json=asked.as_json), as_json=asked.as_json)


def _show_plan(would: str, *, as_json: bool) -> None:
    if as_json:
        show_json({"would": would})
    else:
        note(f"would {would}")


def _followed(target: Target, started: Started, *, as_json: bool) -> Progress:
    """Show how far it is until it has ended; Ctrl-C ends the looking, not the run."""
    said = Progress(state="running", execution=started.execution)
    try:
        with Console(stderr=True, quiet=as_json).status("starting") as status:
            for said in follow(target, started):
                status.update(Text(_line(said)))
    except KeyboardInterrupt:
        note(f"it goes on without you: `scai-ops show {_name(started)}`, `scai-ops drift`")
        raise typer.Exit(INTERRUPTED) from None
    return said


def _line(progress: Progress) -> str:
    looked_at = ", ".join(f"{count} {what}" for what, count in progress.looked_at.items())
    found, healed = sum(progress.found.values()), sum(progress.healed.values())
    where = f"{progress.phase}, page {progress.page}" if progress.phase else "starting"
    return f"{where}: {looked_at or 'nothing yet'}; {found} found, {healed} healed"


def _show_started(started: Started, *, as_json: bool) -> None:
    if as_json:
        show_json(started)
    else:
        note(f"started {_name(started)}: `scai-ops drift` says what it finds")


def _show_end(end: Progress, *, as_json: bool) -> None:
    """Print how it ended.

    Raises:
        OpsError: it is not known that all is well now.
    """
    if as_json:
        show_json(end)
    elif end.report is not None:
        show_report(end.report)
    name = end.execution.rpartition(":")[2]
    if end.state == "left":
        raise OpsError(f"another run of the same is under way: `scai-ops show {name}`")
    if end.state == "failed":
        raise OpsError(f"it failed: {end.error}; `scai-ops show {name}` says where")
    if end.report is not None and end.report.left:
        raise OpsError(f"{end.report.left} could not be healed: do what the report says")


def _name(started: Started) -> str:
    return started.execution.rpartition(":")[2]
