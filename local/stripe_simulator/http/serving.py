"""Serving an engine over HTTP, in this process or as a program of its own."""

from __future__ import annotations

import socket

import uvicorn

from local.stripe_simulator.engine import Engine
from local.stripe_simulator.http.app import create_app


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
        date_header=False,  # the engine's clock sets Date
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)
