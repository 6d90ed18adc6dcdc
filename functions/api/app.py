"""The API's Lambda: routes a request of the HTTP API (payload format 2.0) to its resource.

A resource is a module with a ``router``; what it raises becomes an answer in ``api.errors``.
"""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.utilities.typing import LambdaContext

# Stripe's SDK is most of a cold start: imported here, it is part of the snapshot (SnapStart).
import billing.gateway.stripe_gateway  # noqa: F401
from api import checkout, config, dashboard, errors, health
from api.ports import ApiPorts
from billing.observability import log_context, logger

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]

# A response that breaks its own contract is our fault: without a status of its own, Powertools
# would blame the request.
app = APIGatewayHttpResolver(enable_validation=True, response_validation_error_http_code=500)
for resource in (health, config, dashboard, checkout):
    app.include_router(resource.router)
errors.register(app)


def handler_on(ports: ApiPorts) -> Handler:
    """Make the Lambda handler that serves the routes on these ports."""

    @logger.inject_lambda_context(clear_state=True)
    def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        request = event.get("requestContext", {})
        log_context(request_id=request.get("requestId"))
        app.append_context(ports=ports)
        answer = app.resolve(event, context)
        logger.info("answered", route=event.get("routeKey"), status=answer["statusCode"])
        return answer

    return handle


handler = handler_on(ApiPorts())
