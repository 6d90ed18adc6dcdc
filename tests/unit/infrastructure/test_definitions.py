"""The state machines keep the promises that redrive and a reader rely on."""

import inspect
import json
from collections.abc import Iterator
from typing import Any

import pytest

from billing.domain import errors
from tests.support.definitions import (
    ROOT,
    definition_of,
    event_machines,
    folder_of,
    machine_names,
    pascal,
    snake,
    tasks_of,
    text_of,
)
from tests.support.template import Template

TEMPLATE = Template()
FUNCTIONS = ROOT / "functions"
OURS = {name for name, value in vars(errors).items() if inspect.isclass(value)}
LAMBDAS = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Sandbox.Timedout",
    "Runtime.ExitError",
}
#: A crash, a timeout or a throttle of a Lambda may hit any step.
TRANSIENT = LAMBDAS | {"States.Timeout"}

TASKS = [(machine, name) for machine in machine_names() for name in tasks_of(machine)]
#: How every machine begins that a Stripe event starts.
HEAD = ("Claim Event", "Claimed?", "Resolve User", "Whose Customer?", "Link Customer")

each_machine = pytest.mark.parametrize("machine", machine_names())
each_event_machine = pytest.mark.parametrize("machine", event_machines())
each_task = pytest.mark.parametrize(("machine", "name"), TASKS)


def properties(logical_id: str) -> dict[str, Any]:
    found: dict[str, Any] = TEMPLATE.resources[logical_id]["Properties"]
    return found


def handled(task: dict[str, Any]) -> Iterator[str]:
    for handler in (*task.get("Retry", ()), *task.get("Catch", ())):
        yield from handler["ErrorEquals"]


def invocable(machine: str) -> set[str]:
    """The functions that a machine's role may invoke, by their alias."""
    found: set[str] = set()
    for policy in properties(machine)["Policies"]:
        if "LambdaInvokePolicy" in policy:
            found.add(f"{policy['LambdaInvokePolicy']['FunctionName']}.Alias")
        elif policy["Statement"][0]["Action"] == "lambda:InvokeFunction":
            found |= set(policy["Statement"][0]["Resource"])
    return found


@each_task
def test_a_task_has_its_module_its_function_its_arn_and_its_test(machine: str, name: str) -> None:
    folder = folder_of(machine, name)
    function = f"{pascal(folder)}{pascal(name)}Function"
    substitutions = properties(f"{pascal(machine)}StateMachine")["DefinitionSubstitutions"]

    assert (FUNCTIONS / folder / f"{snake(name)}.py").is_file()
    assert properties(function)["Handler"] == f"{folder}.{snake(name)}.handler"
    assert properties(function)["Description"].startswith(f"{name} - ")
    assert substitutions[f"{function}Arn"] == f"{function}.Alias"
    assert tasks_of(machine)[name]["Resource"] == f"${{{function}Arn}}"
    assert (ROOT / "tests" / "unit" / folder / f"test_{snake(name)}.py").is_file()


def test_every_step_module_is_a_task_of_some_machine() -> None:
    folders = ["steps", *machine_names()]
    modules = {
        (folder, path.stem)
        for folder in folders
        for path in (FUNCTIONS / folder).glob("*.py")
        if path.stem != "__init__"
    }

    assert modules == {(folder_of(machine, name), snake(name)) for machine, name in TASKS}


@each_machine
def test_a_machine_has_its_name_its_definition_and_no_unused_substitution(machine: str) -> None:
    machine_properties = properties(f"{pascal(machine)}StateMachine")

    assert machine_properties["Name"] == f"scai-billing-{machine}"
    assert machine_properties["DefinitionUri"] == f"statemachines/{machine}.asl.json"
    for name in machine_properties["DefinitionSubstitutions"]:
        assert f"${{{name}}}" in text_of(machine)


@each_event_machine
def test_a_machine_that_an_event_starts_has_its_rule(machine: str) -> None:
    (target,) = properties(f"{pascal(machine)}Rule")["Targets"]

    assert target["Arn"] == f"scai-billing-{machine}"


def test_every_state_machine_in_the_template_has_its_definition() -> None:
    ids = {f"{pascal(machine)}StateMachine" for machine in machine_names()}

    assert set(TEMPLATE.of_type("AWS::Serverless::StateMachine")) == ids


