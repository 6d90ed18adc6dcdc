"""The account as a whole: what to start with."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.stripe_simulator.http.control.topic import Topic, refusal
from local.stripe_simulator.http.same_origin import changing
from local.stripe_simulator.seed import Seed, SeedRefused, plant


class StateControl(Topic):
    def routes(self) -> list[Route]:
        return [changing("/_sim/seed", self.seed)]

    async def seed(self, request: Request) -> Response:
        asked = Seed.model_validate_json(await request.body() or b"{}")
        try:
            planted = plant(self._engine, asked)
        except SeedRefused as error:
            return refusal(422, str(error))
        self._sender.wake()
        return JSONResponse(planted)
