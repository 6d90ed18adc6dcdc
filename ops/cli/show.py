"""``scai-ops show``: one execution whole."""

import json
from typing import Annotated, Any

import typer

from ops.cli.executions import status_of
from ops.cli.options import AsJson, target_of
from ops.cli.output import say, show_json, show_table
from ops.cli.times import shown
from ops.history import Step
from ops.show import ExecutionDetail
from ops.show import show as whole

#: Of the ledger's entry, what says how the event ended.
_TOLD = ("outcome", "reason", "attention", "deliveries", "facts")


def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The execution's name or ARN.")],
    *,
    full: Annotated[
        bool, typer.Option("--full", help="Input and output of the whole and of each state, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show one execution: whose it is, the path that it took, and what the ledger says."""
    detail = whole(target_of(context), name)
    if as_json:
        show_json(detail)
        return
    for label, value in _heading(detail):
        if value:
            say(f"{label:<10} {value}")
    say("")
    show_table(
        ("state", "type", "status", "from", "ms", "tries", "error"),
        ((_state(step), *_row(step)) for step in detail.steps),
    )
    if full:
        _show_data(detail)


def _heading(detail: ExecutionDetail) -> list[tuple[str, Any]]:
    execution, ledger = detail.execution, detail.ledger or {}
    event = " ".join(filter(None, (execution.event_type, execution.event_id)))
    return [
        ("execution", execution.arn),
        ("machine", execution.machine),
        ("status", status_of(execution)),
        ("event", event),
        ("user", execution.user_id),
        ("customer", execution.customer_id),
        ("error", execution.error),
        ("cause", execution.cause),
        ("ledger", ", ".join(f"{name} {ledger[name]}" for name in _TOLD if ledger.get(name))),
        ("retry", _retry(detail)),
        ("console", detail.aws_console_url),
    ]


def _retry(detail: ExecutionDetail) -> str | None:
    if not detail.execution.open:
        return None
    command = f"scai-ops retry {detail.execution.name}"
    return command if detail.redrivable else f"{command} (starts anew: {detail.redrive_reason})"


def _state(step: Step) -> str:
    return f"{step.state} (redrive {step.redrive})" if step.redrive else step.state


def _row(step: Step) -> tuple[Any, ...]:
    entered = shown(int(step.entered_at.timestamp()))
    return step.type, step.status, entered, step.duration_ms, step.tries or "", step.error


def _show_data(detail: ExecutionDetail) -> None:
    _show_value("input", detail.input)
    for step in detail.steps:
        _show_value(f"input of {step.state}", step.input)
        _show_value(f"output of {step.state}", step.output)
        _show_value(f"cause at {step.state}", step.cause)
    _show_value("output", detail.output)
    _show_value("ledger", detail.ledger)


def _show_value(label: str, value: Any) -> None:
    if value is None:
        return
    say("")
    say(f"{label}:")
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    for line in text.splitlines():
        say(line)
