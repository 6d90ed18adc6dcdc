"""Times as operators write and read them: ``90m``, ``7d`` or ISO 8601; always UTC."""

import re
from datetime import UTC, datetime
from typing import Annotated

import typer

from ops.cli.misuse import Misuse

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def ago(text: str, now: int) -> int:
    """Read a time (UTC seconds).

    Raises:
        BadParameter: it is none.
    """
    span = re.fullmatch(r"(\d{1,9})([smhd])", text, re.ASCII)
    if span:
        return max(now - int(span[1]) * _SECONDS[span[2]], 0)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no time: write 90m, 24h, 7d, or 2026-01-31T08:00Z"
        ) from None
    return max(int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()), 0)


def window(since: str, until: str | None, now: int) -> tuple[int, int]:
    """Read from when on and until when (UTC seconds).

    Raises:
        Misuse: no time lies between.
    """
    begin, end = ago(since, now), now if until is None else ago(until, now)
    if begin > end:
        raise Misuse(f"--since {since} is later than --until {until or 'now'}")
    return begin, end


def _written(text: str | None) -> str | None:
    """Refuse what is no time before anything is done."""
    if text is not None:
        ago(text, now=0)
    return text


_SINCE = typer.Option(
    metavar="TIME",
    callback=_written,
    help="From when on: 90m, 24h, 7d (ago), or a time like 2026-01-31T08:00Z.",
)
Since = Annotated[str, _SINCE]
SinceIfGiven = Annotated[str | None, _SINCE]
Until = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", callback=_written, help="Until when, written likewise. Now if not given."
    ),
]


def shown(seconds: int | None) -> str:
    """Write UTC seconds for people."""
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
