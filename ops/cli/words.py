"""How tables and lines say what isn't plain text: times, and what is missing."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

import typer

from ops.cli.output import say
from ops.cli.times import shown

Who = Annotated[
    str,
    typer.Argument(
        help="A user's id or e-mail; a Stripe id (cus_, sub_, in_, pi_, cs_, ch_, evt_); or an"
        " execution.",
    ),
]


def at(moment: datetime | None) -> str:
    """Write a time for people, in UTC."""
    return "" if moment is None else shown(int(moment.timestamp()))


def say_all(lines: Iterable[tuple[str, Any]], width: int = 14) -> None:
    """Print labelled lines, those that say something."""
    for label, value in lines:
        if value not in (None, "", ()):
            say(f"{label:<{width}} {value}".rstrip())
