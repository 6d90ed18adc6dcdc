"""The hosted pages: paying a Checkout session in a browser, without JavaScript.

A card's number goes from the form into the engine's lookup of test cards and nowhere else.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from local.stripe_simulator.engine import Engine
from local.stripe_simulator.http.sender import Sender


class Pages:
    def __init__(self, engine: Engine, sender: Sender) -> None:
        self._engine = engine
        self._sender = sender

    def routes(self) -> list[Route]:
        return [Route("/_sim/returned", self.returned)]

    async def returned(self, request: Request) -> Response:
        return PlainTextResponse("Returned to your app.")
