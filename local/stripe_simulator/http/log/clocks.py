"""The account's own time and its test clocks, and moving them on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from local.stripe_simulator.http.log.view import View
from local.stripe_simulator.http.same_origin import changing
from local.stripe_simulator.world import TEST_CLOCK

SECONDS = {"minutes": 60, "hours": 3600, "days": 86400}
UNCLEAR = "Give a whole number of minutes, hours or days, or a date and time in UTC."


class Advance(BaseModel):
    """What the form says: by so much, or to a moment (UTC)."""

    by: int = Field(0, ge=0, le=10_000)
    unit: Literal["minutes", "hours", "days"] = "days"
    to: datetime | None = Field(None, lt=datetime(3000, 1, 1))  # noqa: DTZ001 - as the form gives it

    def from_(self, now: float) -> float:
        if self.to is not None:
            return self.to.replace(tzinfo=UTC).timestamp()
        return now + self.by * SECONDS[self.unit]


class ClockPages(View):
    def routes(self) -> list[Route]:
        return [
            Route("/_sim/clocks", self.clocks),
            changing("/_sim/clocks/advance", self.advance),
            changing("/_sim/clocks/{id}/advance", self.advance_clock),
        ]

    async def clocks(self, request: Request) -> Response:
        return self._clocks(request)

    async def advance(self, request: Request) -> Response:
        asked = await _asked(request)
        if asked is None:
            return self._clocks(request, UNCLEAR)
        self._engine.advance(asked.from_(self._world.wall()))
        self._sender.wake()
        return RedirectResponse("/_sim/clocks", 303)

    async def advance_clock(self, request: Request) -> Response:
        """Advance a test clock through the API, and show what that refuses in its words."""
        clock = self._world.store.find(request.path_params["id"])
        if clock is None or clock["object"] != TEST_CLOCK:
            return self._missing(request, "test clock")
        asked = await _asked(request)
        if asked is None:
            return self._clocks(request, UNCLEAR)
        answer = self._engine.request(
            "POST",
            f"/v1/test_helpers/test_clocks/{clock['id']}/advance",
            {"frozen_time": int(asked.from_(clock["frozen_time"]))},
            self._engine.own_headers(),
        )
        self._sender.wake()
        if answer.status != 200:
            return self._clocks(request, answer.json()["error"]["message"])
        return RedirectResponse("/_sim/clocks", 303)

    def _clocks(self, request: Request, problem: str = "") -> Response:
        clocks = [
            (clock, list(self._world.store.newest_first("customer", test_clock=clock["id"])))
            for clock in self._world.store.newest_first(TEST_CLOCK)
        ]
        status = 422 if problem else 200
        return self._page(request, "clocks.html", status, clocks=clocks, problem=problem)


async def _asked(request: Request) -> Advance | None:
    form = {name: value for name, value in (await request.form()).items() if value != ""}
    try:
        return Advance.model_validate(form)
    except ValidationError:
        return None
