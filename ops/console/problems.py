"""The one shape of every error that the console answers: what is wrong, and what to do about it.

``what_to_do`` is null where the message says it: those of ``ops.errors`` do.
"""

import logging
from collections.abc import Callable, Generator, Iterable
from contextlib import ExitStack, closing
from http import HTTPStatus
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.exceptions import HTTPException

from billing.domain.errors import BillingError
from billing.domain.record import Value
from local.stack.errors import StackError
from ops.errors import NotAllowed, NotFound, OpsError

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Problem(Value):
    """An error as programs and people read it; ``code`` never changes its meaning."""

    status: int = Field(exclude=True, default=HTTPStatus.BAD_REQUEST)
    code: str
    message: str
    what_to_do: str | None = None

    def as_response(self) -> JSONResponse:
        return JSONResponse(self.model_dump(), status_code=self.status)


def handle_problems(app: FastAPI) -> None:
    """Have every error answered in the one shape."""
    for kind, explain in _EXPLAIN.items():
        app.add_exception_handler(kind, _handler(explain))


def told_to_the_end(answering: ExitStack, items: Iterable[T]) -> Generator[T | Problem, None, None]:
    """Pass on what is done piece by piece; what ends it before its time is the last piece.

    An answer that has begun can't become another status any more. Once nobody listens, what is
    done ends, and gives back what it holds.
    """
    return answering.enter_context(closing(_told(items)))


def _told(items: Iterable[T]) -> Generator[T | Problem, None, None]:
    try:
        yield from items
    except Exception as error:
        kind = next(kind for kind in type(error).__mro__ if kind in _EXPLAIN)
        yield _EXPLAIN[kind](error)


def _handler(explain: Callable[[Any], Problem]) -> Callable[[Request, Exception], JSONResponse]:
    return lambda _, error: explain(error).as_response()


def _as(
    status: HTTPStatus, code: str, message: str = "{}", what_to_do: str | None = None
) -> Callable[[Exception], Problem]:
    """Errors of which what they say themselves is all there is to tell."""
    return lambda error: Problem(
        status=status, code=code, message=message.format(error), what_to_do=what_to_do
    )


def _refused_by_aws(error: ClientError) -> Problem:
    told = error.response["Error"].get("Message", error)
    return Problem(
        status=HTTPStatus.BAD_GATEWAY,
        code="refused_by_aws",
        message=f"AWS refused {error.operation_name}: {told}",
        what_to_do="Check your permissions and whether your credentials still hold.",
    )


def _not_answered(error: BillingError) -> Problem:
    return Problem(
        status=HTTPStatus.BAD_GATEWAY,
        code="not_answered",
        message=f"{type(error).__name__}: {error}",
        what_to_do="Try again; if it stays so, Health says which part is down.",
    )


def _invalid(error: RequestValidationError) -> Problem:
    faults = (f"{'.'.join(map(str, each['loc'][1:]))}: {each['msg']}" for each in error.errors())
    return Problem(
        status=HTTPStatus.UNPROCESSABLE_ENTITY, code="invalid", message="; ".join(faults)
    )


def _failed(error: Exception) -> Problem:
    _log.error("A request failed", exc_info=error)
    return Problem(
        status=HTTPStatus.INTERNAL_SERVER_ERROR,
        code="failed",
        message=f"The console itself failed: {type(error).__name__}.",
        what_to_do="The traceback is where the console runs (locally .local/logs/console.log).",
    )


_EXPLAIN: dict[type[Exception], Callable[[Any], Problem]] = {
    NotFound: _as(HTTPStatus.NOT_FOUND, "not_found"),
    NotAllowed: _as(HTTPStatus.FORBIDDEN, "not_allowed"),
    OpsError: _as(HTTPStatus.CONFLICT, "not_possible"),
    HTTPException: lambda e: Problem(status=e.status_code, code="no_route", message=e.detail),
    StackError: _as(
        HTTPStatus.CONFLICT,
        "of_another_version",
        "The stack is of another version: {}.",
        "Deploy it anew, or use the scai-ops that it was deployed with.",
    ),
    BillingError: _not_answered,
    ClientError: _refused_by_aws,
    BotoCoreError: _as(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "aws_not_reached",
        "AWS did not answer: {}",
        "Check the stack (make status), or your network and credentials.",
    ),
    RequestValidationError: _invalid,
    Exception: _failed,
}
