"""The ASGI application: Stripe's API under `/v1`, the hosted pages, the control path."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.stripe_simulator.engine import Engine
from local.stripe_simulator.http.control import Control, refuse_invalid
from local.stripe_simulator.http.pages import Pages
from local.stripe_simulator.http.portal_pages import PortalPages
from local.stripe_simulator.http.sender import Sender


def create_app(engine: Engine) -> Starlette:
    sender = Sender(engine)

    async def api(request: Request) -> Response:
        encoded = (await request.body()).decode("utf-8", "replace")
        query = request.scope["query_string"].decode("latin-1")
        answer = engine.request(
            request.method,
            request.scope["path"],
            "&".join(part for part in (query, encoded) if part),
            request.headers,
        )
        sender.wake()
        return Response(answer.body, answer.status, answer.headers)

    async def unrouted(request: Request, _error: Exception) -> Response:
        """Any other path or method: the API tells that it has no such URL."""
        return await api(request)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        sending = asyncio.create_task(sender.run())
        yield
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending

    return Starlette(
        routes=[
            Route("/v1/{path:path}", api, methods=["GET", "POST", "DELETE"]),
            *Pages(engine, sender).routes(),
            *PortalPages(engine, sender).routes(),
            *Control(engine, sender).routes(),
        ],
        exception_handlers={404: unrouted, 405: unrouted, ValidationError: refuse_invalid},
        lifespan=lifespan,
    )
