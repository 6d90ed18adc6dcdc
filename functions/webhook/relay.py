"""``POST /webhook``: Stripe's deliveries, verified and put on our bus.

Guards that no event is lost at this door: 200 says that EventBridge holds it, and every failure of
ours is a 5xx, after which Stripe delivers again. Only what Stripe signed gets in. Neither bodies
nor signatures are ever logged.
"""

import base64
import json
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import ValidationError
from pydantic_core import from_json

from billing.bus import Envelope
from billing.contracts.stripe_events import StripeEvent, explain
from billing.domain.errors import BusUnavailable, ConfigurationError, StoreUnavailable
from billing.front_door import enveloped
from billing.gateway.secrets import StripeSecrets
from billing.metrics import Metric, measure
from billing.observability import log_context, logger, observed
from billing.runtime import Ports
from webhook.signature import InvalidSignature, SignatureMismatch, SignatureMissing, verify

RETRY_AFTER_SECONDS = 5

Request = dict[str, Any]
Response = dict[str, Any]


class MalformedBody(Exception):
    """The body isn't a Stripe event; the text says why, and holds nothing of the body."""


def relay(request: Request, ports: Ports) -> Response:
    """Answer one delivery (HTTP API, payload format 2.0)."""
    try:
        body = _body(request)
        _verify(body, request, ports)
        envelope = _envelope(body)
        ports.bus.put(envelope)
    except (InvalidSignature, MalformedBody) as error:
        return _refusal(error)
    except (BusUnavailable, StoreUnavailable):
        logger.exception("event not captured")
        measure(Metric.CAPTURE_FAILED)
        retry_after = {"retry-after": str(RETRY_AFTER_SECONDS)}
        return _answer(503, {"detail": "The event could not be captured"}, retry_after)
    except ConfigurationError:
        logger.exception("relay misconfigured")
        measure(Metric.CAPTURE_FAILED)
        return _answer(500, {"detail": "Internal server error"})
    logger.info("event captured", bytes=len(body))
    measure(Metric.EVENT_CAPTURED)
    return _answer(200, {"status": "success"})


def _refusal(error: InvalidSignature | MalformedBody) -> Response:
    """Refuse a delivery. One without any signature is some scanner's, and nothing to measure."""
    logger.warning("delivery refused", reason=type(error).__name__, detail=str(error))
    if isinstance(error, MalformedBody):
        measure(Metric.CAPTURE_FAILED)
    elif not isinstance(error, SignatureMissing):
        measure(Metric.SIGNATURE_REFUSED)
    return _answer(400, {"detail": str(error)})


def _body(request: Request) -> bytes:
    text: str = request.get("body") or ""
    try:
        if request.get("isBase64Encoded"):
            return base64.b64decode(text, validate=True)
        return text.encode()
    except ValueError:
        raise MalformedBody("The body can't be decoded") from None


def _verify(body: bytes, request: Request, ports: Ports) -> None:
    """Check the signature; where none fits, once more with the secrets read anew."""
    headers = {name.lower(): value for name, value in request.get("headers", {}).items()}
    header = headers.get("stripe-signature")
    try:
        verify(body, header, _known(ports.secrets.read()), ports.now())
    except SignatureMismatch:
        fresh = ports.secrets.refreshed()
        if fresh is None:
            raise
        verify(body, header, _known(fresh), ports.now())


def _known(secrets: StripeSecrets) -> list[str]:
    return [secret.get_secret_value() for secret in secrets.webhook_secrets]


def _envelope(body: bytes) -> Envelope:
    """Wrap what is a Stripe event."""
    try:
        members = from_json(body, allow_inf_nan=False)
        event = StripeEvent.model_validate(members)
    except ValidationError as error:
        raise MalformedBody(f"The body is not a Stripe event: {explain(error)}") from None
    except ValueError:
        raise MalformedBody("The body is not valid JSON") from None
    log_context(event_id=event.id, event_type=event.type, customer_id=event.customer_id)
    return enveloped(body, members)


def _answer(status: int, body: dict[str, str], headers: dict[str, str] | None = None) -> Response:
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", **(headers or {})},
        "body": json.dumps(body),
    }


_ports = Ports()


@observed
def handler(event: Request, _context: LambdaContext) -> Response:
    """Lambda's entry point."""
    log_context(request_id=event.get("requestContext", {}).get("requestId"))
    return relay(event, _ports)
