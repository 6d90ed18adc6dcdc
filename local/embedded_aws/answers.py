"""The package's way to read and answer an AWS JSON request, typed."""

import json
from typing import Any

from local.embedded_aws.package import responses

Json = dict[str, Any]
Answer = tuple[int, Json, bytes]


def parsed(body: bytes) -> Json:
    """Read a request; what isn't one has nothing in it."""
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}


def success(body: Json) -> Answer:
    answer: Answer = responses.json_response(body)
    return answer


def refusal(code: str, message: str) -> Answer:
    answer: Answer = responses.error_response_json(code, message, 400)
    return answer
