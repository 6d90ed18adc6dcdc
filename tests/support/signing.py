"""Deliveries signed as Stripe signs them."""

import hashlib
import hmac
import json
from typing import Any

from tests.support.aws import WEBHOOK_SECRET
from tests.support.builders import NOW


def delivery(event: Any, secret: str = WEBHOOK_SECRET, at: int = NOW) -> dict[str, Any]:
    """A request of ``POST /webhook``, as API Gateway hands it on."""
    body = json.dumps(event)
    digest = hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    headers = {"stripe-signature": f"t={at},v1={digest}"}
    return {"body": body, "headers": headers, "requestContext": {"requestId": "http-1"}}
