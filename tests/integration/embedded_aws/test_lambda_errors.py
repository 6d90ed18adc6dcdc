"""A Lambda's failure reaches Step Functions under AWS's name for it."""

import json

import pytest

from tests.integration.embedded_aws.account import Account, Json

SOURCE = """
import os

class CardDeclinedError(Exception):
    pass

def fail(event):
    raise CardDeclinedError("no money")

def handler(event, context):
    return {
        "raise": fail,
        "exit": lambda event: os._exit(1),
        "set": lambda event: {1},
        "pid": lambda event: os.getpid(),
    }[event["do"]](event)
"""


@pytest.fixture(scope="module")
def function(account: Account) -> str:
    return account.function(SOURCE, Timeout=60)


def task(function: str, **fields: object) -> Json:
    return {"Type": "Task", "Resource": function, "End": True, **fields}


def test_an_exception_is_caught_by_its_class_name(account: Account, function: str) -> None:
    catch = [{"ErrorEquals": ["CardDeclinedError"], "Next": "Declined"}]
    machine = account.machine({"Try": task(function, Catch=catch), "Declined": {"Type": "Succeed"}})
    execution = account.run(machine, {"do": "raise"})
    caught = json.loads(execution["output"])
    assert caught["Error"] == "CardDeclinedError"
    cause = json.loads(caught["Cause"])
    assert (cause["errorMessage"], cause["errorType"]) == ("no money", "CardDeclinedError")
    assert "in fail" in cause["stackTrace"][-1]


def test_an_exception_does_not_end_the_lambda_process(account: Account, function: str) -> None:
    before = account.invoke(function, {"do": "pid"})
    account.invoke(function, {"do": "raise"})
    assert account.invoke(function, {"do": "pid"}) == before


@pytest.mark.parametrize(
    ("do", "error"),
    [
        ("exit", "Runtime.ExitError"),
        ("set", "Runtime.MarshalError"),
        ("raise", "CardDeclinedError"),
    ],
)
def test_a_failure_fails_the_execution_under_its_name(
    account: Account, function: str, do: str, error: str
) -> None:
    execution = account.run(account.machine({"Try": task(function)}), {"do": do})
    assert (execution["status"], execution["error"]) == ("FAILED", error)
    assert "output" not in execution


def test_a_timeout_fails_the_execution_under_its_name(account: Account) -> None:
    source = "import time\ndef handler(event, context): time.sleep(60)"
    execution = account.run(account.machine({"Try": task(account.function(source, Timeout=1))}))
    assert (execution["status"], execution["error"]) == ("FAILED", "Sandbox.Timedout")
    assert "output" not in execution


def test_a_module_that_does_not_import_says_so(account: Account) -> None:
    answer = account.invoke(account.function("import no_such_module"))
    assert answer["errorType"] == "Runtime.ImportModuleError"
    assert "no_such_module" in answer["errorMessage"]


def test_a_throttled_task_fails_with_too_many_requests(account: Account) -> None:
    function = account.function("def handler(event, context): return {}")
    account.client("lambda").put_function_concurrency(
        FunctionName=function, ReservedConcurrentExecutions=0
    )
    execution = account.run(account.machine({"Try": task(function)}))
    assert execution["error"] == "Lambda.TooManyRequestsException"


def test_a_retry_by_class_name_runs_again(account: Account) -> None:
    source = """
calls = []
class BusyError(Exception): pass
def handler(event, context):
    calls.append(1)
    if len(calls) < 3:
        raise BusyError()
    return {"calls": len(calls)}
"""
    retry = [{"ErrorEquals": ["BusyError"], "IntervalSeconds": 0, "MaxAttempts": 3}]
    execution = account.run(account.machine({"Try": task(account.function(source), Retry=retry)}))
    assert json.loads(execution["output"]) == {"calls": 3}


def test_a_retrys_longest_delay_is_kept(account: Account) -> None:
    failing = account.function("def handler(event, context): raise RuntimeError()")
    retry = [
        {
            "ErrorEquals": ["RuntimeError"],
            "IntervalSeconds": 1,
            "BackoffRate": 1000,
            "MaxAttempts": 2,
            "MaxDelaySeconds": 1,
            "JitterStrategy": "FULL",
        }
    ]
    execution = account.run(account.machine({"Try": task(failing, Retry=retry)}))
    assert (execution["stopDate"] - execution["startDate"]).total_seconds() < 55
