"""The API in unit tests: its handler on a test account, and Stripe by the simulator, in process.

Stripe is reached through the official SDK and our own gateway, so that idempotency keys, error
shapes and sessions are the real thing; only the transport is replaced (no socket, no sleep).
Every answer is held to the OpenAPI document: whatever a test is about, callers are told the truth.
"""

import gzip
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from threading import RLock
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import stripe

from api.app import handler_on
from api.documentation import DOCUMENT
from api.ports import ApiPorts
from billing.gateway.stripe_gateway import StripeGateway
from local.stripe_simulator.engine import Engine
from local.stripe_simulator.inprocess import EngineClient
from local.stripe_simulator.seed import Seed, plant
from tests.support.api_document import operation_at
from tests.support.aws import FakePorts, a_lambda_context

ADMIN = "scai/billing.admin"


@dataclass(frozen=True)
class Request:
    """A request as it reached Stripe."""

    method: str
    path: str
    key: str | None


@dataclass
class Trouble:
    """What goes wrong with the next request like this: ``times`` times, then no more."""

    method: str
    path: str
    status: int | None
    after_effect: bool = False
    saved: bool = False
    retry_after: int | None = None
    times: int = 1
    keys: set[str | None] = field(default_factory=set)

    def strikes(self, request: Request) -> bool:
        if self.saved and request.key in self.keys:
            return True
        if (self.method, self.path) != (request.method, request.path) or not self.times:
            return False
        self.times -= 1
        self.keys.add(request.key)
        return True


