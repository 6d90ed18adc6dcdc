"""Serve the package's application on 127.0.0.1 and end it, with its Lambda processes, on a signal.

Guards against what the package's own `main` leaves behind: Lambda processes, and Ctrl-C answered
only when the last running Lambda has returned.
"""

import asyncio
import signal

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config

from local.embedded_aws import lambda_processes
from local.embedded_aws.package import app
from local.embedded_aws.process import HOST

_KEEP_ALIVE_SECONDS = 75
_GRACEFUL_SECONDS = 0.5


def serve(port: int) -> None:
    asyncio.run(_serve(port))


async def _serve(port: int) -> None:
    config = Config()
    config.bind = [f"{HOST}:{port}"]
    config.keep_alive_timeout = _KEEP_ALIVE_SECONDS
    config.graceful_timeout = _GRACEFUL_SECONDS
    config.shutdown_timeout = _GRACEFUL_SECONDS
    config.loglevel = "WARNING"
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await hypercorn_serve(app.app, config, shutdown_trigger=lambda: _until_stopped(stop))


async def _until_stopped(stop: asyncio.Event) -> None:
    """Wait for the signal, then end the Lambdas first, since requests may be waiting for them."""
    await stop.wait()
    await asyncio.to_thread(lambda_processes.end_all)
