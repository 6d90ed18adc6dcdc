"""The account's own time: where it stands, moving it on, letting it run faster."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.stripe_simulator.http.control.topic import Topic
from local.stripe_simulator.http.same_origin import changing

LATEST = 32503680000  # the year 3000


class Advance(BaseModel):
    """How far to move time: to a moment (UTC seconds), or by a number of seconds."""

    to: float | None = Field(None, ge=0, le=LATEST)
    seconds: float = Field(0.0, ge=0, le=LATEST)


class Time(BaseModel):
    """How fast time runs: 1 as the clock does, 3600 an hour in each second, 0 not at all."""

    model_config = ConfigDict(extra="forbid")

    scale: float = Field(ge=0, le=1e6)


class TimeControl(Topic):
    def routes(self) -> list[Route]:
        return [
            Route("/_sim/health", self.health),
            Route("/_sim/time", self.show),
            changing("/_sim/time", self.scale, "PUT"),
            changing("/_sim/advance", self.advance),
        ]

    async def health(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok", "time": self._world.wall()})

    async def show(self, _request: Request) -> Response:
        return JSONResponse(self._time())

    async def scale(self, request: Request) -> Response:
        self._engine.set_time_scale(Time.model_validate_json(await request.body()).scale)
        self._sender.wake()
        return JSONResponse(self._time())

    async def advance(self, request: Request) -> Response:
        asked = Advance.model_validate_json(await request.body())
        to = asked.to if asked.to is not None else self._world.wall() + asked.seconds
        self._engine.advance(to)
        self._sender.wake()
        return JSONResponse(self._time())

    def _time(self) -> dict[str, Any]:
        return {"time": self._world.wall(), "scale": self._world.time_scale}