class InProcess(EngineClient):
    """The SDK's transport onto the simulator's engine. Without ``status`` a trouble is silence."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.requests: list[Request] = []
        self.troubles: list[Trouble] = []
        self.observers: list[Callable[[Request], None]] = []  # called after each request's effect
        self._lock = RLock()

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        key = (headers or {}).get("Idempotency-Key")
        request = Request(method.upper(), urlsplit(url).path, key)
        with self._lock:
            self.requests.append(request)
            trouble = next((t for t in self.troubles if t.strikes(request)), None)
            if trouble and not trouble.after_effect:
                return self._fail(trouble)
            answer = super().request(method, url, headers, post_data)
            for observer in self.observers:
                observer(request)
            if trouble:
                return self._fail(trouble)
        return answer

    def asked(self, method: str, path: str) -> list[Request]:
        """The requests of this kind, tries of the SDK included."""
        return [r for r in self.requests if (r.method, r.path) == (method, path)]

    def _fail(self, trouble: Trouble) -> tuple[str, int, Mapping[str, str]]:
        if trouble.status is None:
            raise stripe.APIConnectionError("no answer", should_retry=False)
        headers = {"stripe-should-retry": "false"}
        if trouble.saved:
            headers["idempotent-replayed"] = "true"
        if trouble.retry_after is not None:
            headers["retry-after"] = str(trouble.retry_after)
        error = {"type": "api_error", "message": "Something went wrong at Stripe: req_secret"}
        return json.dumps({"error": error}), trouble.status, headers


class EnginePorts(FakePorts):
    """Ports with the real gateway on the simulator's engine, in place of the fake one."""

    @cached_property
    def engine(self) -> Engine:
        engine = Engine(clock=self.clock)
        plant(engine, Seed())
        return engine

    @cached_property
    def wire(self) -> InProcess:
        return InProcess(self.engine)

    @cached_property
    def stripe(self) -> StripeGateway:  # type: ignore[override]  # the real one
        return StripeGateway(self.secrets, self.settings.stripe_api_base, http=self.wire)

    def at_stripe(
        self, method: str, path: str, params: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Do something at Stripe without our code."""
        answer = self.engine.request(method, path, params, self.engine.own_headers())
        assert answer.status == 200, answer.body
        body: dict[str, Any] = answer.json()
        return body


class FakeApiPorts(EnginePorts, ApiPorts):
    """The API's ports: real stores, the real gateway on the simulator's engine."""


class Api:
    """A client of the API, as API Gateway calls it (payload format 2.0)."""

    def __init__(self, ports: FakeApiPorts) -> None:
        self.ports = ports
        self.seconds_left = 29.0  # of the function's life, at a request's start
        self.held_to_document = True  # unless a test asks for what no caller can meet
        self._handler: Callable[..., dict[str, Any]] = handler_on(ports)

    def get(
        self,
        path: str,
        user: str | None = "user_1",
        scope: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> "ApiAnswer":
        return self._call("GET", path, None, user, scope, headers=headers)

    def post(
        self,
        path: str,
        body: Any,
        user: str | None = "user_1",
        scope: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> "ApiAnswer":
        """Send ``body``: text and bytes as they are, anything else as JSON."""
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        return self._call("POST", path, text, user, scope, headers=headers)

    def _call(
        self,
        method: str,
        path: str,
        body: str | bytes | None,
        user: str | None,
        scope: str,
        *,
        headers: Mapping[str, str] | None,
    ) -> "ApiAnswer":
        address = urlsplit(path)
        claims = {"scope": f"openid {scope}".strip()}
        if user is not None:
            claims["scai_user_id"] = user
        event = {
            "version": "2.0",
            "routeKey": f"{method} {address.path}",
            "rawPath": address.path,
            "rawQueryString": address.query,
            "headers": {"content-type": "application/json"}
            | {name.lower(): value for name, value in (headers or {}).items()},
            "requestContext": {
                "requestId": "request-1",
                "stage": "$default",
                "http": {"method": method, "path": address.path},
                "authorizer": {"jwt": {"claims": claims, "scopes": None}},
            },
            "body": b64encode(body).decode() if isinstance(body, bytes) else body,
            "isBase64Encoded": isinstance(body, bytes),
        }
        if address.query:
            event["queryStringParameters"] = dict(parse_qsl(address.query, keep_blank_values=True))
        answer = ApiAnswer(self._handler(event, a_lambda_context(self.seconds_left)))
        if self.held_to_document:
            _hold_to_document(method, address.path, answer)
        return answer

    # -- At Stripe ------------------------------------------------------------------------------

    def price(self, lookup_key: str) -> str:
        """The id of a price of the simulator's catalogue."""
        listed = self.at_stripe("GET", "/v1/prices", {"lookup_keys": {"0": lookup_key}})
        price_id: str = listed["data"][0]["id"]
        return price_id

    def pay(self, session_id: str, card: str = "pm_card_visa") -> None:
        """Pay a session, as on its hosted page."""
        self.at_stripe("POST", f"/v1/payment_pages/{session_id}/confirm", {"payment_method": card})

    def at_stripe(
        self, method: str, path: str, params: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Do something at Stripe without our code."""
        return self.ports.at_stripe(method, path, params)

    def sessions(self, **fields: Any) -> list[dict[str, Any]]:
        """Checkout sessions at Stripe with these fields, the newest first."""
        found = self.ports.engine.world.store.newest_first("checkout.session")
        return [session for session in found if fields.items() <= session.items()]

    def customers(self) -> list[dict[str, Any]]:
        """Customers at Stripe, the newest first."""
        return list(self.ports.engine.world.store.newest_first("customer"))


@dataclass(frozen=True)
class ApiAnswer:
    """What the Lambda handed to API Gateway."""

    raw: dict[str, Any]

    @property
    def status(self) -> int:
        status: int = self.raw["statusCode"]
        return status

    @property
    def text(self) -> str:
        text: str = self.raw["body"]
        return text

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    @property
    def content_type(self) -> str:
        return str(self.header("Content-Type")).partition(";")[0]

    @property
    def content(self) -> Any:
        """What the caller reads once it is unpacked."""
        packed = self.raw.get("isBase64Encoded")
        text = gzip.decompress(b64decode(self.text)).decode() if packed else self.text
        return json.loads(text) if self.content_type == "application/json" else text

    def header(self, name: str) -> str | None:
        headers = {key.lower(): value for key, value in self.raw.get("headers", {}).items()}
        for key, values in self.raw.get("multiValueHeaders", {}).items():
            headers[key.lower()] = values[0]
        return headers.get(name.lower())


def _hold_to_document(method: str, path: str, answer: ApiAnswer) -> None:
    operation = operation_at(method, path)
    if operation is None:
        problem: str | None = "there is no such route"
    else:
        problem = operation.problem_of(answer.status, answer.content_type, answer.content)
    assert problem is None, (
        f"{method} {path} answered {answer.status}, unlike {DOCUMENT.name}: {problem}."
        f" If the answer is right, run `make openapi`. It was: {answer.text}"
    )
