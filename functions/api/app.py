"""The API's Lambda: routes a request of the HTTP API (payload format 2.0) to its resource.

A resource is a module with a ``router``; what it raises becomes an answer in ``api.errors``. Before
the routes stand what a body may be, JSON and not large, and ``api.idempotency``.
"""

import time
from base64 import b64decode
from collections.abc import Callable
from json import JSONDecodeError
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.api_gateway import ResponseBuilder
from aws_lambda_powertools.event_handler.content_types import APPLICATION_JSON
from aws_lambda_powertools.event_handler.exceptions import RequestEntityTooLargeError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestUnsupportedContentType
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic_core import from_json

# Stripe's SDK is most of a cold start: imported here, it is part of the snapshot (SnapStart).
import billing.gateway.stripe_gateway  # noqa: F401
from api import (
    access,
    checkout,
    config,
    dashboard,
    documentation,
    errors,
    health,
    invoices,
    payment_methods,
    portal,
    subscription,
)
from api.idempotency import Idempotency
from api.ports import ApiPorts
from billing.observability import log_context, logger, observed

Json = dict[str, Any]
Handler = Callable[[Json, LambdaContext], Json]

#: Far above what any route takes, far below what API Gateway lets through (10 MB).
MAX_BODY_BYTES = 64 * 1024


def _read_json(text: str) -> Any:
    """Read JSON and nothing else: Python's own reader takes NaN, and fails on what is deep or long.

    Raises:
        JSONDecodeError: it isn't JSON.
    """
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise JSONDecodeError(str(error), "", 0) from None


# A response that breaks its own contract is our fault: without a status of its own, Powertools
# would blame the request.
app = APIGatewayHttpResolver(
    enable_validation=True,
    response_validation_error_http_code=500,
    json_body_deserializer=_read_json,
)
for resource in (
    health,
    config,
    documentation,
    dashboard,
    access,
    checkout,
    subscription,
    payment_methods,
    invoices,
    portal,
):
    app.include_router(resource.router)
errors.register(app)


def handler_on(ports: ApiPorts) -> Handler:
    """Make the Lambda handler that serves the routes on these ports."""
    idempotency = Idempotency(ports)

    def resolve(event: Json, context: LambdaContext) -> Json:
        app.append_context(ports=ports)
        return app.resolve(event, context)

    @observed
    def handle(event: Json, context: LambdaContext) -> Json:
        ports.ends_at = time.monotonic() + context.get_remaining_time_in_millis() / 1000
        request = event.get("requestContext", {})
        log_context(request_id=request.get("requestId"))
        try:
            _limit_body(event)
            _require_json(event)
            answer = idempotency.answer(event, context, resolve)
        except Exception as error:
            builder = ResponseBuilder[APIGatewayProxyEventV2](errors.answer_to(error))
            answer = builder.build(APIGatewayProxyEventV2(event))
        logger.info("answered", route=event.get("routeKey"), status=answer["statusCode"])
        return answer

    return handle


def _limit_body(event: Json) -> None:
    """Refuse a large body before anything reads it."""
    body: str = event.get("body") or ""
    size = len(b64decode(body) if event.get("isBase64Encoded") else body.encode())
    if size > MAX_BODY_BYTES:
        raise RequestEntityTooLargeError("Request body too large")


def _require_json(event: Json) -> None:
    """Refuse what isn't declared JSON: Powertools would read forms as well."""
    content_type: str = event.get("headers", {}).get("content-type", APPLICATION_JSON)
    is_json = content_type.partition(";")[0].strip().lower() == APPLICATION_JSON
    if event["requestContext"]["http"]["method"] == "POST" and not is_json:
        fault = {
            "loc": ("body",),
            "msg": "Not application/json",
            "type": "unsupported_content_type",
        }
        raise RequestUnsupportedContentType("Not application/json", errors=[fault])


handler = handler_on(ApiPorts())
