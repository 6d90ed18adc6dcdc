"""Every error as an HTTP answer, in this one place: ``{"detail": …}``, and nothing internal in it.

To add a case: raise an error of ``billing.domain.errors``, and say here what the caller is told.
"""

from collections.abc import Callable, Iterable
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.content_types import APPLICATION_JSON
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)

from billing.domain.errors import (
    AlreadySubscribed,
    CheckoutSessionNotFound,
    CurrencyMismatch,
    PaymentDeclined,
    PriceNotOffered,
    RecordContended,
    StoreUnavailable,
    StripeUnavailable,
    TrialTooLong,
    UserConflict,
    UserNotFound,
)
from billing.observability import logger

Answer = Response[Any]

_PLAIN: dict[type[Exception], tuple[int, str]] = {
    NotFoundError: (404, "Not found"),
    UserNotFound: (404, "User not found"),
    CheckoutSessionNotFound: (404, "Checkout session not found"),
    AlreadySubscribed: (
        409,
        "There is a subscription already. Change it with POST /update-subscription.",
    ),
    UserConflict: (409, "The billing customer was changed at the same time. Try again."),
}

#: Refused by what we sell rather than by shape: the field at fault, and why.
_UNPROCESSABLE: dict[type[Exception], tuple[str, str]] = {
    PriceNotOffered: ("priceId", "Not a price of a plan that is offered"),
    CurrencyMismatch: ("priceId", "The customer is billed in another currency"),
    TrialTooLong: ("trialDays", "Longer than the trial that is offered"),
}

_UNAVAILABLE = "Billing is unavailable for the moment. Try again."


def register(app: APIGatewayHttpResolver) -> None:
    """Give every error its answer."""
    for error_class, (status, detail) in _PLAIN.items():
        app.exception_handler(error_class)(_plain(status, detail))
    for error_class, (field, reason) in _UNPROCESSABLE.items():
        app.exception_handler(error_class)(_unprocessable(field, reason))
    app.exception_handler([RequestValidationError, RequestUnsupportedContentType])(_invalid)
    app.exception_handler(UnicodeDecodeError)(_not_text)
    app.exception_handler(PaymentDeclined)(_declined)
    app.exception_handler([StripeUnavailable, StoreUnavailable, RecordContended])(_unavailable)
    app.exception_handler(Exception)(_unexpected)


def _plain(status: int, detail: str) -> Callable[[Exception], Answer]:
    def handle(error: Exception) -> Answer:
        logger.info("refused", status=status, reason=f"{type(error).__name__}: {error}")
        return _answer(status, {"detail": detail})

    return handle


def _unprocessable(field: str, reason: str) -> Callable[[Exception], Answer]:
    def handle(error: Exception) -> Answer:
        logger.info("refused", status=422, reason=f"{type(error).__name__}: {error}")
        return _problems([{"loc": ("body", field), "msg": reason, "type": "value_error"}])

    return handle


def _invalid(error: RequestValidationError | RequestUnsupportedContentType) -> Answer:
    return _problems(error.errors())


def _not_text(_error: UnicodeDecodeError) -> Answer:
    return _problems([{"loc": ("body",), "msg": "Not UTF-8 text", "type": "json_invalid"}])


def _declined(error: PaymentDeclined) -> Answer:
    return _answer(402, {"detail": str(error), "decline_code": error.decline_code})


def _unavailable(error: StripeUnavailable | StoreUnavailable | RecordContended) -> Answer:
    logger.warning("unavailable", reason=f"{type(error).__name__}: {error}")
    wait = error.retry_after if isinstance(error, StripeUnavailable) else 1
    return _answer(503, {"detail": _UNAVAILABLE}, {"Retry-After": str(wait)})


def _unexpected(error: Exception) -> Answer:
    logger.exception("unexpected error", exc_info=error)
    return _answer(500, {"detail": "Internal server error"})


def _problems(problems: Iterable[Any]) -> Answer:
    """Say where and why; never the values: they may be anybody's data."""
    detail = [
        {"loc": list(problem["loc"]), "msg": problem["msg"], "type": problem["type"]}
        for problem in problems
    ]
    return _answer(422, {"detail": detail})


def _answer(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> Answer:
    return Response(status, content_type=APPLICATION_JSON, body=body, headers=headers)
