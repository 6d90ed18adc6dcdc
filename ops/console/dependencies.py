"""What the console's routes are given: the stack, and leave to change something of it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Annotated

from fastapi import Depends, Request
from pydantic import StringConstraints

from billing.domain.record import Value
from ops.errors import NotAllowed
from ops.journal import Journal
from ops.target import Target


class Leave(Value):
    """Whether this console may change anything, and if not, why."""

    allowed: bool
    why_not: str | None = None


class Reasoned(Value):
    """The body of every change: why it is made, for the operators' log."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


def leave_of(target: Target, *, allow_writes: bool) -> Leave:
    """A local stack may always be changed; one on AWS, where its operator has said so."""
    if target.local or allow_writes:
        return Leave(allowed=True)
    return Leave(
        allowed=False,
        why_not="This console is read-only: start it with `scai-ops console --allow-writes`.",
    )


def _target(request: Request) -> Target:
    target: Target = request.app.state.target
    return target


def _leave(request: Request) -> Leave:
    leave: Leave = request.app.state.leave
    return leave


def _answering() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


TargetOf = Annotated[Target, Depends(_target)]
LeaveOf = Annotated[Leave, Depends(_leave)]
#: What is to be left when the answer has been given, or nobody waits for it any more.
Answering = Annotated[ExitStack, Depends(_answering)]


def _journals(target: TargetOf, leave: LeaveOf) -> Callable[[str], Journal]:
    """What makes the operators' log of one change, from the reason for it.

    Raises:
        NotAllowed: nothing may be changed here.
    """
    if not leave.allowed:
        raise NotAllowed(leave.why_not)
    return partial(Journal, target)


JournalFor = Annotated[Callable[[str], Journal], Depends(_journals)]
