"""What fails, and why: the open failures, put together by cause.

Guards that one fault is one cause, however many customers it befell: what differs from one to the
next (ids, numbers, quoted values) is no part of it. Which executions failed is Step Functions' word
alone; the ledger only says what is settled. What somebody stopped is a cause by itself.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError

from billing.domain.record import Value
from ops.executions import Execution, Filter, all_executions
from ops.listed import STOPPED
from ops.target import Target

_EXAMPLES = 5
_ANYTHING = "…"
_VARYING = re.compile(
    r"""
    (?<=\bcalling\ the\ )\w+(?=\ operation\b)  # botocore: one denial befalls several calls
    | "[^"]*" | '[^']*' | `[^`]*`                 # what is quoted
    | \S+@\S+                                   # an address
    | (?<=\buser\ )[^\s,;]+                     # a user: their ids may be of any form
    | [\w.:/@-]*\d[\w.:/@-]*                    # numbers, times, ids, ARNs
    | \b(?:evt|cus|sub|sub_sched|in|pi|cs|ch|pm|price|prod|re|si|seti|card|src)_\w+
    """,
    re.VERBOSE,
)


class Cause(Value):
    """Failures alike, of whichever machines; ``message`` is the newest one's, ``examples`` ARNs.

    ``id`` is the same wherever and whenever it is computed: it can be copied into a command.
    ``state`` is where the newest one failed. ``stopped``: somebody stopped them on purpose, so that
    only who asks for this very cause retries them.
    """

    id: str
    machines: tuple[str, ...]
    state: str | None
    error: str
    stopped: bool
    message: str
    count: int
    first_at: datetime
    last_at: datetime
    examples: tuple[str, ...]


def failures(
    target: Target, wanted: Filter | None = None, cause_id: str | None = None
) -> Iterator[Execution]:
    """The failures of which something is owed, the newest first."""
    narrowed = (wanted or Filter()).model_copy(update={"open": True})
    for execution in all_executions(target, narrowed):
        if cause_id is None or cause_id_of(execution) == cause_id:
            yield execution


def open_causes(target: Target, wanted: Filter | None = None) -> list[Cause]:
    """Why executions failed, what failed most first."""
    return causes_of(target, failures(target, wanted))


def causes_of(target: Target, failed: Iterable[Execution]) -> list[Cause]:
    """Put failures together by cause, what failed most first."""
    alike: dict[str, list[Execution]] = defaultdict(list)
    for execution in failed:
        alike[cause_id_of(execution)].append(execution)
    causes = [_cause(target, id_, executions) for id_, executions in alike.items()]
    return sorted(causes, key=lambda cause: (-cause.count, cause.id))


def cause_id_of(execution: Execution) -> str:
    """The cause of a failure. Machines share steps, so it is none of one machine's."""
    by_whom = f"{STOPPED} " if _stopped(execution) else ""
    told = f"{by_whom}{_error_of(execution)}\n{pattern_of(execution.cause or '')}"
    return hashlib.sha256(told.encode()).hexdigest()[:10]


def pattern_of(message: str) -> str:
    """A message without what differs from one customer to the next."""
    return " ".join(_VARYING.sub(_ANYTHING, message).split())


def _cause(target: Target, id_: str, executions: list[Execution]) -> Cause:
    newest = max(executions, key=_moment)
    return Cause(
        id=id_,
        machines=tuple(sorted({each.machine for each in executions})),
        state=_failed_state(target, newest.arn),
        error=_error_of(newest),
        stopped=_stopped(newest),
        message=newest.cause or "",
        count=len(executions),
        first_at=min(map(_moment, executions)),
        last_at=_moment(newest),
        examples=tuple(each.arn for each in executions[:_EXAMPLES]),
    )


def _error_of(execution: Execution) -> str:
    return execution.error or execution.status


def _stopped(execution: Execution) -> bool:
    """Who stops an execution may name an error, and has stopped it all the same."""
    return execution.status == STOPPED


def _moment(execution: Execution) -> datetime:
    return execution.stopped_at or execution.started_at


def _failed_state(target: Target, arn: str) -> str | None:
    """The state in which an execution ended, by the end of its history; None if nobody can say."""
    try:
        answer = target.client("stepfunctions").get_execution_history(
            executionArn=arn, reverseOrder=True, maxResults=100, includeExecutionData=False
        )
    except (BotoCoreError, ClientError):  # it may be forgotten by now
        return None
    names = (e["stateEnteredEventDetails"]["name"] for e in answer["events"] if _enters(e))
    return next(names, None)


def _enters(event: dict[str, object]) -> bool:
    return "stateEnteredEventDetails" in event
