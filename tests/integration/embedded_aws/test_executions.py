"""StartExecution's own rules."""

import json

import pytest

from tests.integration.embedded_aws.account import Account

DONE = {"Done": {"Type": "Succeed"}}
WAITING = {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}


def test_the_largest_input_that_aws_takes_is_taken(account: Account) -> None:
    text = json.dumps("x" * (262_144 - 2))
    execution = account.client("stepfunctions").start_execution(
        stateMachineArn=account.machine(DONE), input=text
    )
    assert account.ended(execution["executionArn"])["status"] == "SUCCEEDED"


@pytest.mark.parametrize("text", [json.dumps("x" * 262_144), json.dumps("é" * 43_691), "{"])
def test_an_input_too_large_or_no_json_is_refused(account: Account, text: str) -> None:
    sfn = account.client("stepfunctions")
    with pytest.raises(sfn.exceptions.InvalidExecutionInput):
        sfn.start_execution(stateMachineArn=account.machine(DONE), input=text)


def test_the_same_name_and_input_give_the_running_execution(account: Account) -> None:
    sfn, machine = account.client("stepfunctions"), account.machine(WAITING)
    request = {"stateMachineArn": machine, "name": "once", "input": '{"a": 1}'}
    assert (
        sfn.start_execution(**request)["executionArn"]
        == (sfn.start_execution(**request)["executionArn"])
    )
    with pytest.raises(sfn.exceptions.ExecutionAlreadyExists):
        sfn.start_execution(**request | {"input": "{}"})
    sfn.stop_execution(executionArn=f"{machine.replace(':stateMachine:', ':execution:')}:once")
    with pytest.raises(sfn.exceptions.ExecutionAlreadyExists):
        sfn.start_execution(**request)
