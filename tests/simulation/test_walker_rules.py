"""The walker keeps AWS's rules, and refuses on loading what it doesn't know."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.simulation.errors import NotSimulated
from tests.simulation.walker.definition import Machine
from tests.simulation.walker.execution import (
    MAX_BYTES,
    Effect,
    Execution,
    Failed,
    InputTooLarge,
    Invoke,
    Sleep,
    Succeeded,
)

ARN = "arn:aws:states:us-east-1:123456789012:execution:machine:evt_1"


def a_task(**fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": "${StepArn}", "End": True, **fields}


def started(*states: dict[str, Any], data: Any = None) -> Execution:
    """Start a machine of states named A, B, C …, at the first one."""
    named = dict(zip("ABC", states, strict=False))
    definition = {"StartAt": "A", "States": named}
    return Execution(Machine.of("machine", definition), {} if data is None else data, arn=ARN)


def invoked(effect: Effect) -> Invoke:
    assert isinstance(effect, Invoke)
    return effect


def test_parameters_are_filled_from_the_data_and_the_context() -> None:
    parameters = {
        "fixed": 1,
        "deep": {"id.$": "$.event.id"},
        "list": [{"second.$": "$.list[1]"}],
        "name.$": "$$.Execution.Name",
        "execution.$": "$$.Execution.Id",
        "state.$": "$$.State.Name",
        "all.$": "$",
    }
    data = {"event": {"id": "evt_1"}, "list": [1, 2]}

    effect = invoked(started(a_task(Parameters=parameters), data=data).effect)

    assert effect.payload == {
        "fixed": 1,
        "deep": {"id": "evt_1"},
        "list": [{"second": 2}],
        "name": "evt_1",
        "execution": ARN,
        "state": "A",
        "all": data,
    }


@pytest.mark.parametrize(
    ("result_path", "output"),
    [
        ({}, {"done": True}),
        ({"ResultPath": "$"}, {"done": True}),
        ({"ResultPath": None}, {"old": 1}),
        ({"ResultPath": "$.new"}, {"old": 1, "new": {"done": True}}),
        ({"ResultPath": "$.a.b"}, {"old": 1, "a": {"b": {"done": True}}}),
        ({"ResultPath": "$.old"}, {"old": {"done": True}}),
        (
            {"ResultPath": "$.new", "ResultSelector": {"was.$": "$.done"}},
            {"old": 1, "new": {"was": True}},
        ),
    ],
)
def test_a_result_goes_where_the_task_says(result_path: dict[str, Any], output: Any) -> None:
    execution = started(a_task(**result_path), data={"old": 1})

    assert execution.succeed({"done": True}) == Succeeded("A", output)


def test_a_step_gets_a_copy_and_so_does_the_execution() -> None:
    data: dict[str, Any] = {"list": []}
    result: dict[str, Any] = {"list": []}
    execution = started(a_task(ResultPath="$.result"), data=data)

    invoked(execution.effect).payload["list"].append("by the step")
    data["list"].append("by its starter")
    execution.succeed(result)
    result["list"].append("after the answer")

    assert execution.data == {"list": [], "result": {"list": []}}


RETRIES = [
    {"ErrorEquals": ["Once"], "MaxAttempts": 1},
    {
        "ErrorEquals": ["Often", "Also"],
        "IntervalSeconds": 2,
        "MaxAttempts": 4,
        "BackoffRate": 3,
        "MaxDelaySeconds": 20,
        "JitterStrategy": "FULL",
    },
]


def test_retries_back_off_up_to_the_longest_delay_and_then_the_task_fails() -> None:
    execution = started(a_task(Retry=RETRIES))
    delays = []
    while isinstance(effect := execution.fail("Often", "why"), Sleep):
        assert (effect.reason, effect.jitter) == ("retry", True)
        delays.append(effect.seconds)
        execution.wake()

    assert delays == [2, 6, 18, 20]
    assert effect == Failed("A", "Often", "why")


def test_every_retry_counts_its_own_tries() -> None:
    execution = started(a_task(Retry=RETRIES))

    assert execution.fail("Once") == Sleep("A", "retry", seconds=1)
    assert invoked(execution.wake()).attempt == 1
    assert isinstance(execution.fail("Also"), Sleep)
    assert invoked(execution.wake()).attempt == 2
    assert execution.fail("Once") == Failed("A", "Once", "")


def test_the_first_retry_that_covers_an_error_has_the_last_word() -> None:
    execution = started(a_task(Retry=[RETRIES[0], {"ErrorEquals": ["States.ALL"]}]))

    execution.fail("Once")
    execution.wake()

    assert execution.fail("Once") == Failed("A", "Once", "")


def test_a_state_that_is_entered_again_has_all_its_tries_again() -> None:
    retry = [{"ErrorEquals": ["Busy"], "MaxAttempts": 1}]
    execution = started(a_task(Retry=retry, End=False, Next="B"), a_task(End=False, Next="A"))

    for _ in range(3):
        assert isinstance(execution.fail("Busy"), Sleep)
        execution.wake()
        execution.succeed({})
        execution.succeed({})


def test_a_redrive_runs_the_failed_state_alone_with_its_input_and_all_its_tries() -> None:
    retry = [{"ErrorEquals": ["Busy"], "MaxAttempts": 1}]
    execution = started(
        a_task(ResultPath="$.a", End=False, Next="B"), a_task(Retry=retry, ResultPath=None)
    )
    execution.succeed(1)
    execution.fail("Busy")
    execution.wake()
    assert isinstance(execution.fail("Busy"), Failed)

    redriven = invoked(execution.redrive())

    assert (redriven.state, redriven.payload, redriven.attempt) == ("B", {"a": 1}, 0)
    assert isinstance(execution.fail("Busy"), Sleep)
    execution.wake()
    assert execution.succeed(None) == Succeeded("B", {"a": 1})
    assert (execution.path, execution.redrive_count) == (["A", "B", "B"], 1)


def test_an_execution_that_ended_in_a_fail_state_only_fails_again() -> None:
    execution = started({"Type": "Fail", "Error": "Given", "Cause": "up"})

    assert execution.effect == Failed("A", "Given", "up")
    assert execution.redrive() == Failed("A", "Given", "up")


def test_a_caught_error_goes_beside_the_input() -> None:
    catch = [{"ErrorEquals": ["Known"], "ResultPath": "$.error", "Next": "B"}]
    execution = started(a_task(Catch=catch), {"Type": "Succeed"}, data={"old": 1})

    effect = execution.fail("Known", "why")

    assert effect == Succeeded("B", {"old": 1, "error": {"Error": "Known", "Cause": "why"}})


def test_what_is_retried_is_caught_only_after_the_last_try() -> None:
    retry = [{"ErrorEquals": ["Known"], "MaxAttempts": 1}]
    catch = [{"ErrorEquals": ["Known"], "Next": "B"}]
    execution = started(a_task(Retry=retry, Catch=catch), {"Type": "Succeed"})

    assert isinstance(execution.fail("Known"), Sleep)
    execution.wake()
    assert isinstance(execution.fail("Known"), Succeeded)


@pytest.mark.parametrize(
    ("named", "error", "covered"),
    [
        ("Known", "Known", True),
        ("Known", "Other", False),
        ("States.ALL", "Other", True),
        ("States.ALL", "States.Timeout", True),
        ("States.TaskFailed", "Other", True),
        ("States.TaskFailed", "States.Timeout", False),
        ("States.Timeout", "States.Timeout", True),
        ("States.ALL", "States.Runtime", False),
    ],
)
def test_wildcards_cover_what_aws_says(named: str, error: str, *, covered: bool) -> None:
    execution = started(a_task(Retry=[{"ErrorEquals": [named]}]))

    assert isinstance(execution.fail(error), Sleep) == covered


@pytest.mark.parametrize(
    ("rule", "data", "matches"),
    [
        ({"Variable": "$.a", "StringEquals": "x"}, {"a": "x"}, True),
        ({"Variable": "$.a", "StringEquals": "1"}, {"a": 1}, False),
        ({"Variable": "$.a", "BooleanEquals": True}, {"a": True}, True),
        ({"Variable": "$.a", "BooleanEquals": True}, {"a": 1}, False),
        ({"Variable": "$.a", "NumericEquals": 1}, {"a": True}, False),
        ({"Variable": "$.a", "NumericGreaterThan": 1}, {"a": 2}, True),
        ({"Variable": "$.a", "NumericGreaterThanEquals": 2}, {"a": 2}, True),
        ({"Variable": "$.a", "NumericLessThan": 2}, {"a": 2}, False),
        ({"Variable": "$.a", "NumericLessThanEquals": 2}, {"a": 2}, True),
        ({"Variable": "$.a", "StringLessThan": "b"}, {"a": "a"}, True),
        ({"Variable": "$.a", "IsPresent": True}, {"a": None}, True),
        ({"Variable": "$.a", "IsPresent": False}, {}, True),
        ({"Variable": "$.a", "IsNull": True}, {"a": None}, True),
        ({"Variable": "$.a", "IsString": True}, {"a": None}, False),
        (
            {
                "And": [
                    {"Variable": "$.a", "IsPresent": True},
                    {"Variable": "$.a", "NumericEquals": 1},
                ]
            },
            {},
            False,
        ),
        (
            {
                "Or": [
                    {"Variable": "$.a", "IsPresent": False},
                    {"Variable": "$.a", "NumericEquals": 1},
                ]
            },
            {"a": 1},
            True,
        ),
        ({"Not": {"Variable": "$.a", "NumericEquals": 1}}, {"a": 1}, False),
    ],
)
def test_a_choice_takes_the_first_rule_that_matches(
    rule: dict[str, Any], data: dict[str, Any], *, matches: bool
) -> None:
    choice = {"Type": "Choice", "Choices": [{**rule, "Next": "B"}], "Default": "C"}

    execution = started(choice, {"Type": "Succeed"}, {"Type": "Succeed"}, data=data)

    assert execution.path == ["A", "B" if matches else "C"]


@pytest.mark.parametrize(
    ("data", "error"), [({}, "States.Runtime"), ({"a": "y"}, "States.NoChoiceMatched")]
)
def test_a_choice_that_cannot_choose_fails(data: dict[str, Any], error: str) -> None:
    rule = {"Variable": "$.a", "StringEquals": "x", "Next": "A"}

    effect = started({"Type": "Choice", "Choices": [rule]}, data=data).effect

    assert isinstance(effect, Failed)
    assert (effect.state, effect.error) == ("A", error)


@pytest.mark.parametrize(
    ("fields", "seconds", "until"),
    [
        ({"Seconds": 5}, 5, None),
        ({"SecondsPath": "$.seconds"}, 7, None),
        ({"Timestamp": "1970-01-01T00:01:00Z"}, None, 60),
        ({"TimestampPath": "$.until"}, None, 3600),
    ],
)
def test_a_wait_says_how_long(
    fields: dict[str, Any], seconds: float | None, until: float | None
) -> None:
    data = {"seconds": 7, "until": "1970-01-01T02:00:00+01:00"}
    execution = started({"Type": "Wait", "End": True, **fields}, data=data)

    assert execution.effect == Sleep("A", "wait", seconds=seconds, until=until)
    assert execution.wake() == Succeeded("A", data)


@pytest.mark.parametrize("until", [None, 60, "tomorrow", "1970-01-01T00:01:00"])
def test_a_wait_until_no_moment_fails(until: Any) -> None:
    execution = started(
        {"Type": "Wait", "TimestampPath": "$.until", "End": True}, data={"until": until}
    )

    assert isinstance(execution.effect, Failed)
    assert execution.effect.error == "States.Runtime"


def test_a_pass_state_makes_its_result_of_the_input() -> None:
    execution = started(
        {"Type": "Pass", "Parameters": {"b.$": "$.a"}, "ResultPath": "$.c", "Next": "B"},
        {"Type": "Pass", "Result": 2, "ResultPath": "$.d", "End": True},
        data={"a": 1},
    )

    assert execution.effect == Succeeded("B", {"a": 1, "c": {"b": 1}, "d": 2})


def test_an_input_over_the_quota_starts_nothing() -> None:
    frame = len(json.dumps({"text": ""}, separators=(",", ":")))

    started(a_task(), data={"text": "x" * (MAX_BYTES - frame)})
    with pytest.raises(InputTooLarge):
        started(a_task(), data={"text": "x" * (MAX_BYTES - frame + 1)})


def test_a_result_over_the_quota_fails_whatever_is_retried() -> None:
    execution = started(
        a_task(ResultPath="$.b", Retry=[{"ErrorEquals": ["States.ALL"]}]),
        data={"text": "x" * (MAX_BYTES // 2)},
    )

    effect = execution.succeed("x" * (MAX_BYTES // 2))

    assert isinstance(effect, Failed)
    assert effect.error == "States.DataLimitExceeded"


@pytest.mark.parametrize(
    "state",
    [
        {"Type": "Map", "End": True},
        a_task(InputPath="$.a"),
        a_task(Retry=[{"ErrorEquals": ["A"], "Unheard": 1}]),
        a_task(Parameters={"a.$": "States.Format('{}', $.b)"}),
        a_task(Parameters={"a.$": "$..b"}),
        a_task(ResultPath="$.a[0]"),
        {"Type": "Choice", "Choices": [{"Variable": "$.a", "StringMatches": "*", "Next": "A"}]},
        {"Type": "Pass", "OutputPath": "$.a", "End": True},
    ],
)
def test_what_the_walker_does_not_know_it_refuses_on_loading(state: dict[str, Any]) -> None:
    with pytest.raises(NotSimulated):
        Machine.of("machine", {"StartAt": "A", "States": {"A": state}})


@pytest.mark.parametrize(
    "state",
    [
        a_task(End=False, Next="Nowhere"),
        a_task(Catch=[{"ErrorEquals": ["Known"], "Next": "Nowhere"}]),
        {
            "Type": "Choice",
            "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "Nowhere"}],
        },
        a_task(Next="A"),
        a_task(End=False),
    ],
)
def test_a_broken_definition_is_refused_on_loading(state: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"Nowhere|Next or End"):
        Machine.of("machine", {"StartAt": "A", "States": {"A": state}})


@pytest.mark.parametrize("answer", [Execution.wake, Execution.redrive])
def test_an_answer_to_what_was_not_asked_is_refused(answer: Callable[[Execution], Effect]) -> None:
    with pytest.raises(TypeError, match="rests at"):
        answer(started(a_task()))