@each_machine
def test_a_machine_is_short_and_says_what_it_is(machine: str) -> None:
    definition = definition_of(machine)

    assert len(definition["States"]) <= 15
    assert definition["Comment"].startswith(f"{machine}: ")
    assert "QueryLanguage" not in definition


@each_machine
def test_every_state_is_reached_and_every_next_exists(machine: str) -> None:
    definition = definition_of(machine)
    reached = {definition["StartAt"]}
    for state in definition["States"].values():
        for branch in (state, *state.get("Choices", ()), *state.get("Catch", ())):
            reached |= {branch[key] for key in ("Next", "Default") if key in branch}

    assert reached == set(definition["States"])


@each_event_machine
def test_states_that_machines_share_are_the_same_text_in_each(machine: str) -> None:
    """But for the lifecycle's own step, which comes after them."""

    def shared(of: str) -> dict[str, str]:
        states = definition_of(of)["States"]
        own = states["Link Customer"]["Next"]
        return {name: json.dumps(states[name]).replace(own, "<own step>") for name in HEAD}

    assert shared(machine) == shared("subscribe")


@each_machine
def test_a_machine_may_invoke_its_own_tasks_and_no_other_function(machine: str) -> None:
    """What a forgotten permission breaks, only the deployed machine would tell."""
    arns = {
        task["Resource"][2:].removesuffix("Arn}") + ".Alias" for task in tasks_of(machine).values()
    }

    assert invocable(f"{pascal(machine)}StateMachine") == arns


@each_machine
def test_a_wait_ends_at_a_time_that_the_record_gave(machine: str) -> None:
    """A fixed number of seconds would begin anew with each look."""
    for state in definition_of(machine)["States"].values():
        if state["Type"] == "Wait":
            assert state["TimestampPath"] == "$.result.until"


@each_machine
def test_a_choice_ends_in_a_question_mark_and_has_a_default(machine: str) -> None:
    for name, state in definition_of(machine)["States"].items():
        assert name.endswith("?") == (state["Type"] == "Choice")
        assert state["Type"] != "Choice" or "Default" in state


@each_machine
def test_no_state_ends_an_execution_as_failed(machine: str) -> None:
    """A redrive of a Fail state only fails again; a Task that fails uncaught runs again."""
    types = {state["Type"] for state in definition_of(machine)["States"].values()}

    assert "Fail" not in types


@each_task
def test_a_task_outlasts_its_function(machine: str, name: str) -> None:
    function = f"{pascal(folder_of(machine, name))}{pascal(name)}Function"
    standard = TEMPLATE.function_defaults["Timeout"]

    timeout = properties(function).get("Timeout", standard)

    assert tasks_of(machine)[name]["TimeoutSeconds"] > timeout


@each_task
def test_a_task_retries_every_transient_fault_with_backoff_and_jitter(
    machine: str, name: str
) -> None:
    task = tasks_of(machine)[name]

    assert "ResultPath" in task
    assert set(handled(task)) >= TRANSIENT
    for retrier in task["Retry"]:
        assert retrier["BackoffRate"] >= 2
        assert retrier["JitterStrategy"] == "FULL"
        assert 1 <= retrier["MaxAttempts"] <= 10
        assert retrier["MaxDelaySeconds"] <= 300


@each_task
def test_a_task_outlasts_minutes_without_room_in_lambda(machine: str, name: str) -> None:
    """As when a day's events that EventBridge has held back all come at once."""
    (retry,) = (
        retry
        for retry in tasks_of(machine)[name]["Retry"]
        if "Lambda.TooManyRequestsException" in retry["ErrorEquals"]
    )
    delays = [
        min(retry["MaxDelaySeconds"], retry["IntervalSeconds"] * retry["BackoffRate"] ** tries)
        for tries in range(retry["MaxAttempts"])
    ]

    assert sum(delays) / 2 > 300, "half of it, for its full jitter"


@each_task
def test_a_task_handles_errors_only_by_names_that_exist(machine: str, name: str) -> None:
    assert set(handled(tasks_of(machine)[name])) <= OURS | TRANSIENT
