"""The simulator over HTTP, in a thread or as a process, and a receiver of what it delivers."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from local.stripe_simulator.engine import Engine
from local.stripe_simulator.http.serving import address, create_server, listen
from local.stripe_simulator.world import Settings

ROOT = Path(__file__).parents[3]
DEADLINE = 120.0


@contextmanager
def simulator(*arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A running simulator on a free port: (where it is, its process)."""
    command = [sys.executable, "-m", "local.stripe_simulator", "--port", "0", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            greeting = process.stdout.readline()
            yield greeting.split()[-1], process
        finally:
            process.terminate()
            process.wait(DEADLINE)


@contextmanager
def served(engine: Engine | None = None, **settings: Any) -> Iterator[str]:
    """A simulator in a thread of this process, which starts in no time: where it is."""
    listener = listen("127.0.0.1", 0)
    url = address(listener)
    server = create_server(engine or Engine(settings=Settings(base_url=url, **settings)))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield url
    finally:
        server.should_exit = True
        thread.join(DEADLINE)
        listener.close()


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """An HTTP server that keeps what it is sent; `answer` decides what it says to it."""

    answer: Callable[[Received], tuple[int, bytes]] = lambda _: (200, b"{}")
    requests: list[Received] = field(default_factory=list)
    url: str = ""

    def take(self, request: Received) -> tuple[int, bytes]:
        self.requests.append(request)
        return self.answer(request)

    @contextmanager
    def running(self) -> Iterator[Receiver]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, answer = receiver.take(Received(self.path, headers, body))
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Stay quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
