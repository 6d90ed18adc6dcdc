"""RedriveExecution: how ops retry what failed."""

import json
from collections.abc import Iterator

import pytest

from tests.integration.embedded_aws.account import Account, Json
from tests.support.waiting import eventually

BROKEN = "def handler(event, context): raise RuntimeError('broken')"
FIXED = "def handler(event, context): return {'seen': event}"


@pytest.fixture
def function(account: Account) -> str:
    return account.function(BROKEN)


@pytest.fixture
def machine(account: Account, function: str) -> str:
    return account.machine(
        {
            "Prepare": {"Type": "Pass", "Result": {"order": 1}, "Next": "Work"},
            "Work": {"Type": "Task", "Resource": function, "End": True},
        }
    )


def history(account: Account, execution_arn: str) -> list[str]:
    events = account.client("stepfunctions").get_execution_history(executionArn=execution_arn)
    return [event["type"] for event in events["events"]]


def test_a_redriven_execution_resumes_at_the_failed_task_on_the_fixed_function(
    account: Account, function: str, machine: str
) -> None:
    failed = account.run(machine, {"id": "evt_1"})
    assert (failed["status"], failed["redriveCount"]) == ("FAILED", 0)
    assert failed["redriveStatus"] == "REDRIVABLE"
    before = history(account, failed["executionArn"])

    account.replace_code(function, FIXED)
    account.client("stepfunctions").redrive_execution(executionArn=failed["executionArn"])

    done = account.ended(failed["executionArn"])
    assert (done["status"], done["redriveCount"]) == ("SUCCEEDED", 1)
    assert json.loads(done["output"]) == {"seen": {"order": 1}}
    assert done["redriveDate"] >= failed["stopDate"]
    assert done["redriveStatus"] == "NOT_REDRIVABLE"
    assert history(account, failed["executionArn"])[len(before) :] == [
        "ExecutionRedriven",
        "TaskScheduled",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]


def test_a_redriven_execution_is_listed_as_such(
    account: Account, function: str, machine: str
) -> None:
    sfn = account.client("stepfunctions")
    account.run(machine)
    redriven = account.run(machine)["executionArn"]
    account.replace_code(function, FIXED)
    sfn.redrive_execution(executionArn=redriven)
    account.ended(redriven)
    found = sfn.list_executions(stateMachineArn=machine, redriveFilter="REDRIVEN")["executions"]
    assert [(e["executionArn"], e["redriveCount"]) for e in found] == [(redriven, 1)]
    others = sfn.list_executions(stateMachineArn=machine, redriveFilter="NOT_REDRIVEN")
    assert [e["redriveCount"] for e in others["executions"]] == [0]


def test_a_changed_definition_does_not_change_a_redriven_execution(
    account: Account, function: str, machine: str
) -> None:
    failed = account.run(machine)["executionArn"]
    changed = {"StartAt": "Work", "States": {"Work": {"Type": "Succeed"}}}
    sfn = account.client("stepfunctions")
    sfn.update_state_machine(stateMachineArn=machine, definition=json.dumps(changed))
    account.replace_code(function, FIXED)
    sfn.redrive_execution(executionArn=failed)
    assert json.loads(account.ended(failed)["output"]) == {"seen": {"order": 1}}


def test_an_execution_that_ended_in_a_fail_state_fails_again(account: Account) -> None:
    machine = account.machine({"Give Up": {"Type": "Fail", "Error": "Gone", "Cause": "why"}})
    failed = account.run(machine)["executionArn"]
    account.client("stepfunctions").redrive_execution(executionArn=failed)
    again = account.ended(failed)
    assert (again["status"], again["error"], again["redriveCount"]) == ("FAILED", "Gone", 1)
    assert history(account, failed).count("FailStateEntered") == 2


def test_an_execution_that_succeeded_cannot_be_redriven(account: Account) -> None:
    sfn = account.client("stepfunctions")
    done = account.run(account.machine({"Done": {"Type": "Succeed"}}))
    assert done["redriveStatus"] == "NOT_REDRIVABLE"
    with pytest.raises(sfn.exceptions.ExecutionNotRedrivable):
        sfn.redrive_execution(executionArn=done["executionArn"])
    with pytest.raises(sfn.exceptions.ExecutionDoesNotExist):
        sfn.redrive_execution(executionArn=f"{done['executionArn']}x")


def test_a_client_token_redrives_once(account: Account, machine: str) -> None:
    sfn = account.client("stepfunctions")
    failed = account.run(machine)["executionArn"]
    for _ in range(2):
        sfn.redrive_execution(executionArn=failed, clientToken="token")
        assert account.ended(failed)["redriveCount"] == 1


@pytest.fixture
def status_changes(account: Account, machine: str) -> Iterator[str]:
    """A queue of the machine's status-change events."""
    queue_url, queue_arn = account.queue()
    pattern = {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"stateMachineArn": [machine]},
    }
    rule = account.rule("default", pattern, {"Arn": queue_arn})
    yield queue_url
    account.client("events").disable_rule(Name=rule.rsplit("/", 1)[-1])


def test_status_change_events_tell_the_redrive(
    account: Account, function: str, machine: str, status_changes: str
) -> None:
    failed = account.run(machine, {"id": "evt_1"})
    account.replace_code(function, FIXED)
    account.client("stepfunctions").redrive_execution(executionArn=failed["executionArn"])

    changes = [details(account.message(status_changes)) for _ in range(4)]
    assert {(change["status"], change["redriveCount"]) for change in changes} == {
        ("RUNNING", 0),
        ("FAILED", 0),
        ("RUNNING", 1),
        ("SUCCEEDED", 1),
    }
    failure = next(change for change in changes if change["status"] == "FAILED")
    assert failure["executionArn"] == failed["executionArn"]
    assert failure["error"] == "RuntimeError"
    assert json.loads(failure["cause"])["errorMessage"] == "broken"
    assert json.loads(failure["input"]) == {"id": "evt_1"}
    assert failure["stopDate"] == int(failed["stopDate"].timestamp() * 1000)
    assert (failure["output"], failure["redriveDate"]) == (None, None)
    success = next(change for change in changes if change["status"] == "SUCCEEDED")
    assert (success["error"], success["cause"]) == (None, None)
    assert success["redriveDate"] > failure["stopDate"] - 1


def details(message: Json) -> Json:
    detail: Json = json.loads(message["Body"])["detail"]
    return detail


def test_a_stopped_run_does_not_go_on_beside_the_redriven_one(account: Account) -> None:
    machine = account.machine(
        {
            "Wait": {"Type": "Wait", "Seconds": 5, "Next": "Done"},
            "Done": {"Type": "Pass", "End": True},
        }
    )
    sfn = account.client("stepfunctions")
    execution = account.start(machine)
    eventually(lambda: "WaitStateEntered" in history(account, execution))
    sfn.stop_execution(executionArn=execution)
    sfn.redrive_execution(executionArn=execution)
    assert account.ended(execution)["status"] == "SUCCEEDED"
    assert history(account, execution).count("PassStateEntered") == 1
