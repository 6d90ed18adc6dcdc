"""The official SDK on an engine in the same process: no server, no socket.

    client = StripeClient("sk_test_x", http_client=EngineClient(engine))

Use it where a test needs hundreds of thousands of calls; the SDK can't tell the difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from stripe import APIConnectionError, HTTPClient

from local.stripe_simulator.engine import Engine, Response


class EngineClient(HTTPClient):
    """A transport for `StripeClient` that ends in `Engine.request`, sync and async alike."""

    name = "engine"

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        address = urlsplit(url)
        encoded = "&".join(part for part in (address.query, post_data or "") if part)
        answer = self.serve(method.upper(), address.path, encoded, headers or {})
        return answer.body.decode(), answer.status, lowered(answer.headers)

    def serve(
        self, method: str, path: str, params: Mapping[str, Any] | str, headers: Mapping[str, str]
    ) -> Response:
        """The engine's answer.

        Raises:
            APIConnectionError: it never arrives.
        """
        answer = self._engine.request(method, path, params, headers)
        if answer.cut:
            raise APIConnectionError("Connection reset by peer", should_retry=True)
        return answer

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        body, status, answered = self.request(method, url, headers, post_data)
        return body.encode(), status, answered

    def close(self) -> None:
        """Nothing to close."""

    async def close_async(self) -> None:
        """Nothing to close."""


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers as the SDK looks them up."""
    return {name.lower(): value for name, value in headers.items()}
