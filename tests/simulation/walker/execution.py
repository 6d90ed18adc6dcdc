"""One execution of a state machine, moved on by whoever answers its effects.

Deterministic: it knows no clock, no random numbers and no functions. Between two calls it is at
rest, at one effect, for as long as its owner likes. Data is copied wherever it crosses to a step,
as JSON text would.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal

from pydantic_core import from_json, to_json

from tests.simulation.walker.definition import Choice, Fail, Machine, Pass, State, Task, Wait
from tests.simulation.walker.paths import StateError

#: Step Functions' quota for the input or the result of a state or an execution, in bytes.
MAX_BYTES = 262_144


@dataclass(frozen=True)
class Invoke:
    """Run the step: go on by ``succeed`` with its result, or ``fail`` with its error."""

    state: str
    resource: str  #: the Task's Resource as written: "${StepsClaimEventFunctionArn}"
    payload: Any
    attempt: int  #: 0 for the first try of this visit of the state
    timeout: float  #: seconds; after them Step Functions gives up: ``fail("States.Timeout")``


@dataclass(frozen=True)
class Sleep:
    """Go on by ``wake``: after ``seconds``, or at ``until`` (epoch seconds). One of them is set.

    A retry with full jitter may be woken at any moment up to ``seconds``.
    """

    state: str
    reason: Literal["retry", "wait"]
    seconds: float | None = None
    until: float | None = None
    jitter: bool = False


@dataclass(frozen=True)
class Succeeded:
    """The end, in a Succeed state or one with ``End``."""

    state: str
    output: Any


@dataclass(frozen=True)
class Failed:
    """The end for now: ``redrive`` goes on from this state."""

    state: str
    error: str
    cause: str


Effect = Invoke | Sleep | Succeeded | Failed
#: Where a state leads: an effect, or the state of this name.
Step = Effect | str


class InputTooLarge(Exception):
    """StartExecution refuses an input of more than 262,144 bytes: the rule's target fails."""


