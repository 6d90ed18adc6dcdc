"""Quicker ways to the same answers, for a process that does nothing but play histories.

boto3's serializers and the tree of objects that Stripe's SDK builds of each answer would be half of
the time. What replaces them here covers what the product stores and reads, and no more; a test
compares both.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import stripe
from stripe import _api_requestor, _util
from stripe._api_requestor import _APIRequestor
from stripe._request_options import RequestOptions

from billing.store import dynamodb
from local.stripe_simulator.engine import Response
from local.stripe_simulator.inprocess import EngineClient, lowered

Json = dict[str, Any]

_PLAIN = {str: "S", bool: "BOOL"}


def quicken() -> None:
    """Replace them in this process, for good."""
    dynamodb._serialize = serialized  # type: ignore[assignment]
    dynamodb._deserialize = deserialized  # type: ignore[assignment]
    dynamodb._plain = dynamodb._integers = as_it_is
    _APIRequestor.request = requested  # type: ignore[method-assign, assignment]
    EngineClient.request = handed_over  # type: ignore[method-assign, assignment]
    stripe.enable_telemetry = False
    for module in (_util, _api_requestor):
        for name in ("log_info", "log_debug"):
            setattr(module, name, _nothing)


def _nothing(*_said: Any, **_more: Any) -> None:
    """A log that nobody reads."""


def as_it_is(value: Any) -> Any:
    """What these two would do is done here in one pass."""
    return value


def serialized(value: Any) -> Json:
    """A value in DynamoDB's format; unset members are left out. Most are strings and numbers."""
    kind = type(value)
    if kind is dict:
        members = {
            name: {"S": each}
            if type(each) is str
            else {"N": str(each)}
            if type(each) is int
            else serialized(each)
            for name, each in value.items()
            if each is not None
        }
        return {"M": members}
    if kind is int:
        return {"N": str(value)}
    if kind in _PLAIN:
        return {_PLAIN[kind]: value}
    if kind is set:
        return {"SS": sorted(value)}
    assert kind in (list, tuple, type(None)), f"{value!r} isn't stored by the product"
    return {"NULL": True} if value is None else {"L": [serialized(each) for each in value]}


def deserialized(value: Json) -> Any:
    """A value of DynamoDB's format; numbers come as integers at once."""
    ((kind, content),) = value.items()
    if kind == "M":
        return {
            name: each["S"]
            if "S" in each
            else int(each["N"])
            if "N" in each
            else deserialized(each)
            for name, each in content.items()
        }
    if kind == "N":
        return int(content)
    if kind in ("S", "BOOL"):
        return content
    if kind == "L":
        return [deserialized(each) for each in content]
    assert kind in ("SS", "NULL"), f"{kind} isn't stored by the product"
    return set(content) if kind == "SS" else None


class Answer:
    """One of Stripe's answers: the members that are asked for, and the whole as it came."""

    def __init__(self, body: Json, last_response: Any = None) -> None:
        self._body = body
        self.last_response = last_response

    def __getattr__(self, name: str) -> Any:
        try:
            value = self._body[name]
        except KeyError:
            raise AttributeError(name) from None
        if name == "data" and isinstance(value, list):
            return [Answer(each) for each in value]
        return value

    def to_dict(self) -> Json:
        return self._body


def requested(
    requestor: _APIRequestor,
    method: Any,
    url: str,
    params: Json | None = None,
    options: RequestOptions | None = None,
    **_how: Any,
) -> Answer:
    """Hand over parameters and answer as they are. Retries and errors stay the SDK's own."""
    client: Any = requestor._get_http_client()
    response, status, headers = client.request_with_retries(
        method,
        url,
        _headers(requestor, method, options or {}),
        params,
        requestor._options.max_network_retries,
    )
    if status != 200:
        requestor._interpret_response(response.body, status, headers, "V1")  # raises
    return Answer(response.content, SimpleNamespace(headers=headers))


def _headers(requestor: _APIRequestor, method: str, options: RequestOptions) -> dict[str, str]:
    """Those that the engine looks at."""
    headers = {
        "Authorization": f"Bearer {requestor.api_key}",
        "Stripe-Version": str(requestor.stripe_version),
    }
    if method == "post":
        key = options.get("idempotency_key") or _api_requestor._generate_idempotency_key()
        headers["Idempotency-Key"] = key
    return headers


def handed_over(
    client: EngineClient,
    method: str,
    url: str,
    headers: Mapping[str, str],
    post_data: Json | None = None,
) -> tuple[Response, int, Mapping[str, str]]:
    """A request whose parameters aren't encoded, and whose answer isn't either."""
    answer = client.serve(method.upper(), url, post_data or {}, headers)
    return answer, answer.status, lowered(answer.headers)
