"""Faults on demand: what Stripe's API, or the way to it, does wrong with chosen requests."""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.stripe_simulator.faults import Fault, Kind
from local.stripe_simulator.http.control.topic import Topic
from local.stripe_simulator.http.same_origin import changing


class NewFault(BaseModel):
    """`faults.Fault`, as it is sent."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    method: Literal["*", "GET", "POST", "DELETE"] = "*"
    path: str = "*"
    times: int | None = Field(1, ge=1)
    should_retry: bool | None = None
    seconds: float = Field(0.0, ge=0, le=3600)


class FaultControl(Topic):
    def routes(self) -> list[Route]:
        return [
            Route("/_sim/faults", self.listing),
            changing("/_sim/faults", self.add),
            changing("/_sim/faults", self.clear, "DELETE"),
        ]

    async def listing(self, _request: Request) -> Response:
        return JSONResponse({"data": [asdict(fault) for fault in self._engine.faults]})

    async def add(self, request: Request) -> Response:
        fault = Fault(**NewFault.model_validate_json(await request.body()).model_dump())
        self._engine.faults.add(fault)
        return JSONResponse(asdict(fault), status_code=201)

    async def clear(self, _request: Request) -> Response:
        self._engine.faults.clear()
        return Response(status_code=204)
