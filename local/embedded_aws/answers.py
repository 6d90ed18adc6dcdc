"""The package's way to answer an AWS JSON request, typed."""

from typing import Any

from local.embedded_aws.package import responses

Json = dict[str, Any]
Answer = tuple[int, Json, bytes]


def success(body: Json) -> Answer:
    answer: Answer = responses.json_response(body)
    return answer


def refusal(code: str, message: str) -> Answer:
    answer: Answer = responses.error_response_json(code, message, 400)
    return answer
