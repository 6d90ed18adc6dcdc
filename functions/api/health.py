"""``GET /health``: whether the function runs. It asks nobody, so it says nothing of others."""

import os

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from api.errors import answers
from billing.contracts.api import Health

router = APIGatewayHttpRouter()


@router.get("/health", responses=answers())
def health() -> Health:
    """Say that the API runs, and which published version of it."""
    return Health(version=os.environ.get("AWS_LAMBDA_FUNCTION_VERSION"))
