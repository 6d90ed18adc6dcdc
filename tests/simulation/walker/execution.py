"""One execution of a state machine, moved on by whoever answers its effects.

Deterministic: it knows no clock, no random numbers and no functions. Between two calls it is at
rest, at one effect, for as long as its owner likes. Data is copied wherever it crosses to a step,
as JSON text would.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tests.simulation.walker.definition import Machine

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

    effect: Effect
    path: Sequence[str]  #: the states entered, in order; a redrive enters its state again
    redrive_count: int

    def __init__(
        self, machine: Machine, data: Any, *, arn: str, started_at: str = "1970-01-01T00:00:00Z"
    ) -> None:
        """Start. ``arn`` is ``$$.Execution.Id``, its last part ``$$.Execution.Name``.

        Raises:
            InputTooLarge: the input is too large to start with.
        """
        raise NotImplementedError

    def succeed(self, result: Any) -> Effect:
        """Answer the Invoke at which it rests; gives the next effect."""
        raise NotImplementedError

    def fail(self, error: str, cause: str = "") -> Effect:
        """Answer the Invoke at which it rests with an error: a retry, a catcher, or Failed."""
        raise NotImplementedError

    def wake(self) -> Effect:
        """End the Sleep at which it rests."""
        raise NotImplementedError

    def redrive(self) -> Effect:
        """Run the failed state again with its input, all its retries before it again."""
        raise NotImplementedError

    def abort(self, error: str = "States.Aborted", cause: str = "") -> Failed:
        """Stop it where it rests (StopExecution, or the machine's timeout); it can be redriven."""
        raise NotImplementedError
