"""A state machine's definition, checked and compiled: the subset of ASL that our files use.

What it doesn't know (a field, a type, an operator, an intrinsic function) it refuses on loading.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.simulation.errors import NotSimulated
from tests.simulation.walker.choices import Rule, rule_of
from tests.simulation.walker.paths import Read, placer, reader, template
from tests.support.definitions import definition_of

Place = Callable[[Any, Any], Any]
Declared = Mapping[str, Any]

#: What no wildcard covers: Step Functions ends the execution.
_TERMINAL = {"States.DataLimitExceeded", "States.Runtime"}
#: The longest TimeoutSeconds, which is the default.
_LONGEST = 99_999_999


@dataclass(frozen=True)
class Errors:
    """The errors that a Retry or a Catch names."""

    names: tuple[str, ...]

    def cover(self, error: str) -> bool:
        if error in self.names:
            return True
        if error in _TERMINAL:
            return False
        return "States.ALL" in self.names or (
            "States.TaskFailed" in self.names and error != "States.Timeout"
        )


@dataclass(frozen=True)
class Retrier:
    errors: Errors
    interval: float
    max_attempts: int
    backoff: float
    max_delay: float
    jitter: bool

    def delay(self, tries: int) -> float:
        """Seconds to wait after so many tries before: at most, if there is jitter."""
        return min(self.interval * self.backoff**tries, self.max_delay)


@dataclass(frozen=True)
class Catcher:
    errors: Errors
    place: Place
    next: str


@dataclass(frozen=True)
class State:
    """``next`` is None where the execution ends after this state."""

    name: str
    next: str | None


@dataclass(frozen=True)
class Task(State):
    resource: str
    payload: Read
    select: Read
    place: Place
    timeout: float
    retriers: tuple[Retrier, ...]
    catchers: tuple[Catcher, ...]


@dataclass(frozen=True)
class Choice(State):
    """``next`` is its Default."""

    rules: tuple[tuple[Rule, str], ...]


@dataclass(frozen=True)
class Wait(State):
    seconds: Read | None
    until: Read | None


@dataclass(frozen=True)
class Pass(State):
    result: Read
    place: Place


@dataclass(frozen=True)
class Succeed(State):
    pass


@dataclass(frozen=True)
class Fail(State):
    error: str
    cause: str


@dataclass(frozen=True)
class Machine:
    """A definition that can be walked. Immutable: one serves all executions."""

    name: str
    start: str
    states: Mapping[str, State]

    @classmethod
    def named(cls, name: str) -> "Machine":
        """Load ``statemachines/<name>.asl.json``. Cached.

        Raises:
            NotSimulated: it uses what the walker doesn't know.
        """
        return _named(name)

    @classmethod
    def of(cls, name: str, definition: Declared) -> "Machine":
        """Check and compile a definition."""
        _check_fields(name, definition, {"StartAt", "States", "QueryLanguage"})
        if definition.get("QueryLanguage", "JSONPath") != "JSONPath":
            raise NotSimulated("JSONata")
        states = {state: _state(state, d) for state, d in definition["States"].items()}
        for state in (definition["StartAt"], *_targets(states)):
            if state not in states:
                raise ValueError(f"{name} has no state {state!r}")
        return cls(name, definition["StartAt"], states)


@cache
def _named(name: str) -> Machine:
    return Machine.of(name, definition_of(name))


def _targets(states: Mapping[str, State]) -> list[str]:
    targets = [state.next for state in states.values() if state.next is not None]
    for state in states.values():
        if isinstance(state, Choice):
            targets += [target for _, target in state.rules]
        if isinstance(state, Task):
            targets += [catcher.next for catcher in state.catchers]
    return targets


def _check_fields(where: str, declared: Declared, known: set[str]) -> None:
    if unknown := declared.keys() - known - {"Type", "Comment"}:
        raise NotSimulated(f"{sorted(unknown)} in {where}")


def _state(name: str, declared: Declared) -> State:
    compilers = {
        "Task": _task,
        "Choice": _choice,
        "Wait": _wait,
        "Pass": _pass,
        "Succeed": _succeed,
        "Fail": _fail,
    }
    if declared["Type"] not in compilers:
        raise NotSimulated(f"{declared['Type']} states")
    return compilers[declared["Type"]](name, declared)


def _next(name: str, declared: Declared) -> str | None:
    if ("Next" in declared) == (declared.get("End") is True):
        raise ValueError(f"{name} needs Next or End, and not both")
    following: str | None = declared.get("Next")
    return following


def _all_of_it(data: Any, _context: Any) -> Any:
    return data


def _filled(declared: Declared, field: str) -> Read:
    return template(declared[field]) if field in declared else _all_of_it


def _task(name: str, declared: Declared) -> Task:
    known = {"Resource", "Parameters", "ResultSelector", "ResultPath", "TimeoutSeconds"}
    _check_fields(name, declared, known | {"Retry", "Catch", "Next", "End"})
    return Task(
        name,
        _next(name, declared),
        declared["Resource"],
        _filled(declared, "Parameters"),
        _filled(declared, "ResultSelector"),
        placer(declared.get("ResultPath", "$")),
        declared.get("TimeoutSeconds", _LONGEST),
        tuple(_retrier(name, retry) for retry in declared.get("Retry", ())),
        tuple(_catcher(name, catch) for catch in declared.get("Catch", ())),
    )


def _retrier(name: str, declared: Declared) -> Retrier:
    known = {"ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds"}
    _check_fields(f"Retry of {name}", declared, known | {"JitterStrategy"})
    return Retrier(
        Errors(tuple(declared["ErrorEquals"])),
        declared.get("IntervalSeconds", 1),
        declared.get("MaxAttempts", 3),
        declared.get("BackoffRate", 2.0),
        declared.get("MaxDelaySeconds", _LONGEST),
        declared.get("JitterStrategy", "NONE") == "FULL",
    )


def _catcher(name: str, declared: Declared) -> Catcher:
    _check_fields(f"Catch of {name}", declared, {"ErrorEquals", "ResultPath", "Next"})
    return Catcher(
        Errors(tuple(declared["ErrorEquals"])),
        placer(declared.get("ResultPath", "$")),
        declared["Next"],
    )


def _choice(name: str, declared: Declared) -> Choice:
    _check_fields(name, declared, {"Choices", "Default"})
    rules = tuple((rule_of(rule), rule["Next"]) for rule in declared["Choices"])
    return Choice(name, declared.get("Default"), rules)


def _wait(name: str, declared: Declared) -> Wait:
    ways = {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"}
    _check_fields(name, declared, ways | {"Next", "End"})
    if len(ways & declared.keys()) != 1:
        raise ValueError(f"{name} needs one of {sorted(ways)}")
    seconds, until = _given(declared, "Seconds"), _given(declared, "Timestamp")
    return Wait(name, _next(name, declared), seconds, until)


def _given(declared: Declared, field: str) -> Read | None:
    """A field's value, given as it is or by a path."""
    if field in declared:
        value = declared[field]
        return lambda _data, _context: value
    path = declared.get(f"{field}Path")
    return None if path is None else reader(path)


def _pass(name: str, declared: Declared) -> Pass:
    _check_fields(name, declared, {"Result", "Parameters", "ResultPath", "Next", "End"})
    if "Result" in declared and "Parameters" in declared:
        raise NotSimulated(f"Result and Parameters in {name}")
    fixed = declared.get("Result")
    result = (lambda _d, _c: fixed) if "Result" in declared else _filled(declared, "Parameters")
    return Pass(name, _next(name, declared), result, placer(declared.get("ResultPath", "$")))


def _succeed(name: str, declared: Declared) -> Succeed:
    _check_fields(name, declared, set())
    return Succeed(name, None)


def _fail(name: str, declared: Declared) -> Fail:
    _check_fields(name, declared, {"Error", "Cause"})
    return Fail(name, None, declared.get("Error", ""), declared.get("Cause", ""))
