"""How commands speak: tables for people, JSON for scripts, progress and questions on stderr.

Guards that what is piped on is only ever the answer, and that texts from outside (names, causes)
are shown as text: never as markup, never as control codes of the terminal.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel
from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

T = TypeVar("T")

#: How narrow prose may become: an id still fits in. No line is as wide as the second.
_PROSE, _ENDLESS = 36, 1_000_000

_out = Console()
_err = Console(stderr=True)


def show_json(value: Any) -> None:
    """Print a model, or a list of them, as JSON: in ASCII, which any terminal and locale takes."""
    print(json.dumps(_plain(value), indent=2, default=str))


def show_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], prose: Sequence[str] = ()
) -> None:
    """Print a table. Nothing is cut off: ids and commands are there to be copied.

    On a terminal columns of ``prose`` are folded where there is too little room for all; what is
    too wide even so the terminal itself goes on with in its next line.
    """
    table = Table(box=None, header_style="none", pad_edge=False)
    cells = [[printable(cell) for cell in row] for row in rows]
    for place, column in enumerate(columns):
        longest = max(cell_len(text) for text in (column, *(row[place] for row in cells)))
        folds = column in prose
        least = min(longest, _PROSE) if folds else longest
        title = Text.assemble((column, "bold"))  # alone: what pads it is cut off below
        table.add_column(title, overflow="fold", no_wrap=not folds, min_width=least)
    for texts in cells:
        table.add_row(*map(Text, texts))
    wide = Console(width=_ENDLESS)
    needed = Measurement.get(wide, wide.options, table)
    width = max(_out.width, needed.minimum) if _out.is_terminal else needed.maximum
    console = Console(width=width, force_terminal=_out.is_terminal)
    with console.capture() as printed:
        console.print(table)
    for line in printed.get().splitlines():
        print(line.rstrip())  # else a terminal goes on with blanks


def say(text: str) -> None:
    """Print a line for people."""
    _out.print(Text(printable(text)), soft_wrap=True)


def note(text: str) -> None:
    """Print a line that isn't part of the answer."""
    _err.print(Text(printable(text)), soft_wrap=True)


def printable(value: object) -> str:
    """A value in one line of text, its control characters shown rather than obeyed."""
    text = "" if value is None else str(value)
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def gathered(
    what: str, work: Iterable[T], total: int | None = None, *, changing: bool = False
) -> list[T]:
    """Gather what a long work tells, and show how far it is.

    Whoever cuts off what changes something, or is cut off by an error, is told where to read what
    was done by then.
    """
    found: list[T] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=_err, transient=True, disable=not _err.is_terminal) as bar:
        try:
            found.extend(bar.track(work, total=total, description=what))
        except BaseException:
            if changing and found:
                note("cut off: `scai-ops audit` lists what was done until then")
            raise
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
