"""The console as a browser asks it, without a server: on executions that a test puts on."""

import asyncio
import json
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from ops.console.app import create_app
from ops.target import Target
from tests.support.stepfunctions import Stage

ADDRESS = "http://127.0.0.1:4580"
#: The key of a console on AWS.
KEY = "the-consoles-key"
#: What the page's own scripts send with a change.
OURS = {
    "X-SCAI-Console": KEY,
    "Origin": ADDRESS,
    "Sec-Fetch-Site": "same-origin",
}


class Browser:
    """Asks one console."""

    def __init__(
        self, target: Target, built: Path, *, key: str | None = KEY, allow_writes: bool = False
    ) -> None:
        self._app = create_app(target, allow_writes=allow_writes, key=key, built=built)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.ask("GET", path, headers={"X-SCAI-Console": KEY} | headers)

    def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        return self.ask("POST", path, headers=OURS, json=body)

    def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Send a request as it is given, with no more than that."""

        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
                return await client.request(method, path, **request)

        return asyncio.run(asked())

    def leave_after(self, pieces: int, path: str, body: dict[str, Any]) -> list[Any]:
        """Change something, and go away once so much of it was told; give what was told."""
        told: list[bytes] = []
        asked = json.dumps(body).encode()
        headers = {"host": ADDRESS.removeprefix("http://"), "content-type": "application/json"}
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "query_string": b"",
            "headers": [(n.lower().encode(), v.encode()) for n, v in (headers | OURS).items()],
            "server": ("127.0.0.1", 4580),
        }

        async def left() -> None:
            gone = asyncio.Event()
            messages = iter([{"type": "http.request", "body": asked}])

            async def receive() -> dict[str, Any]:
                if message := next(messages, None):
                    return message
                await gone.wait()
                return {"type": "http.disconnect"}

            async def send(message: MutableMapping[str, Any]) -> None:
                if piece := message.get("body"):
                    told.append(piece)
                    if len(told) == pieces:
                        gone.set()

            await self._app(scope, receive, send)

        asyncio.run(left())
        return [json.loads(piece) for piece in told]


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A page as the build leaves it."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "page.js").write_text("start()")
    (tmp_path / "index.html").write_text('<meta nonce="STYLE_NONCE"><title>Console</title>')
    return tmp_path


@pytest.fixture
def browser(stage: Stage, built: Path) -> Browser:
    """The console of a local stack, which has no key."""
    stage.target._endpoint_url = "http://127.0.0.1:4566"
    return Browser(stage.target, built, key=None)


@pytest.fixture
def on_aws(stage: Stage, built: Path) -> Browser:
    """The console of a stack on AWS, as it is started unless its operator says more."""
    return Browser(stage.target, built)


def lines(answer: httpx.Response) -> list[Any]:
    """What an answer tells piece by piece."""
    return [json.loads(line) for line in answer.text.splitlines()]