class Execution:
    """An execution that has run up to its first effect.

    Usage::

        execution = Execution(Machine.named("subscribe"), machine_input, arn="arn:…:evt_1")
        while not isinstance(effect := execution.effect, Succeeded | Failed):
            match effect:
                case Invoke():
                    try:
                        execution.succeed(handlers[effect.state](effect.payload))
                    except Exception as error:
                        execution.fail(type(error).__name__, str(error))
                case Sleep():
                    ...  # later:
                    execution.wake()
    """

    def __init__(
        self, machine: Machine, data: Any, *, arn: str, started_at: str = "1970-01-01T00:00:00Z"
    ) -> None:
        """Start. ``arn`` is ``$$.Execution.Id``, its last part ``$$.Execution.Name``.

        Raises:
            InputTooLarge: the input is too large to start with.
        """
        try:
            #: The input as JSON text.
            self.input = _json(data)
        except DataLimitExceeded as limit:
            raise InputTooLarge(str(limit)) from None
        self._data = from_json(self.input)
        self._machine = machine
        self._started = {
            "Id": arn,
            "Input": self._data,
            "Name": arn.rsplit(":", 1)[-1],
            "StartTime": started_at,
        }
        self._state = machine.states[machine.start]
        #: The states entered, in order; a redrive enters its state again.
        self.path: list[str] = []
        self.redrive_count = 0
        #: What it rests at.
        self.effect: Effect = self._go_on(lambda: machine.start)

    def succeed(self, result: Any) -> Effect:
        """Answer the Invoke at which it rests; gives the next effect."""
        task = self._resting_at(Invoke)
        return self._go_on(lambda: self._done(task, result))

    def fail(self, error: str, cause: str = "") -> Effect:
        """Answer the Invoke at which it rests with an error: a retry, a catcher, or Failed."""
        task = self._resting_at(Invoke)
        return self._go_on(lambda: self._retried(task, error) or self._caught(task, error, cause))

    def wake(self) -> Effect:
        """End the Sleep at which it rests."""
        state = self._resting_at(Sleep)
        step = self._invoke if isinstance(state, Task) else self._after
        return self._go_on(lambda: step(state))

    def redrive(self) -> Effect:
        """Run the failed state again with its input, all its retries before it again."""
        state = self._resting_at(Failed)
        self.redrive_count += 1
        return self._go_on(lambda: state.name)

    @property
    def data(self) -> Any:
        """The data of the state it is in: its input, or the output once it has ended."""
        return self._data

    def _resting_at(self, kind: type) -> Any:
        """The state it is in, which must rest at an effect of this kind."""
        if not isinstance(self.effect, kind):
            raise TypeError(f"the execution rests at {self.effect}")
        return self._state

    def _go_on(self, move: Callable[[], Step]) -> Effect:
        """Make a move, and enter one state after another up to the next effect."""
        while True:
            try:
                step = move()
            except StateError as error:
                step = Failed(self._state.name, error.name, str(error))
            if not isinstance(step, str):
                self.effect = step
                return step
            self._state = self._machine.states[step]
            self.path.append(step)
            move = partial(self._run, self._state)

    def _run(self, state: State) -> Step:
        """Run a state that was entered: the effect that it has, or the next state's name."""
        match state:
            case Task():
                self._tries = [0] * len(state.retriers)
                self._payload = _json(state.payload(self._data, self._context))
                return self._invoke(state)
            case Choice():
                return self._chosen(state)
            case Wait():
                return self._sleep(state)
            case Pass():
                self._data = state.place(self._data, state.result(self._data, self._context))
                return self._after(state)
            case Fail():
                return Failed(state.name, state.error, state.cause)
            case _:
                return Succeeded(state.name, self._data)

    def _done(self, task: Task, result: Any) -> Step:
        answer = from_json(_json(result))
        data = task.place(self._data, task.select(answer, self._context))
        _json(data)
        self._data = data
        return self._after(task)

    def _retried(self, task: Task, error: str) -> Sleep | None:
        """Wait for the next try, by the first Retry that covers the error, if any is left."""
        for position, retrier in enumerate(task.retriers):
            if retrier.errors.cover(error):
                tries = self._tries[position]
                if tries == retrier.max_attempts:
                    return None
                self._tries[position] += 1
                delay = retrier.delay(tries)
                return Sleep(task.name, "retry", seconds=delay, jitter=retrier.jitter)
        return None

    def _after(self, state: State) -> Step:
        return Succeeded(state.name, self._data) if state.next is None else state.next

    def _invoke(self, task: Task) -> Invoke:
        payload = from_json(self._payload)
        return Invoke(task.name, task.resource, payload, sum(self._tries), task.timeout)

    def _chosen(self, choice: Choice) -> Step:
        context = self._context
        for matches, following in choice.rules:
            if matches(self._data, context):
                return following
        if choice.next is None:
            return Failed(choice.name, "States.NoChoiceMatched", "no rule matches")
        return choice.next

    def _sleep(self, wait: Wait) -> Sleep:
        if wait.seconds is not None:
            seconds = wait.seconds(self._data, self._context)
            return Sleep(wait.name, "wait", seconds=_seconds(seconds))
        assert wait.until is not None
        return Sleep(wait.name, "wait", until=_timestamp(wait.until(self._data, self._context)))

    def _caught(self, task: Task, error: str, cause: str) -> Step:
        for catcher in task.catchers:
            if catcher.errors.cover(error):
                self._data = catcher.place(self._data, {"Error": error, "Cause": cause})
                return catcher.next
        return Failed(task.name, error, cause)

    @property
    def _context(self) -> dict[str, Any]:
        return {
            "Execution": self._started,
            "State": {"Name": self._state.name},
            "StateMachine": {"Name": self._machine.name},
        }


class DataLimitExceeded(StateError):
    """A state's data grew over the quota."""

    name = "States.DataLimitExceeded"


def _json(data: Any) -> bytes:
    """Data as the text that Step Functions measures and hands on."""
    text = to_json(data)
    if len(text) > MAX_BYTES:
        raise DataLimitExceeded(f"{len(text)} bytes are more than {MAX_BYTES}")
    return text


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise StateError(f"{value!r} is no number of seconds")
    return value


def _timestamp(value: Any) -> float:
    """Epoch seconds of an RFC 3339 timestamp, whose zone must be said."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise StateError(f"{value!r} is no timestamp") from None
    if moment.tzinfo is None or "T" not in value:
        raise StateError(f"{value!r} is no timestamp with a zone")
    return moment.timestamp()
