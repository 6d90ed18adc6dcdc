"""What the topics of the control path share."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from local.stripe_simulator.engine import Engine
from local.stripe_simulator.http.sender import Sender
from local.stripe_simulator.world import World


class Topic:
    def __init__(self, engine: Engine, sender: Sender) -> None:
        self._engine = engine
        self._sender = sender

    @property
    def _world(self) -> World:
        return self._engine.world


def refusal(status: int, detail: str) -> Response:
    return JSONResponse({"detail": detail}, status_code=status)


def unknown(what: str) -> Response:
    return refusal(404, f"No such {what}")
