"""How the hosted pages are made: plain HTML from templates, without JavaScript."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from local.stripe_simulator.money import formatted
from local.stripe_simulator.store import Json

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
}


def each_period(recurring: Json) -> str:
    """How often a price is paid: "per month", "every 3 months"."""
    interval, count = recurring["interval"], recurring["interval_count"]
    return f"per {interval}" if count == 1 else f"every {count} {interval}s"


def date(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%-d %B %Y")


TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)
TEMPLATES.globals.update(date=date, each_period=each_period, money=formatted)


def page(template: str, status: int = 200, **values: Any) -> Response:
    text = TEMPLATES.get_template(template).render(**values)
    return HTMLResponse(text, status, HEADERS)


def redirect(url: str) -> Response:
    """Send the browser on, to be shown and not to be posted to."""
    return RedirectResponse(url, 303, HEADERS)
