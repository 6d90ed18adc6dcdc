"""Executions: the list, one whole, the causes of what failed, and having it done after all."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Query

from ops import causes, executions, retrying, show
from ops.causes import Cause
from ops.console.dependencies import Answering, JournalFor, Reasoned, TargetOf
from ops.console.problems import Problem, told_to_the_end
from ops.execution import find_execution
from ops.executions import ExecutionPage, Filter
from ops.retrying import Retried
from ops.show import ExecutionDetail

router = APIRouter(tags=["executions"])


class Retry(Reasoned):
    """Which execution; ``fresh``: not redriven, but started anew by today's definition."""

    arn: str
    fresh: bool = False


class RetryAll(Reasoned):
    """Which failures: those of one cause, or all that nobody stopped on purpose."""

    cause_id: str | None = None


class Wanted(Filter):
    """A filter, and which page of what it finds."""

    cursor: str | None = None
    limit: Annotated[int, Query(ge=1, le=200)] = 50


@router.get("/executions")
def list_executions(target: TargetOf, wanted: Annotated[Wanted, Query()]) -> ExecutionPage:
    chosen = Filter(**wanted.model_dump(include=set(Filter.model_fields)))
    return executions.list_executions(target, chosen, wanted.cursor, wanted.limit)


@router.get("/executions/{name_or_arn}")
def get_execution(target: TargetOf, name_or_arn: str) -> ExecutionDetail:
    return show.show(target, name_or_arn)


@router.post("/retries")
def retry(target: TargetOf, journal: JournalFor, body: Retry) -> Retried:
    """Have one execution done after all."""
    log = journal(body.reason)
    return retrying.retry(target, find_execution(target, body.arn), log, fresh=body.fresh)


@router.get("/causes")
def list_causes(target: TargetOf) -> list[Cause]:
    return causes.open_causes(target)


@router.post("/retries/all")
def retry_all(
    target: TargetOf, journal: JournalFor, answering: Answering, body: RetryAll
) -> Iterable[Retried | Problem]:
    """Retry all failures, or those of one cause, and tell of each as it is done."""
    log = journal(body.reason)
    yield from told_to_the_end(answering, retrying.retry_all(target, log, body.cause_id))
