"""How the hosted pages use the API: as any client does, so that nothing but it changes anything."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request

from local.stripe_simulator.engine import Engine
from local.stripe_simulator.http.sender import Sender
from local.stripe_simulator.store import Json


class Refused(Exception):
    """The API's refusal, with its words for the customer."""

    def __init__(self, error: Json) -> None:
        super().__init__(str(error["message"]))
        self.param: str | None = error.get("param")


class ApiClient:
    def __init__(self, engine: Engine, sender: Sender) -> None:
        self.engine = engine
        self.world = engine.world
        self._sender = sender

    def get(self, path: str, params: dict[str, Any] | None = None) -> Json:
        return self._ask("GET", path, params or {})

    def post(self, path: str, params: dict[str, Any] | None = None) -> Json:
        """The answer; what happened is delivered meanwhile.

        Raises:
            Refused: The API refused it.
        """
        return self._tell("POST", path, params or {})

    def delete(self, path: str, params: dict[str, Any] | None = None) -> Json:
        """As `post`."""
        return self._tell("DELETE", path, params or {})

    def _tell(self, method: str, path: str, params: dict[str, Any]) -> Json:
        answer = self._ask(method, path, params)
        self._sender.wake()
        return answer

    def _ask(self, method: str, path: str, params: dict[str, Any]) -> Json:
        answer: Json = self.engine.request(method, path, params, self.engine.own_headers()).json()
        if "error" in answer:
            raise Refused(answer["error"])
        return answer

    def find(self, kind: str, request: Request) -> Json | None:
        """The object that the request's path names, as it is now."""
        self.engine.run_due()
        return self.known(kind, request.path_params["id"])

    def known(self, kind: str, object_id: str) -> Json | None:
        found = self.world.store.find(object_id)
        return found if found is not None and found["object"] == kind else None

    def today(self) -> tuple[int, int]:
        """The month and the year."""
        now = datetime.fromtimestamp(self.world.now(), UTC)
        return now.month, now.year
