"""Step Functions' lists of executions, of several machines as one, the newest first.

Guards that a page costs a page, however many executions there are: each list is read as far as it
is looked at, and a cursor says in which page of each list to go on.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError
from pydantic import Field

from billing.aws import error_code
from billing.domain.record import Value
from ops.errors import OpsError
from ops.moments import Moment

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

Status = Literal["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]

#: How executions end that may be redriven.
UNSUCCESSFUL: tuple[Status, ...] = ("FAILED", "TIMED_OUT", "ABORTED")
#: How they end where somebody stopped them on purpose.
STOPPED: Status = "ABORTED"
_AT_ONCE = 8


class Listed(Value):
    """An execution as ListExecutions and DescribeExecution both tell it."""

    arn: str
    name: str
    machine: str
    status: Status
    started_at: Moment
    stopped_at: Moment | None = None
    redriven_at: Moment | None = None
    redrive_count: int = 0

    @classmethod
    def of(cls, told: Mapping[str, Any], machine: str) -> "Listed":
        """Read what Step Functions tells."""
        return cls(
            arn=told["executionArn"],
            name=told["name"],
            machine=machine,
            status=told["status"],
            started_at=told["startDate"],
            stopped_at=told.get("stopDate"),
            redriven_at=told.get("redriveDate"),
            redrive_count=told.get("redriveCount", 0),
        )

    @property
    def moment(self) -> datetime:
        """What lists are sorted by (ListExecutions, Step Functions API Reference)."""
        return self.stopped_at or self.redriven_at or self.started_at


class Position(Value):
    """Where a walk stands: what is older than ``before`` comes next.

    ``told`` are the executions of that very moment that were given already. ``tokens`` are the
    pages to go on in, by list.
    """

    before: datetime | None = None
    told: tuple[str, ...] = ()
    tokens: dict[str, str] = Field(default_factory=dict)


class Walk(Iterator[Listed]):
    """The executions of some machines, each in one of these states (of all without any)."""

    def __init__(
        self,
        client: "SFNClient",
        machines: Mapping[str, str],
        statuses: Sequence[Status],
        page_size: int,
        position: Position,
    ) -> None:
        self._lists = {
            f"{machine}/{status or ''}": _List(
                client,
                machine,
                {"stateMachineArn": arn, "maxResults": page_size}
                | ({"statusFilter": status} if status else {}),
            )
            for machine, arn in machines.items()
            for status in statuses or (None,)
        }
        for key, token in position.tokens.items():
            if key in self._lists:
                self._lists[key].token = token
        self._before, self._told = position.before, list(position.told)
        self._merged: Iterator[Listed] | None = None

    def __next__(self) -> Listed:
        if self._merged is None:
            self._merged = self._begin()
        found = next(each for each in self._merged if self._is_next(each))
        if found.moment != self._before:
            self._before, self._told = found.moment, []
        self._told.append(found.arn)
        return found

    @property
    def position(self) -> Position:
        """Where another walk goes on after what this one has given."""
        tokens = {key: each.token for key, each in self._lists.items() if each.token}
        return Position(before=self._before, told=tuple(self._told), tokens=tokens)

    def _begin(self) -> Iterator[Listed]:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(_List.read, self._lists.values()))
        return heapq.merge(*self._lists.values(), key=lambda each: each.moment, reverse=True)

    def _is_next(self, found: Listed) -> bool:
        if self._before is None or found.moment < self._before:
            return True
        return found.moment == self._before and found.arn not in self._told


def within(
    walk: Iterator[Listed], since: datetime | None, until: datetime | None
) -> Iterator[Listed]:
    """What of a walk is of this time; the walk ends where that does."""
    young = takewhile(lambda each: since is None or each.moment >= since, walk)
    return (each for each in young if until is None or each.moment <= until)


class _List:
    """One list, read page by page; ``token`` is of the page that it is in."""

    def __init__(self, client: "SFNClient", machine: str, asked: dict[str, Any]) -> None:
        self.token: str | None = None
        self._client = client
        self._machine = machine
        self._asked = asked
        self._items: list[Listed] = []
        self._next: str | None = None

    def read(self) -> None:
        """Read the page that ``token`` names.

        Raises:
            OpsError: the token is too old.
        """
        more: dict[str, Any] = {"nextToken": self.token} if self.token else {}
        try:
            answer = self._client.list_executions(**self._asked, **more)
        except ClientError as error:
            if error_code(error) == "InvalidToken":
                raise OpsError("this cursor is too old: list from the beginning") from None
            raise
        self._items = [Listed.of(item, self._machine) for item in answer["executions"]]
        self._next = answer.get("nextToken")

    def __iter__(self) -> Iterator[Listed]:
        while True:
            yield from self._items
            if self._next is None:
                return
            self.token = self._next
            self.read()
