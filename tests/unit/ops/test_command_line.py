"""What every command has in common: its options, its times, and how it ends."""

import io
import json
import sys
from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest
import typer

from billing.store.ledger import Entry
from ops.causes import failures
from ops.cli import causes, executions, main, reconcile, replay, retry
from ops.cli.misuse import Misuse
from ops.cli.times import ago, window
from ops.cli.unfolding import unfolded
from ops.drift import Finding, Report
from ops.reconciling import Progress
from tests.support.aws import add_user
from tests.support.builders import NOW
from tests.support.stepfunctions import START, Stage

SURE = ("--yes", "--reason", "a test")


@pytest.fixture(autouse=True)
def on_the_stage(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    for command in (causes, executions, reconcile, replay, retry):
        monkeypatch.setattr(command, "target_of", lambda _context: stage.target)
    monkeypatch.setattr(sys, "stdin", io.StringIO())  # nobody is there to be asked


def ends(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Any:
    """The exit code of a command."""
    monkeypatch.setattr(sys, "argv", ["scai-ops", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code


# -- Options ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lot:
    """Options that belong together."""

    names: Annotated[list[str] | None, typer.Argument()] = None
    colour: Annotated[str, typer.Option("--colour")] = "red"


def test_options_that_belong_together_come_as_one_value_beside_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    got: list[tuple[int, Lot]] = []

    @unfolded
    def command(lot: Lot, *, count: Annotated[int, typer.Option()] = 1) -> None:
        got.append((count, lot))

    app = typer.Typer()
    app.command()(command)
    monkeypatch.setattr(sys, "argv", ["command", "a", "b", "--count", "2", "--colour", "blue"])
    app(standalone_mode=False)
    monkeypatch.setattr(sys, "argv", ["command"])
    app(standalone_mode=False)

    assert got == [(2, Lot(names=["a", "b"], colour="blue")), (1, Lot())]


@dataclass(frozen=True)
class Named:
    """Options of which one has to be given."""

    colour: Annotated[str, typer.Option("--colour")]


def test_an_option_without_a_default_has_to_be_given(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    got: list[Named] = []

    @unfolded
    def command(named: Named) -> None:
        got.append(named)

    app = typer.Typer()
    app.command()(command)
    monkeypatch.setattr(sys, "argv", ["command", "--colour", "blue"])
    app(standalone_mode=False)
    monkeypatch.setattr(sys, "argv", ["command"])
    with pytest.raises(SystemExit, match="2"):
        app()

    assert got == [Named(colour="blue")]
    assert "--colour" in capsys.readouterr().err


def test_a_default_that_a_factory_makes_is_refused_where_the_command_is_written() -> None:
    @dataclass(frozen=True)
    class Made:
        names: Annotated[list[str], typer.Option("--name")] = field(default_factory=list)

    def command(made: Any) -> None: ...

    command.__annotations__["made"] = Made
    with pytest.raises(TypeError, match="names: Typer takes a default as a value"):
        unfolded(command)


@pytest.mark.parametrize(
    "arguments",
    [
        ("executions", "--since", "yesterday"),
        ("audit", "--since", "soon"),
        ("causes", "--since", "1h", "--until", "2h"),
        ("reconcile", "--dry-run"),
        ("reconcile", "--dry-run", "--all", "--user", "user_1"),
        ("reconcile", "--dry-run", "--customer", "user_1"),
        ("dlq", "drop", "--dry-run"),
        ("dlq", "drop", "--all", "--yes"),
        ("retry-failed", "--reason", "why"),
        ("replay", "--dry-run"),
        ("replay", "--dry-run", "evt_1", "--since", "1h"),
        ("replay", "--dry-run", "evt_1", "--until", "1h"),
        ("replay", "--dry-run", "--archive", "--until", "1h"),
        ("replay", "--dry-run", "--archive", "--partner-archive", "--since", "1h"),
        ("replay", "--dry-run", "--archive", "--since", "1h", "--per-second", "5"),
        ("--stack-name", "another", "health"),
    ],
)
def test_whoever_uses_a_command_wrongly_is_told_before_anything_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, stage: Stage, arguments: tuple[str, ...]
) -> None:
    assert ends(monkeypatch, *arguments) == 2
    assert not stage.stepfunctions.asked


def test_no_message_quotes_an_option_that_nobody_gave(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends(monkeypatch, "replay", "--dry-run", "--type", "invoice.paid", "--until", "7d") == 2

    said = capsys.readouterr().err
    assert "with --until give --since too" in said
    assert "24h" not in said


def test_a_user_is_meant_by_their_address_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stage: Stage
) -> None:
    add_user()
    arn = stage.put("renew", "one")
    event = stage.claimed(arn)
    stage.ports.ledger.close(
        Entry(event_id=event.id, execution=arn, user_id="user_1", outcome="applied", at=NOW)
    )

    for user in ("user_1", "user_1@example.test"):
        assert ends(monkeypatch, "executions", "--since=2020-01-01", "--user", user, "--json") == 0
        assert [each["arn"] for each in json.loads(capsys.readouterr().out)] == [arn]


# -- Times --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90m", NOW - 5_400),
        ("7d", NOW - 604_800),
        ("999999999d", 0),
        ("1970-01-01T01:00", 3_600),
        ("1970-01-01T01:00+01:00", 0),
        ("0001-01-01", 0),
    ],
)
def test_a_time_is_so_long_ago_or_a_moment_in_utc(text: str, seconds: int) -> None:
    assert ago(text, NOW) == seconds


@pytest.mark.parametrize("text", ["", "7", "7w", "-7d", "٣d", "1h30m", "2026-13-01"])
def test_what_is_no_time_is_said_to_be_none(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no time: write"):
        ago(text, NOW)


def test_a_window_that_ends_before_it_begins_is_refused() -> None:
    assert window("2h", "1h", NOW) == (NOW - 7_200, NOW - 3_600)
    assert window("2h", None, NOW) == (NOW - 7_200, NOW)
    with pytest.raises(Misuse, match="--since 1h is later than --until 2h"):
        window("1h", "2h", NOW)


# -- Ends ---------------------------------------------------------------------------------------


def report(**left: int) -> Report:
    findings = tuple(
        Finding(kind=kind, meaning=kind, found=count, healed=0, examples=(), do=None)
        for kind, count in left.items()
    )
    return Report(
        scope="all",
        run_id="run-1",
        user_id=None,
        customer_id=None,
        started_at=START,
        completed_at=START,
        complete=True,
        running=False,
        execution=None,
        phase="events",
        page=1,
        looked_at={},
        findings=findings,
    )


@pytest.mark.parametrize(
    ("how", "code", "said"),
    [
        ({"state": "done", "report": report()}, 0, ""),
        ({"state": "done", "report": report(unknown_customer=7)}, 0, ""),
        ({"state": "done", "report": report(orphaned=1, failed_event=1)}, 1, "2 could not be"),
        ({"state": "left", "report": report()}, 1, "another run of the same is under way"),
        ({"state": "failed", "error": "StripeRejected"}, 1, "it failed: StripeRejected"),
    ],
)
def test_a_comparison_ends_well_only_where_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    how: dict[str, Any],
    code: int,
    said: str,
) -> None:
    end = Progress(execution="arn:one", **how)
    monkeypatch.setattr(reconcile, "follow", lambda *_: iter([end]))

    assert ends(monkeypatch, "reconcile", "--all", "--json", *SURE) == code

    printed = capsys.readouterr()
    assert json.loads(printed.out)["state"] == how["state"]
    assert said in printed.err


def test_what_somebody_stopped_is_counted_where_it_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stage: Stage
) -> None:
    stage.failed("renew", "failed")
    stage.put("renew", "stopped", status="ABORTED")

    assert ends(monkeypatch, "retry-failed", "--since", "2020-01-01", "--dry-run", "--json") == 0

    printed = capsys.readouterr()
    assert [plan["how"] for plan in json.loads(printed.out)] == ["redriven"]
    assert "1 is left that somebody stopped" in printed.err
    assert "--status ABORTED" in printed.err


def test_a_plan_tells_of_what_can_not_be_retried_and_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stage: Stage
) -> None:
    arn = stage.failed("renew", "gone", at=1)
    stage.failed("renew", "there", at=2)
    listed = list(failures(stage.target))
    monkeypatch.setattr(retry, "failures", lambda *_: listed)
    del stage.stepfunctions.held[arn]

    assert ends(monkeypatch, "retry-failed", "--dry-run", "--json") == 1

    printed = capsys.readouterr()
    assert [plan["how"] for plan in json.loads(printed.out)] == ["failed", "redriven"]
    assert "1 of 2 could not be retried" in printed.err
