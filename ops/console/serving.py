"""Listens on this machine only, and serves until Ctrl-C."""

import contextlib
import signal
import socket
import tempfile
import threading
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from ops.errors import OpsError

HOST = "127.0.0.1"
#: What ends a program at once, unless it says otherwise: SIGHUP comes when its terminal is closed.
_ENDINGS = (signal.SIGTERM, signal.SIGHUP)


def listen(port: int) -> socket.socket:
    """Take the port, and let who comes before the server has started wait; 0 takes a free one.

    Raises:
        OpsError: somebody else has it.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise OpsError(
            f"port {port} can't be listened on ({error.strerror}): give another by --port"
        ) from None
    return listener


def address(listener: socket.socket, key: str) -> str:
    """Where the page is. The key stands where browsers keep it to themselves."""
    host, port = listener.getsockname()
    return f"http://{host}:{port}/#key={key}"


@contextlib.contextmanager
def opened(url: str) -> Iterator[None]:
    """Open the page in the operator's browser, by a file of theirs that leads there.

    The programs that a machine runs are seen by all of its users, and so would be the key. The file
    is in their home: browsers in a sandbox of their own may read nothing else.
    """
    with (
        _ended_as_by_ctrl_c(),  # so that the file goes however this ends
        tempfile.NamedTemporaryFile(
            "w", dir=Path.home(), prefix="scai-console-", suffix=".html"
        ) as door,
    ):
        door.write(f'<!doctype html><meta http-equiv="refresh" content="0; url={url}">')
        door.flush()
        # A browser in the terminal keeps who opens it waiting, and is to be served meanwhile.
        where = Path(door.name).as_uri()
        threading.Thread(target=webbrowser.open, args=(where,), daemon=True).start()
        yield


@contextlib.contextmanager
def _ended_as_by_ctrl_c() -> Iterator[None]:
    """Have what would end the program at once end it in order; what is ignored (nohup) stays so."""
    with contextlib.ExitStack() as afterwards:
        for ending in _ENDINGS:
            before = signal.getsignal(ending)
            if before is not signal.SIG_IGN:
                signal.signal(ending, lambda *_: signal.raise_signal(signal.SIGINT))
                afterwards.callback(signal.signal, ending, before)
        yield


def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        ws="none",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    with contextlib.suppress(KeyboardInterrupt):  # the server has ended by then
        uvicorn.Server(config).run(sockets=[listener])
