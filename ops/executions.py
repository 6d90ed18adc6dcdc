"""The executions of all machines, newest first, each with whose it is and what is owed.

Guards that nothing walks the ledger: Step Functions' own lists say which executions there are, the
ledger is read by keys, and one user's executions are found by that user's timeline.
"""

from collections.abc import Iterator
from itertools import islice

from billing.domain.record import Value
from ops.cursors import read_cursor, write_cursor
from ops.errors import OpsError
from ops.execution import Execution, descriptions_of, executions_of, find_execution
from ops.listed import UNSUCCESSFUL, Listed, Position, Status, Walk, within
from ops.moments import Moment
from ops.target import Target
from ops.user_executions import UserPosition, executions_of_user

__all__ = [
    "Execution",
    "ExecutionPage",
    "Filter",
    "Status",
    "all_executions",
    "find_execution",
    "first_executions",
    "list_executions",
]

#: At most so many executions are described for one page: AWS describes 15 a second.
_DESCRIBED = 250
#: So many are described together where few of them may be wanted.
_TOGETHER = 50
#: Executions in a page of Step Functions' own lists: of a walk that looks for few among many, all
#: that there may be.
_PAGE, _LARGEST_PAGE = 100, 1_000


class Filter(Value):
    """Which executions are wanted; each field that is set narrows it.

    ``open`` wants only what failed and isn't settled. ``since`` and ``until`` are about when an
    execution ended, or, while it runs, when it began or was redriven.
    """

    machine: str | None = None
    status: Status | None = None
    open: bool = False
    error: str | None = None
    customer_id: str | None = None
    user_id: str | None = None
    event_type: str | None = None
    since: Moment | None = None
    until: Moment | None = None


class ExecutionPage(Value):
    """A page, and where the next one begins; None after the last.

    A page may be short, or empty, before the last: where a filter finds little, looking on is left
    to the next call.
    """

    items: tuple[Execution, ...]
    cursor: str | None = None


def list_executions(
    target: Target, wanted: Filter, cursor: str | None = None, limit: int = 50
) -> ExecutionPage:
    """Read a page. One user's are in the order of that user's timeline, all others by their time.

    Raises:
        OpsError: there is no such machine, or the cursor is of no such list or too old.
    """
    user_id = _user_of(target, wanted)
    if user_id is not None:
        return _of_user(target, user_id, wanted, cursor, limit)
    position = read_cursor(Position, cursor) if cursor else Position()
    found: list[Execution] = []
    described = 0
    for batch in _batches(target, wanted, position, _TOGETHER if _looks_into(wanted) else limit):
        for execution, position in batch:
            if _matches(execution, wanted):
                found.append(execution)
            if len(found) == limit:
                return ExecutionPage(items=tuple(found), cursor=write_cursor(position))
        described += len(batch)
        if described >= _DESCRIBED:
            return ExecutionPage(items=tuple(found), cursor=write_cursor(position))
    return ExecutionPage(items=tuple(found))


def first_executions(target: Target, wanted: Filter, limit: int) -> ExecutionPage:
    """The first of them in a page that is only short where there are no more."""
    page = list_executions(target, wanted, None, limit)
    found = list(page.items)
    while page.cursor is not None and len(found) < limit:
        page = list_executions(target, wanted, page.cursor, limit - len(found))
        found += page.items
    return ExecutionPage(items=tuple(found), cursor=page.cursor)


def all_executions(target: Target, wanted: Filter) -> Iterator[Execution]:
    """All of them, as far as they are asked for; each page of Step Functions' is read once."""
    user_id = _user_of(target, wanted)
    if user_id is not None:
        yield from _all_of_user(target, user_id, wanted)
        return
    for batch in _batches(target, wanted, Position(), _DESCRIBED):
        yield from (execution for execution, _ in batch if _matches(execution, wanted))


def _batches(
    target: Target, wanted: Filter, position: Position, size: int
) -> Iterator[list[tuple[Execution, Position]]]:
    """So many at a time of those that may be wanted, each with where to go on after it."""
    walk = _walk(target, wanted, position)
    marked = ((each, walk.position) for each in within(walk, wanted.since, wanted.until))
    while some := list(islice(marked, size)):
        executions = executions_of(target, [each for each, _ in some])
        yield [(each, after) for each, (_, after) in zip(executions, some, strict=True)]


def _walk(target: Target, wanted: Filter, position: Position) -> Walk:
    machines = target.machines
    if wanted.machine is not None:
        if wanted.machine not in machines:
            raise OpsError(f"no machine {wanted.machine}: there are {', '.join(sorted(machines))}")
        machines = {wanted.machine: machines[wanted.machine]}
    statuses = UNSUCCESSFUL if wanted.open else ()
    if wanted.status is not None:
        statuses = (wanted.status,)
    looks_for_few = _looks_into(wanted) or wanted.until is not None
    page_size = _LARGEST_PAGE if looks_for_few else _PAGE
    return Walk(target.client("stepfunctions"), machines, statuses, page_size, position)


def _looks_into(wanted: Filter) -> bool:
    """Whether executions have to be described to know if they are wanted."""
    return wanted.open or any((wanted.error, wanted.customer_id, wanted.event_type))


def _user_of(target: Target, wanted: Filter) -> str | None:
    """The one user whose executions are wanted, where it is one that is known."""
    if wanted.user_id is not None or wanted.customer_id is None:
        return wanted.user_id
    return target.ports.customers.user_of(wanted.customer_id)


def _all_of_user(target: Target, user_id: str, wanted: Filter) -> Iterator[Execution]:
    cursor: str | None = None
    while True:
        page = _of_user(target, user_id, wanted, cursor, _DESCRIBED)
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return


def _of_user(
    target: Target, user_id: str, wanted: Filter, cursor: str | None, limit: int
) -> ExecutionPage:
    position = read_cursor(UserPosition, cursor) if cursor else None
    found: list[Execution] = []
    while len(found) < limit:
        arns, position = executions_of_user(target, user_id, position, limit - len(found))
        listed = [x for x in descriptions_of(target).found(arns) if _is_of_time(x, wanted)]
        found += [each for each in executions_of(target, listed) if _matches(each, wanted)]
        if position is None:
            break
    return ExecutionPage(
        items=tuple(found), cursor=write_cursor(position) if position is not None else None
    )


def _is_of_time(listed: Listed, wanted: Filter) -> bool:
    return (wanted.since is None or listed.moment >= wanted.since) and (
        wanted.until is None or listed.moment <= wanted.until
    )


def _matches(execution: Execution, wanted: Filter) -> bool:
    return all(
        getattr(wanted, name) in (None, getattr(execution, name))
        for name in ("machine", "status", "error", "customer_id", "user_id", "event_type")
    ) and (not wanted.open or execution.open)
