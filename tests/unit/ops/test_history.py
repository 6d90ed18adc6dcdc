"""The path that an execution took, from the events of its history."""

from datetime import timedelta, timezone
from typing import Any

import pytest

from ops.history import Step, steps_of
from tests.support.stepfunctions import START

Json = dict[str, Any]


def entered(state: str, type_: str = "Task", input_: str = "{}") -> tuple[str, Json]:
    return f"{type_}StateEntered", {"stateEnteredEventDetails": {"name": state, "input": input_}}


def left(state: str, type_: str = "Task", output: str = "{}") -> tuple[str, Json]:
    return f"{type_}StateExited", {"stateExitedEventDetails": {"name": state, "output": output}}


def scheduled(family: str = "Task") -> tuple[str, Json]:
    return f"{family}Scheduled", {}


def succeeded(family: str = "Task") -> tuple[str, Json]:
    return f"{family}Succeeded", {}


def failed(error: str, family: str = "Task", how: str = "Failed") -> tuple[str, Json]:
    name = f"{family[0].lower()}{family[1:]}{how}EventDetails"
    return f"{family}{how}", {name: {"error": error, "cause": f"why {error}"}}


def ended(how: str = "Failed", **details: str) -> tuple[str, Json]:
    return f"Execution{how}", {f"execution{how}EventDetails": details}


REDRIVEN = ("ExecutionRedriven", {"executionRedrivenEventDetails": {"redriveCount": 1}})


def path(*events: tuple[str, Json]) -> tuple[Step, ...]:
    """Read a history whose events are a second apart."""
    return steps_of(
        {"id": n, "timestamp": START + timedelta(seconds=n), "type": type_, **details}
        for n, (type_, details) in enumerate([("ExecutionStarted", {}), *events])
    )


def test_times_are_in_utc_whatever_the_machines_zone() -> None:
    here = START.astimezone(timezone(timedelta(hours=9)))
    (step,) = steps_of(
        {"id": n, "timestamp": here, "type": type_, **details}
        for n, (type_, details) in enumerate([entered("Claim Event"), left("Claim Event")])
    )

    told = step.model_dump(mode="json")

    assert (told["entered_at"], told["left_at"]) == (START.isoformat()[:19] + "Z",) * 2


@pytest.mark.parametrize("family", ["Task", "LambdaFunction", "Activity"])
def test_a_task_that_goes_well_is_one_step_with_its_time_input_and_output(family: str) -> None:
    (step,) = path(
        entered("Claim Event", input_='{"a": 1}'),
        scheduled(family),
        (f"{family}Started", {}),
        succeeded(family),
        left("Claim Event", output='{"b": 2}'),
    )

    assert (step.state, step.type, step.status) == ("Claim Event", "Task", "succeeded")
    assert (step.input, step.output) == ({"a": 1}, {"b": 2})
    assert (step.tries, step.retries, step.error) == (1, 0, None)
    assert step.entered_at == START + timedelta(seconds=1)
    assert step.left_at == START + timedelta(seconds=5)
    assert step.duration_ms == 4000


@pytest.mark.parametrize(
    ("family", "how"),
    [
        ("Task", "Failed"),
        ("Task", "TimedOut"),
        ("Task", "SubmitFailed"),
        ("LambdaFunction", "Failed"),
        ("LambdaFunction", "TimedOut"),
        ("LambdaFunction", "ScheduleFailed"),
        ("LambdaFunction", "StartFailed"),
    ],
)
def test_retries_are_counted_and_the_last_error_is_kept(family: str, how: str) -> None:
    (step,) = path(
        entered("Record Payment"),
        scheduled(family),
        failed("StoreUnavailable", family, how),
        scheduled(family),
        failed("StripeUnavailable", family, how),
        scheduled(family),
        succeeded(family),
        left("Record Payment"),
    )

    assert (step.tries, step.retries, step.status) == (3, 2, "succeeded")
    assert (step.error, step.cause) == ("StripeUnavailable", "why StripeUnavailable")


