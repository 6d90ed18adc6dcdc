"""What comes from outside is shown as text, wherever it is shown."""

import io
import json
from collections.abc import Iterator

import pytest
import typer
from rich.console import Console
from rich.text import Text

from ops.cli import app, output
from ops.cli.asked import Asked
from ops.cli.misuse import Misuse
from ops.errors import OpsError

HOSTILE = "\x1b[2J \x9b2J \x7f \ud800 \u202e é"


def test_json_holds_no_code_that_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    output.show_json([{"name": HOSTILE}])

    printed = capsys.readouterr().out
    assert all(c == "\n" or " " <= c <= "~" for c in printed)
    assert json.loads(printed) == [{"name": HOSTILE}]


def test_an_error_is_one_line_whatever_it_quotes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing() -> None:
        raise OpsError(f"there is no {HOSTILE}\nat all")

    monkeypatch.setattr(app, "app", failing)

    with pytest.raises(SystemExit) as end:
        app.main()

    printed = capsys.readouterr().err
    assert end.value.code == 1
    assert printed == "error: there is no \\x1b[2J \\x9b2J \\x7f \\ud800 \\u202e é\\nat all\n"


@pytest.mark.parametrize("end", [KeyboardInterrupt, OpsError])
def test_long_work_that_is_cut_off_says_where_to_read_what_was_done(
    capsys: pytest.CaptureFixture[str], end: type[BaseException]
) -> None:
    with pytest.raises(end):
        output.gathered("retrying", cut_off(end), 2, changing=True)

    assert "`scai-ops audit` lists what was done until then" in capsys.readouterr().err


def cut_off(end: type[BaseException]) -> Iterator[str]:
    yield "one"
    raise end


def test_a_look_that_is_cut_off_has_done_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt):
        output.gathered("looking", cut_off(KeyboardInterrupt))

    assert capsys.readouterr().err.strip() == ""


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_a_script_changes_nothing_without_a_reason(
    monkeypatch: pytest.MonkeyPatch, reason: str | None
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())

    with pytest.raises(Misuse, match="give --yes and --reason"):
        Asked(yes=True, reason=reason)


ID = "8bc001b0-e68a-462e-919d-1aee20247976"
PROSE = "it could not be written, because the role may not write to this table by now"


@pytest.mark.parametrize(("width", "lines"), [(40, 4), (200, 2)])
def test_in_a_narrow_terminal_prose_is_folded_and_an_id_can_still_be_copied(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int, lines: int
) -> None:
    monkeypatch.setattr(output, "_out", Console(width=width, force_terminal=True))

    output.show_table(("name", "why", "new"), [(ID, PROSE, ID)], prose=("why",))

    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == lines
    assert printed[1].count(ID) == 2


def test_what_is_piped_on_is_a_line_for_each_row(capsys: pytest.CaptureFixture[str]) -> None:
    output.show_table(("why", "name"), [(PROSE * 20, ID)], prose=("why",))

    _title, row = capsys.readouterr().out.splitlines()
    assert row.split(PROSE) == [""] * 20 + [f"  {ID}"]


def test_no_line_ends_with_blanks(capsys: pytest.CaptureFixture[str]) -> None:
    output.show_table(("name", "why"), [(ID, "a"), (ID, PROSE)])

    assert all(line == line.rstrip() for line in capsys.readouterr().out.splitlines())


def test_on_a_terminal_titles_are_bold_and_no_line_ends_with_blanks_either(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(output, "_out", Console(width=200, force_terminal=True))

    output.show_table(("name", "why"), [(ID, "a"), (ID, PROSE)])

    lines = capsys.readouterr().out.splitlines()
    assert "\x1b[1mwhy\x1b[0m" in lines[0]
    shown = [Text.from_ansi(line).plain for line in lines]
    assert shown == [line.rstrip() for line in shown]


class Terminal:
    """Somebody who answers each question; Ctrl-C where they have no answer."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        if not self._answers:
            raise KeyboardInterrupt
        return f"{self._answers.pop(0)}\n"


def test_who_says_yes_is_asked_why_until_they_say_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("y", "", "  ", "ticket 7 "))

    assert Asked().confirmed("Go on?") == "ticket 7"


def test_who_says_no_has_changed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("n"))

    with pytest.raises(OpsError, match="nothing was changed"):
        Asked(reason="why").confirmed("Go on?")


@pytest.mark.parametrize("answered", [[], ["y"]])
def test_who_cuts_off_what_is_asked_has_changed_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, answered: list[str]
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(*answered))

    with pytest.raises(typer.Exit) as ended:
        Asked().confirmed("Go on?")

    assert ended.value.exit_code == 130
    assert "nothing was changed" in capsys.readouterr().err
