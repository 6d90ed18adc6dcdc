"""An object's JSON for people: indented, its ids as links, its times readable."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup, escape

TIMES = ("_at", "_end", "_start", "_time", "_date", "_until", "_before", "_after", "_attempt")
TIME_KEYS = {"created", "start", "end", "effective_at", "billing_cycle_anchor", "date", "finalized"}
EARLIEST, LATEST = 946684800, 32503680000  # 2000 to 3000: what may be a time at all

Known = Callable[[str], bool]  # whether an id has a page


def pretty(value: Any, known: Known) -> Markup:
    return Markup("").join(_value(value, "", "", known))


def utc(timestamp: float) -> str:
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _value(value: Any, key: str, indent: str, known: Known) -> Iterator[Markup]:
    if isinstance(value, dict) and value:
        entries = [(_key(name), name, item) for name, item in value.items()]
        yield from _block("{}", entries, indent, known)
    elif isinstance(value, list) and value:
        yield from _block("[]", [(Markup(""), key, item) for item in value], indent, known)
    else:
        yield _scalar(value, key, known)


def _block(
    brackets: str, entries: list[tuple[Markup, str, Any]], indent: str, known: Known
) -> Iterator[Markup]:
    inner = indent + "  "
    yield escape(brackets[0])
    for number, (label, key, item) in enumerate(entries):
        yield escape(",\n" if number else "\n") + inner + label
        yield from _value(item, key, inner, known)
    yield escape("\n" + indent + brackets[1])


def _key(name: str) -> Markup:
    return Markup('<span class="k">{}</span>: ').format(json.dumps(name, ensure_ascii=False))


def _scalar(value: Any, key: str, known: Known) -> Markup:
    shown = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str):
        if known(value):
            return Markup('<a href="/_sim/objects/{}">{}</a>').format(value, shown)
        if value.startswith(("http://", "https://")):
            return Markup('<a href="{}">{}</a>').format(value, shown)
        return Markup('<span class="s">{}</span>').format(shown)
    if _is_time(key, value):
        return Markup('<span class="n">{}</span> <span class="t">{}</span>').format(
            shown, utc(value)
        )
    return Markup('<span class="n">{}</span>').format(shown) if value is not None else escape(shown)


def _is_time(key: str, value: Any) -> bool:
    named = key in TIME_KEYS or key.endswith(TIMES)
    return named and type(value) is int and EARLIEST <= value < LATEST
