"""Serving an engine over HTTP, in this process or as a program of its own."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from local.stripe_simulator.engine import Engine
from local.stripe_simulator.http.api import CUT
from local.stripe_simulator.http.app import create_app

#: Seconds that an idle connection is kept: clients reuse theirs, and one that is closed just then
#: looks like a lost answer.
KEEP_ALIVE = 75
AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing drops what wasn't sent, with a reset


class CuttingProtocol(H11Protocol):
    """HTTP/1.1 whose application can cut the connection instead of answering."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        application = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope["extensions"] = {CUT: self._cut}
            await application(scope, receive, send)

        self.app = app

    async def _cut(self) -> None:
        self.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE
        )
        self.transport.abort()
        await asyncio.sleep(0)  # the loop tells this protocol that the connection is lost


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Connections wait from here on."""
    # Naming TCP makes asyncio turn Nagle's delay off; without it each answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def address(listener: socket.socket) -> str:
    host, port = listener.getsockname()
    return f"http://{host}:{port}"


def create_server(engine: Engine) -> uvicorn.Server:
    """A server to `run(sockets=[listener])`; setting its `should_exit` stops it."""
    config = uvicorn.Config(
        create_app(engine),
        access_log=False,
        http=CuttingProtocol,
        date_header=False,  # the engine's clock sets Date
        log_config=None,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=1,
        ws="wsproto",
    )
    return uvicorn.Server(config)
