"""What is in the account and what happened to it: the overview, objects, events."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from local.stripe_simulator.events import matches
from local.stripe_simulator.http.log.view import View
from local.stripe_simulator.store import INDEXED, Json

LATEST = 15
RELATED = 25
SEARCHED = ("id", "name", "email", "description", "number", "code", "lookup_key", "nickname")


class AccountPages(View):
    def routes(self) -> list[Route]:
        return [
            Route("/_sim", self.home),
            Route("/_sim/", self.overview),
            Route("/_sim/events", self.events),
            Route("/_sim/objects", self.objects),
            Route("/_sim/objects/{id}", self.object),
        ]

    async def home(self, _request: Request) -> Response:
        return RedirectResponse("/_sim/", 307)

    async def overview(self, request: Request) -> Response:
        counts = self._world.store.counts()
        events = list(islice(self._world.store.newest_first("event"), LATEST))
        refused = (each for each in self._engine.requests if each.status >= 400)
        return self._page(
            request,
            "overview.html",
            counts=sorted((kind, n) for kind, n in counts.items() if kind != "event"),
            events=events,
            deliveries=self._deliveries_of(events),
            refused=list(islice(refused, LATEST)),
            faults=list(self._engine.faults),
            rules=self._world.deliveries.chaos,
            has_destinations=bool(self._world.deliveries.destinations),
        )

    async def events(self, request: Request) -> Response:
        pattern = request.query_params.get("type", "").strip()
        about = request.query_params.get("object", "").strip()
        page = self._paged(request, self._events(pattern or "*", about))
        return self._page(
            request,
            "events.html",
            page=page,
            deliveries=self._deliveries_of(page.items),
            pattern=pattern,
            about=about,
        )

    async def objects(self, request: Request) -> Response:
        """All objects of a type, or those that a search finds; a whole id leads to its page."""
        kind = request.query_params.get("kind", "")
        wanted = request.query_params.get("q", "").strip()
        if self._engine.requests.find(wanted):
            return RedirectResponse(f"/_sim/requests/{wanted}", 303)
        if self._has_page(wanted):
            return RedirectResponse(f"/_sim/objects/{wanted}", 303)
        found = self._world.store.newest_first(kind) if kind else self._search(wanted)
        page = self._paged(request, found)
        return self._page(request, "objects.html", page=page, kind=kind, wanted=wanted)

    async def object(self, request: Request) -> Response:
        obj = self._world.store.find(request.path_params["id"])
        if obj is None:
            return self._missing(request, "object")
        if obj["object"] == "event":
            return self._event(request, obj)
        events = list(islice(self._events("*", obj["id"]), RELATED))
        return self._page(
            request,
            "object.html",
            obj=obj,
            events=events,
            deliveries=self._deliveries_of(events),
            related=dict(self._related(obj["id"])),
        )

    def _event(self, request: Request, event: Json) -> Response:
        destinations = self._world.deliveries.destinations.values()
        cause = (event["request"] or {}).get("id")
        return self._page(
            request,
            "event.html",
            event=event,
            deliveries=self._deliveries_of([event]).get(event["id"], []),
            destinations=[each for each in destinations if each.enabled],
            cause=self._engine.requests.find(cause) if cause else None,
        )

    def _events(self, pattern: str, about: str) -> Iterator[Json]:
        for event in self._world.store.newest_first("event"):
            object_id = event["data"]["object"].get("id")
            if matches(event["type"], [pattern]) and about in ("", object_id):
                yield event

    def _search(self, wanted: str) -> Iterator[Json]:
        """Objects whose id, name or the like contains what is wanted; events by their id."""
        sought = wanted.lower()
        for obj in self._world.store.everything() if sought else ():
            if any(sought in str(obj.get(key, "")).lower() for key in SEARCHED):
                yield obj

    def _related(self, object_id: str) -> Iterator[tuple[str, list[Json]]]:
        """What refers to an object, by type."""
        for kind, fields in INDEXED.items():
            found = {
                obj["id"]: obj
                for field in fields
                for obj in islice(
                    self._world.store.newest_first(kind, **{field: object_id}), RELATED
                )
            }
            if found:
                yield kind, list(found.values())
