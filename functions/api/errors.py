"""Every error as an HTTP answer, in this one place: ``{"detail": …, "code": …}``, nothing internal.

To add a case: raise an error of ``billing.domain.errors``, give it one line in ``_TOLD``, and name
it in ``answers(…)`` at the routes that raise it: their documentation follows from the same line.
Its ``code`` is the class's name in snake_case, which callers decide by: renaming the class needs
the old ``code`` in its line.

What any route may answer (401, 403, 413, 422 for its input, 429, 500, 503) ``tools.openapi`` adds.
"""

from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.content_types import APPLICATION_JSON
from aws_lambda_powertools.event_handler.exceptions import (
    NotFoundError,
    RequestEntityTooLargeError,
)
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)
from aws_lambda_powertools.event_handler.openapi.types import (
    COMPONENT_REF_PREFIX,
    OpenAPIResponse,
    OpenAPIResponseHeader,
)
from pydantic import BaseModel
from pydantic.alias_generators import to_snake

from billing.contracts.problems import (
    DeclinedProblem,
    FieldProblem,
    Problem,
    ValidationProblem,
)
from billing.domain.errors import (
    AlreadySubscribed,
    BillingError,
    CheckoutSessionNotFound,
    CurrencyMismatch,
    CursorNotFound,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    NewPriceNotOffered,
    PaymentDeclined,
    PaymentMethodInUse,
    PaymentMethodNotFound,
    PaymentOverdue,
    PaymentProcessing,
    PriceNotOffered,
    PromotionCodeNotValid,
    QuoteOutdated,
    QuoteRefused,
    RecordContended,
    RequestInProgress,
    StoreUnavailable,
    StripeUnavailable,
    SubscriptionEnding,
    SubscriptionNotActive,
    SubscriptionNotFound,
    TrialTooLong,
    UserConflict,
    UserNotFound,
)
from billing.observability import logger

Answer = Response[Any]


@dataclass(frozen=True)
class Told:
    """What the caller is told of an error."""

    status: int
    detail: str
    loc: tuple[str, ...] = ("body",)  # of a 422: the field at fault
    retry_after: int | None = None  # seconds, unless the error knows better
    code: str | None = None  # unless it is the class's name


_KEY = ("header", "idempotency-key")
_INVALID = "invalid_request"
_UNAVAILABLE = Told(
    503, "Billing is unavailable for the moment. Try again.", retry_after=1, code="unavailable"
)

#: An error is told as the first of its classes that stands here.
_TOLD: dict[type[Exception], Told] = {
    PaymentDeclined: Told(402, "Your card was declined."),
    NotFoundError: Told(404, "Not found", code="not_found"),
    UserNotFound: Told(404, "User not found"),
    CheckoutSessionNotFound: Told(404, "Checkout session not found"),
    PaymentMethodNotFound: Told(404, "Payment method not found"),
    AlreadySubscribed: Told(
        409, "There is a subscription already. Change it with POST /update-subscription."
    ),
    SubscriptionNotFound: Told(
        404, "There is no subscription. Buy one with POST /create-checkout-session."
    ),
    PaymentOverdue: Told(
        409,
        "A payment is overdue. Pay it first, by another card"
        " with POST /update-default-payment-method.",
    ),
    PaymentProcessing: Told(409, "A payment is under way. Try again when it has arrived."),
    SubscriptionNotActive: Told(409, "The subscription isn't active, so its plan can't change."),
    SubscriptionEnding: Told(
        409, "The subscription ends before that. Undo it with POST /reactivate-subscription."
    ),
    QuoteOutdated: Told(
        409, "The quote holds no more. Get another with POST /preview-subscription-change."
    ),
    UserConflict: Told(
        409,
        "The billing customer is linked with another user, or was changed at the same time.",
    ),
    PaymentMethodInUse: Told(
        409, "A subscription is paid with this payment method. Choose another default first."
    ),
    RequestInProgress: Told(
        409, "The request with this Idempotency-Key is still being answered.", retry_after=1
    ),
    RequestEntityTooLargeError: Told(413, "Request body too large", code="request_too_large"),
    RequestValidationError: Told(422, "Not as this document has it", code=_INVALID),
    RequestUnsupportedContentType: Told(422, "Unsupported content type", code=_INVALID),
    UnicodeDecodeError: Told(422, "Not UTF-8 text", code=_INVALID),
    PriceNotOffered: Told(422, "Not a price that is offered for this", ("body", "priceId")),
    CurrencyMismatch: Told(422, "The customer is billed in another currency", ("body", "priceId")),
    NewPriceNotOffered: Told(422, "Not a price of a plan that is offered", ("body", "newPriceId")),
    QuoteRefused: Told(422, "Not a quote for this change", ("body", "quote")),
    TrialTooLong: Told(422, "Longer than the trial that is offered", ("body", "trialDays")),
    PromotionCodeNotValid: Told(422, "Not a code that holds here", ("body", "promotionCode")),
    CursorNotFound: Told(422, "Not an invoice of this list", ("query", "cursor")),
    IdempotencyKeyInvalid: Told(422, "Not 1 to 255 printable ASCII characters", _KEY),
    IdempotencyKeyReused: Told(422, "Used before, with another body", _KEY),
    Exception: Told(500, "Internal server error", code="internal_error"),
    StripeUnavailable: _UNAVAILABLE,
    StoreUnavailable: _UNAVAILABLE,
    RecordContended: _UNAVAILABLE,
}

