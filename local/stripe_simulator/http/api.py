"""Stripe's API over HTTP: a plain ASGI application around `Engine.receive` and `answer`.

It has no framework beneath it because most requests end here. Faults that are matters of time and
of the connection are acted out: the delay is waited for, the connection is cut.
"""

from __future__ import annotations

import asyncio

from starlette.types import Receive, Scope, Send

from local.stripe_simulator.engine import Engine, Response
from local.stripe_simulator.http.sender import Sender

CUT = "stripe_simulator.cut"  # the ASGI extension by which a server cuts its connection


class Api:
    def __init__(self, engine: Engine, sender: Sender) -> None:
        self._engine = engine
        self._sender = sender

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = (await _body(receive)).decode("utf-8", "replace")
        query = scope["query_string"].decode("latin-1")
        call = self._engine.receive(
            scope["method"],
            scope["path"],
            "&".join(part for part in (query, body) if part),
            {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        )
        if call.delay:
            await asyncio.sleep(call.delay)
        response = self._engine.answer(call)
        if call.method != "GET":  # what falls due by the clock, the sender looks at by itself
            self._sender.wake()
        if response.cut and CUT in scope["extensions"]:
            await scope["extensions"][CUT]()
        else:
            await _send(response, send)


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _send(response: Response, send: Send) -> None:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in response.headers.items()]
    headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
