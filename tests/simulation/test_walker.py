"""The walker takes the embedded engine's way through every case of every machine."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from local.embedded_aws.process import running
from tests.simulation.walker.definition import Machine
from tests.simulation.walker.execution import Execution, Failed, Sleep, Succeeded
from tests.support.definitions import ROOT, SAMPLE_INPUT, machine_names, runnable
from tests.support.ports import free_port
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

MOCKS_FILE = ROOT / "tests/machines/MockConfigFile.json"
MOCKS: dict[str, Any] = json.loads(MOCKS_FILE.read_text(encoding="utf-8"))
CASES = [
    (machine, case)
    for machine, declared in MOCKS["StateMachines"].items()
    for case in declared["TestCases"]
]
ARN = "arn:aws:states:us-east-1:123456789012:execution:machine:evt_1"

#: The states entered; the input of every try of a Task; how it ended, and with what.
Trace = tuple[list[str], list[tuple[str, Any]], tuple[str, ...], Any]


@pytest.fixture(scope="module")
def step_functions(tmp_path_factory: pytest.TempPathFactory) -> Iterator["SFNClient"]:
    settings = {"SFN_MOCK_CONFIG": str(MOCKS_FILE), "SFN_WAIT_SCALE": "0"}
    directory = tmp_path_factory.mktemp("engine")
    with running(directory, free_port(), enforce_iam=False, settings=settings) as aws:
        client: SFNClient = boto3.client(
            "stepfunctions",
            endpoint_url=aws.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        yield client
        client.close()


@pytest.fixture(scope="module")
def machine_arns(step_functions: "SFNClient") -> dict[str, str]:
    role = "arn:aws:iam::000000000000:role/machines"
    return {
        name: step_functions.create_state_machine(
            name=name, definition=runnable(name), roleArn=role
        )["stateMachineArn"]
        for name in machine_names()
    }


def engine_trace(client: "SFNClient", machine_arn: str, case: str) -> Trace:
    execution = client.start_execution(
        stateMachineArn=f"{machine_arn}#{case}", name=case, input=json.dumps(SAMPLE_INPUT)
    )["executionArn"]

    def ended() -> bool:
        return client.describe_execution(executionArn=execution)["status"] != "RUNNING"

    eventually(ended, f"the end of {execution}")
    path: list[str] = []
    tries: list[tuple[str, Any]] = []
    state_input: Any = None
    for event in client.get_execution_history(executionArn=execution, maxResults=1000)["events"]:
        if "stateEnteredEventDetails" in event:
            path.append(event["stateEnteredEventDetails"]["name"])
            state_input = json.loads(event["stateEnteredEventDetails"]["input"])
        if event["type"] == "TaskScheduled":
            tries.append((path[-1], state_input))
    told = client.describe_execution(executionArn=execution)
    if told["status"] == "SUCCEEDED":
        return path, tries, ("SUCCEEDED",), json.loads(told["output"])
    return path, tries, (told["status"], told["error"], told["cause"]), state_input


def walked_trace(machine: str, case: str) -> Trace:
    responses = MOCKS["StateMachines"][machine]["TestCases"][case]
    execution = Execution(Machine.named(machine), SAMPLE_INPUT, arn=ARN)
    tries: list[tuple[str, Any]] = []
    while not isinstance(effect := execution.effect, Succeeded | Failed):
        if isinstance(effect, Sleep):
            execution.wake()
            continue
        number = Counter(state for state, _ in tries)[effect.state]
        tries.append((effect.state, execution.data))
        response = mocked(responses[effect.state], number)
        if "Return" in response:
            execution.succeed(response["Return"])
        else:
            execution.fail(response["Throw"]["Error"], response["Throw"]["Cause"])
    end = ("SUCCEEDED",)
    if isinstance(effect, Failed):
        return execution.path, tries, ("FAILED", effect.error, effect.cause), execution.data
    return execution.path, tries, end, effect.output


def mocked(name: str, number: int) -> dict[str, Any]:
    """The response of a Task's try: they stand under ``3`` or ``0-3``, the last goes on."""
    responses: dict[str, dict[str, Any]] = MOCKS["MockedResponses"][name]
    for numbers, response in responses.items():
        if number <= int(numbers.split("-")[-1]):
            return response
    return response


@pytest.mark.parametrize(("machine", "case"), CASES)
def test_the_walker_goes_the_engines_way_with_the_engines_data(
    machine: str, case: str, step_functions: "SFNClient", machine_arns: dict[str, str]
) -> None:
    assert walked_trace(machine, case) == engine_trace(step_functions, machine_arns[machine], case)


def test_every_machine_can_be_walked_and_has_cases() -> None:
    assert {machine for machine, _ in CASES} <= set(machine_names())
    assert all(Machine.named(name).states for name in machine_names())