#: The shapes of the bodies; any other status has a ``Problem``.
_MODELS: dict[int, type[BaseModel]] = {402: DeclinedProblem, 422: ValidationProblem}

_RETRY_AFTER: dict[str, OpenAPIResponseHeader] = {
    "Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer", "minimum": 0}}
}


def register(app: APIGatewayHttpResolver) -> None:
    """Give every error its answer."""
    app.exception_handler(Exception)(answer_to)


def answer_to(error: Exception) -> Answer:
    """Make the HTTP answer to an error, and log of it what is for us alone."""
    kind = next(kind for kind in type(error).__mro__ if kind in _TOLD)
    told = _TOLD[kind]
    _log(told, error)
    body = _body(kind, error).model_dump(mode="json")
    return Response(
        told.status, content_type=APPLICATION_JSON, body=body, headers=_headers(told, error)
    )


def answers(*error_classes: type[Exception]) -> dict[int, OpenAPIResponse]:
    """Document a route's answers: its success, and what is told of these errors."""
    documented: dict[int, OpenAPIResponse] = {200: {"description": "Success"}}
    statuses = sorted({_TOLD[kind].status for kind in error_classes})
    for status in statuses:
        kinds = [kind for kind in error_classes if _TOLD[kind].status == status]
        documented[status] = _document(status, kinds)
    return documented


def _body(kind: type[Exception], error: Exception | None = None) -> BaseModel:
    """Say what happened; never a value of the request's: it may be anybody's data."""
    told = _TOLD[kind]
    code = told.code or to_snake(kind.__name__)
    if isinstance(error, PaymentDeclined):
        return DeclinedProblem(detail=str(error), code=code, decline_code=error.decline_code)
    if told.status == 402:
        return DeclinedProblem(detail=told.detail, code=code, decline_code="generic_decline")
    if isinstance(error, RequestValidationError | RequestUnsupportedContentType):
        faults = [_field_problem(each) for each in error.errors()]
        return ValidationProblem(detail=faults, code=code)
    if told.status == 422:
        fault = FieldProblem(loc=list(told.loc), msg=told.detail, type="value_error")
        return ValidationProblem(detail=[fault], code=code)
    return Problem(detail=told.detail, code=code)


def _field_problem(error: dict[str, Any]) -> FieldProblem:
    return FieldProblem(loc=list(error["loc"]), msg=error["msg"], type=error["type"])


def _headers(told: Told, error: Exception) -> dict[str, str]:
    wait = getattr(error, "retry_after", told.retry_after)
    return {} if wait is None else {"Retry-After": str(wait)}


def _log(told: Told, error: Exception) -> None:
    reason = type(error).__name__
    if isinstance(error, BillingError):  # what others' errors say may quote the request
        reason += f": {error}"
    if told.status == 500:
        logger.exception("unexpected error", exc_info=error)
    elif told.status == 503:
        logger.warning("unavailable", reason=reason)
    else:
        logger.info("refused", status=told.status, reason=reason)


def _document(status: int, kinds: list[type[Exception]]) -> OpenAPIResponse:
    told = [_TOLD[kind] for kind in kinds]
    model = _MODELS.get(status, Problem).__name__
    response: OpenAPIResponse = {
        "description": "\n\n".join(dict.fromkeys(each.detail for each in told)),
        "content": {
            APPLICATION_JSON: {
                "schema": {"$ref": COMPONENT_REF_PREFIX + model},
                "examples": {
                    kind.__name__: {"value": _body(kind).model_dump(mode="json")} for kind in kinds
                },
            }
        },
    }
    if any(each.retry_after for each in told):
        response["headers"] = _RETRY_AFTER
    return response
