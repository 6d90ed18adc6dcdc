"""The account as a whole: what to start with, going back to where it was, starting anew."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.stripe_simulator.http.control.topic import Topic, refusal
from local.stripe_simulator.http.same_origin import changing
from local.stripe_simulator.seed import Seed, SeedRefused, plant


class StateControl(Topic):
    def routes(self) -> list[Route]:
        return [
            changing("/_sim/seed", self.seed),
            Route("/_sim/snapshot", self.snapshot),
            changing("/_sim/snapshot", self.restore, "PUT"),
            changing("/_sim/reset", self.reset),
        ]

    async def seed(self, request: Request) -> Response:
        asked = Seed.model_validate_json(await request.body() or b"{}")
        try:
            planted = plant(self._engine, asked)
        except SeedRefused as error:
            return refusal(422, str(error))
        self._sender.wake()
        return JSONResponse(planted)

    async def snapshot(self, _request: Request) -> Response:
        return Response(self._engine.snapshot(), media_type="application/octet-stream")

    async def restore(self, request: Request) -> Response:
        try:
            self._engine.restore(await request.body())
        except Exception:  # whatever else than a snapshot was sent
            return refusal(422, "These bytes are no snapshot of this local Stripe.")
        return self._anew()

    async def reset(self, _request: Request) -> Response:
        """Forget everything, the webhook endpoints too."""
        self._engine.reset()
        return self._anew()

    def _anew(self) -> Response:
        self._sender.listeners.reconcile()
        self._sender.wake()
        return JSONResponse({"time": self._world.wall()})
