"""The ASGI application: Stripe's API under `/v1`, the hosted pages, the control path, the CLI."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from local.stripe_simulator.engine import Engine
from local.stripe_simulator.http.api import Api
from local.stripe_simulator.http.control import Control, refuse_invalid
from local.stripe_simulator.http.pages import Pages
from local.stripe_simulator.http.sender import Sender


def create_app(engine: Engine) -> ASGIApp:
    sender = Sender(engine)

    api = Api(engine, sender)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        sending = asyncio.create_task(sender.run())
        yield
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending

    pages = Starlette(
        routes=[
            *Pages(engine, sender).routes(),
            *Control(engine, sender).routes(),
            Mount("/", api),  # any other path or method: the API tells that it has no such URL
        ],
        exception_handlers={ValidationError: refuse_invalid},
        lifespan=lifespan,
    )

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await sender.listeners(scope, receive, send)
        elif scope["type"] == "http" and scope["path"].startswith("/v1/"):
            await api(scope, receive, send)
        else:
            await pages(scope, receive, send)

    return app
