"""``scai-ops drift``: what the last comparison with Stripe found, and what is still open of it."""

import typer

from ops.cli.options import AsJson, target_of
from ops.cli.output import say, show_json, show_table
from ops.cli.words import at, say_all
from ops.drift import Report, drift_report


def drift(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show the last comparison with Stripe, and the records that somebody should look at."""
    report = drift_report(target_of(context))
    if as_json:
        show_json(report)
        return
    if report.last is None:
        say("everything was never compared with Stripe: scai-ops reconcile --all")
    else:
        show_report(report.last)
    if report.open_runs:
        say("")
        show_table(
            ("drift left with", "user", "when", "what"),
            (
                (
                    run.customer_id,
                    run.user_id,
                    at(run.started_at),
                    ", ".join(f.kind for f in run.findings if f.left),
                )
                for run in report.open_runs
            ),
        )
    if report.records:
        say("")
        show_table(
            ("record of", "what", "since", "look"),
            ((each.user_id, each.what, at(each.since), each.do) for each in report.records),
        )


def show_report(report: Report) -> None:
    """Print a run: how far it came, what it looked at, found and healed."""
    state = "running" if report.running else "complete" if report.complete else "BROKE OFF"
    looked_at = ", ".join(f"{count} {what}" for what, count in report.looked_at.items())
    say_all(
        (
            ("run", f"{report.customer_id or 'everything'}, {state}"),
            ("began", at(report.started_at)),
            ("ended", at(report.completed_at)),
            ("at", "" if report.complete else f"{report.phase}, page {report.page}"),
            ("looked at", looked_at or "nothing"),
        )
    )
    if not report.findings:
        say("nothing differed")
        return
    show_table(
        ("found", "healed", "kind", "what", "such as", "do"),
        (
            (f.found, f.healed, f.kind, f.meaning, ", ".join(f.examples[:3]), f.do)
            for f in report.findings
        ),
        prose=("what", "do"),
    )
