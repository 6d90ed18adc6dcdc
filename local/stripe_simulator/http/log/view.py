"""What the log's pages share: rendering, paging, and the deliveries of events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from local.stripe_simulator.deliveries import Delivery
from local.stripe_simulator.engine import Engine
from local.stripe_simulator.events import API_VERSION
from local.stripe_simulator.http.log.json_view import pretty, utc
from local.stripe_simulator.http.log.summary import summarize, tone
from local.stripe_simulator.http.sender import Sender
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",  # without a referrer a form's Origin would be null
}
PAGE = 50
UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))

T = TypeVar("T")


@dataclass(frozen=True)
class Paged(Generic[T]):
    """One page of a list, and the links to its neighbours."""

    items: list[T]
    number: int
    more: bool
    query: dict[str, str]

    def link(self, number: int) -> str:
        return "?" + urlencode({**self.query, "page": str(number)})


class View:
    def __init__(self, engine: Engine, sender: Sender) -> None:
        self._engine = engine
        self._sender = sender
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).with_name("templates")),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
        )
        self._templates.filters.update(
            ago=self._ago, duration=duration, pretty=self._pretty, summary=summarize, tone=tone,
            utc=utc,
        )  # fmt: skip

    @property
    def _world(self) -> World:
        return self._engine.world

    def _page(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        self._engine.run_due()
        text = self._templates.get_template(template).render(
            **values,
            account=self._world.settings,
            now=self._world.wall(),
            path=request.url.path,
            refresh=request.query_params.get("refresh") == "1",
            version=API_VERSION,
        )
        return HTMLResponse(text, status, HEADERS)

    def _missing(self, request: Request, what: str) -> Response:
        return self._page(request, "missing.html", 404, what=what)

    def _paged(self, request: Request, items: Iterable[T]) -> Paged[T]:
        asked = request.query_params.get("page", "1")
        number = int(asked) if asked.isascii() and asked.isdigit() and 0 < len(asked) < 7 else 1
        number = max(number, 1)
        found = list(islice(items, (number - 1) * PAGE, number * PAGE + 1))
        query = {name: value for name, value in request.query_params.items() if name != "page"}
        return Paged(found[:PAGE], number, len(found) > PAGE, query)

    def _deliveries_of(self, events: list[Json]) -> dict[str, list[Delivery]]:
        found: dict[str, list[Delivery]] = defaultdict(list)
        wanted = {event["id"] for event in events}
        for delivery in self._world.deliveries if wanted else ():
            if delivery.event_id in wanted:
                found[delivery.event_id].append(delivery)
        return found

    def _has_page(self, object_id: str) -> bool:
        return self._world.store.find(object_id) is not None

    def _pretty(self, value: Any) -> Markup:
        return pretty(value, self._has_page)

    def _ago(self, timestamp: float) -> str:
        """How long before (or after) the account's time that is."""
        seconds = self._world.wall() - timestamp
        if abs(seconds) < 1:
            return "now"
        return f"{duration(seconds)} ago" if seconds > 0 else f"in {duration(-seconds)}"


def duration(seconds: float) -> str:
    """In the largest unit that it fills: "3 d", "12 min", "250 ms"."""
    for unit, size in UNITS:
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds * 1000:.0f} ms"
