"""What an execution's history says: the states that it went through, one step for each.

Pure. Guards that a retried state is one step however often it was tried, and that what a redrive
runs again is a step of its own: AWS schedules a redriven Task again without entering it. Lambdas
given by ARN (``LambdaFunction…`` events) and by integration (``Task…``) read alike.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from billing.domain.record import Value
from ops.moments import in_utc

Event = Mapping[str, Any]
StepStatus = Literal["running", "succeeded", "caught", "failed", "timed_out", "aborted"]

_ENDS: Mapping[str, StepStatus] = {
    "ExecutionFailed": "failed",
    "ExecutionTimedOut": "timed_out",
    "ExecutionAborted": "aborted",
}
#: What events say, by what runs a Task's work and by what it says of it.
_BY_TYPE = {
    f"{family}{said}": kind
    for family in ("Task", "LambdaFunction", "Activity")
    for said, kind in (("Scheduled", "tried"), ("Succeeded", "went_well"))
} | dict.fromkeys(_ENDS, "ended")
_BY_ENDING = {
    "Redriven": "redriven",
    "StateEntered": "entered",
    "StateExited": "left",
    "StateAborted": "ended",
    "Failed": "went_wrong",
    "TimedOut": "went_wrong",
}


class Step(Value):
    """One state on the path, in the run of the execution that ``redrive`` counts (0: the first).

    ``error`` and ``cause`` are of the last try that went wrong, also where a later one went well or
    the state's Catch answered it (``caught``). ``input`` and ``output`` are as their JSON reads.
    """

    state: str
    type: str
    status: StepStatus
    entered_at: datetime
    left_at: datetime | None = None
    duration_ms: int | None = None
    tries: int = 0
    retries: int = 0
    redrive: int = 0
    input: Any = None
    output: Any = None
    error: str | None = None
    cause: str | None = None


def steps_of(events: Iterable[Event]) -> tuple[Step, ...]:
    """The path taken, from the whole history in its order."""
    path = _Path()
    for event in events:
        path.go_on(event)
    return tuple(path.steps)


def read_json(text: str | None) -> Any:
    """A value as its JSON reads; a text that is none as it is."""
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text


class _Path:
    """The steps so far; the last of them is where the execution is."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._redrive = 0
        self._went_wrong = False  # the current state's last try

    def go_on(self, event: Event) -> None:
        match _kind(event["type"]):
            case "redriven":
                self._redrive += 1
            case "entered":
                self._enter(event)
            case "tried":
                self._try(event)
            case "went_well":
                self._went_wrong = False
            case "went_wrong":
                self._note_error(event)
            case "left":
                self._leave(event)
            case "ended":
                self._end(event)

    def _enter(self, event: Event) -> None:
        details = _details(event)
        self._went_wrong = False
        self.steps.append(
            Step(
                state=details["name"],
                type=event["type"].removesuffix("StateEntered"),
                status="running",
                entered_at=in_utc(event["timestamp"]),
                redrive=self._redrive,
                input=read_json(details.get("input")),
            )
        )

    def _try(self, event: Event) -> None:
        if not self.steps:
            return
        if self.steps[-1].left_at is not None:
            self._enter_again(event)
        tries = self.steps[-1].tries + 1
        self._change(tries=tries, retries=tries - 1)

    def _enter_again(self, event: Event) -> None:
        failed = self.steps[-1]
        self._went_wrong = False
        self.steps.append(
            Step(
                state=failed.state,
                type=failed.type,
                status="running",
                entered_at=in_utc(event["timestamp"]),
                redrive=self._redrive,
                input=failed.input,
            )
        )

    def _note_error(self, event: Event) -> None:
        details = _details(event)
        self._went_wrong = True
        self._change(error=details.get("error"), cause=details.get("cause"))

    def _leave(self, event: Event) -> None:
        status: StepStatus = "caught" if self._went_wrong else "succeeded"
        self._close(event, status, output=read_json(_details(event).get("output")))

    def _end(self, event: Event) -> None:
        """The execution ended in this state; the state's own error says more than its."""
        if not self.steps or self.steps[-1].left_at is not None:
            return
        last, details = self.steps[-1], _details(event)
        if last.error is None:
            self._change(error=details.get("error"), cause=details.get("cause"))
        self._close(event, _ENDS.get(event["type"], "aborted"))

    def _close(self, event: Event, status: StepStatus, **more: Any) -> None:
        if not self.steps:
            return
        left = in_utc(event["timestamp"])
        took = left - self.steps[-1].entered_at
        self._change(
            status=status, left_at=left, duration_ms=round(took.total_seconds() * 1000), **more
        )

    def _change(self, **fields: Any) -> None:
        if self.steps:
            self.steps[-1] = self.steps[-1].model_copy(update=fields)


def _kind(type_: str) -> str | None:
    """What an event says; None of one that says nothing of the path."""
    return _BY_TYPE.get(type_) or next(
        (kind for ending, kind in _BY_ENDING.items() if type_.endswith(ending)), None
    )


def _details(event: Event) -> Mapping[str, Any]:
    """The one member that says what happened, named after the event's type."""
    return next((v for k, v in event.items() if k.endswith("EventDetails")), {})