def test_a_state_whose_catch_answered_an_error_is_caught() -> None:
    first, second = path(
        entered("Link Customer"),
        scheduled(),
        failed("UserConflict"),
        left("Link Customer"),
        entered("Resolve User"),
    )

    assert (first.status, first.error) == ("caught", "UserConflict")
    assert second.status == "running"


@pytest.mark.parametrize(
    ("how", "status"), [("Failed", "failed"), ("TimedOut", "timed_out"), ("Aborted", "aborted")]
)
def test_the_state_in_which_an_execution_ended_tells_how(how: str, status: str) -> None:
    (step,) = path(entered("Wait For Deadline", "Wait"), ended(how, error="E", cause="because"))

    assert (step.status, step.error, step.cause) == (status, "E", "because")
    assert step.duration_ms == 1000


def test_a_tasks_own_error_says_more_than_the_executions() -> None:
    (step,) = path(entered("A"), scheduled(), failed("Own"), ended(error="Other"))

    assert step.error == "Own"


def test_an_aborted_state_is_closed_before_its_execution_is() -> None:
    (step,) = path(entered("A", "Wait"), ("WaitStateAborted", {}), ended("Aborted"))

    assert (step.status, step.duration_ms) == ("aborted", 1000)


def test_a_choice_that_fails_has_the_executions_error() -> None:
    (step,) = path(entered("Claimed?", "Choice"), ended(error="States.NoChoiceMatched"))

    assert (step.type, step.status, step.error) == ("Choice", "failed", "States.NoChoiceMatched")


def test_what_a_redrive_runs_again_is_a_step_of_its_own_with_the_same_input() -> None:
    first, second, third = path(
        entered("Resolve User", input_='{"a": 1}'),
        scheduled(),
        failed("UserNotFound"),
        ended(error="UserNotFound"),
        REDRIVEN,
        scheduled(),  # without being entered
        succeeded(),
        left("Resolve User", output='{"b": 2}'),
        entered("Subscription Recorded", "Succeed"),
    )

    assert (first.status, first.redrive, first.output) == ("failed", 0, None)
    assert (second.state, second.status, second.redrive) == ("Resolve User", "succeeded", 1)
    assert (second.input, second.output, second.tries) == ({"a": 1}, {"b": 2}, 1)
    assert second.entered_at == START + timedelta(seconds=6)
    assert (third.state, third.redrive) == ("Subscription Recorded", 1)


def test_a_redriven_wait_is_entered_again() -> None:
    first, second = path(
        entered("Wait For Deadline", "Wait"),
        ended("Aborted"),
        REDRIVEN,
        entered("Wait For Deadline", "Wait"),
    )

    assert (first.status, second.status) == ("aborted", "running")
    assert (first.redrive, second.redrive) == (0, 1)


def test_a_state_that_is_passed_twice_is_two_steps() -> None:
    around = [entered("A"), left("A"), entered("B"), left("B")]

    assert [step.state for step in path(*around, *around)] == ["A", "B", "A", "B"]


def test_what_runs_still_has_no_end() -> None:
    (step,) = path(entered("Wait For Deadline", "Wait"))

    assert (step.status, step.left_at, step.duration_ms) == ("running", None, None)


@pytest.mark.parametrize("text", ["<b>no json</b>", ""])
def test_an_input_that_is_no_json_is_shown_as_it_is(text: str) -> None:
    (step,) = path(entered("A", input_=text))

    assert step.input == text


def test_a_history_without_data_has_steps_without_data() -> None:
    (step,) = path(("TaskStateEntered", {"stateEnteredEventDetails": {"name": "A"}}), scheduled())

    assert (step.input, step.tries) == (None, 1)


def test_an_execution_that_failed_before_its_first_state_has_no_path() -> None:
    assert path(ended(error="States.Runtime")) == ()
