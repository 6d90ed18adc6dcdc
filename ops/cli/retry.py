"""``scai-ops retry`` and ``retry-failed``: have what failed done after all."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import typer

from ops.causes import failures
from ops.cli.asked import Asked
from ops.cli.filters import Wanted
from ops.cli.options import target_of
from ops.cli.output import gathered, note, say, show_json, show_table
from ops.cli.unfolding import unfolded
from ops.errors import OpsError
from ops.executions import Execution, find_execution
from ops.journal import Journal
from ops.retrying import Retried, meant, planned_each, retry_each
from ops.target import Target

Fresh = Annotated[
    bool,
    typer.Option("--fresh", help="Start anew by today's definition, rather than redrive."),
]


@unfolded
def retry(
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(help="Names or ARNs of executions.")],
    *,
    fresh: Fresh = False,
    asked: Asked,
) -> None:
    """Retry executions that failed: redrive them, or, where that can't be, start them anew."""
    target = target_of(context)
    wanted = [find_execution(target, name) for name in dict.fromkeys(names)]
    _retry(target, wanted, asked, fresh=fresh)


@unfolded
def retry_failed(
    context: typer.Context,
    *,
    cause: Annotated[
        str | None, typer.Option(help="Of one cause, by its id in `scai-ops causes`.")
    ] = None,
    wanted: Wanted,
    fresh: Fresh = False,
    asked: Asked,
) -> None:
    """Retry all that failed with one cause, or that filters want; without any, all that failed.

    What somebody stopped (ABORTED) is left alone, unless --cause or --status asks for it.
    """
    target = target_of(context)
    narrowed = wanted.on(target)
    found = gathered("looking at failures", failures(target, narrowed, cause))
    chosen = meant(found, narrowed, cause)
    if not found:
        note("nothing has failed so: `scai-ops causes` lists what has")
    left = len(found) - len(chosen)
    if left:
        is_ = "is" if left == 1 else "are"
        note(f"{left} {is_} left that somebody stopped: --status ABORTED retries such")
    _retry(target, chosen, asked, fresh=fresh)


def _retry(target: Target, wanted: Sequence[Execution], asked: Asked, *, fresh: bool) -> None:
    """Retry these, or say how they would be; end with 1 where any failed."""
    if asked.dry_run:
        work = planned_each(target, wanted, fresh=fresh)
        _tell(gathered("looking", work, len(wanted)), "would be", asked)
    elif wanted:
        journal = Journal(target, asked.confirmed(f"Retry {len(wanted)}?"))
        work = retry_each(target, journal, wanted, fresh=fresh)
        _tell(gathered("retrying", work, len(wanted), changing=True), "was", asked)
    else:
        _tell((), "was", asked)


def _tell(retried: Sequence[Retried], verb: str, asked: Asked) -> None:
    """Say what was done with each, and how many were done how."""
    if asked.as_json:
        show_json(retried)
    elif retried:
        show_table(
            ("execution", verb, "new execution", "why"),
            ((r.arn.rsplit(":", 1)[-1], _words(r.how), r.new_arn, r.why) for r in retried),
            prose=("why",),
        )
        counts = Counter(r.how for r in retried)
        say(", ".join(f"{count} {_words(how)}" for how, count in counts.most_common()))
    failed = sum(r.how == "failed" for r in retried)
    if failed:
        raise OpsError(f"{failed} of {len(retried)} could not be retried: the list says why")


def _words(how: str) -> str:
    return how.replace("_", " ")
