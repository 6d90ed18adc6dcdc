"""The last requests: what was asked, how it was answered, and what came of it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.stripe_simulator.http.log.view import View


class RequestPages(View):
    def routes(self) -> list[Route]:
        return [
            Route("/_sim/requests", self.requests),
            Route("/_sim/requests/{id}", self.request),
        ]

    async def requests(self, request: Request) -> Response:
        only_refused = request.query_params.get("refused") == "1"
        within = request.query_params.get("path", "").strip()
        found = (
            each
            for each in self._engine.requests
            if (each.status >= 400 or not only_refused) and within in each.path
        )
        page = self._paged(request, found)
        return self._page(
            request, "requests.html", page=page, only_refused=only_refused, within=within
        )

    async def request(self, request: Request) -> Response:
        logged = self._engine.requests.find(request.path_params["id"])
        if logged is None:
            return self._missing(request, "request; only the last 500 are kept")
        events = [
            event
            for event in self._world.store.newest_first("event")
            if event["request"]["id"] == logged.id
        ]
        return self._page(
            request,
            "request.html",
            logged=logged,
            events=events,
            deliveries=self._deliveries_of(events),
            ids=[part for part in logged.path.split("/") if self._has_page(part)],
        )
