"""ListExecutions: its order and its pages, however executions go on meanwhile."""

import json

import pytest

from tests.integration.embedded_aws.account import Account, Json, unique

DONE = {"Done": {"Type": "Succeed"}}
WAITING = {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}


@pytest.fixture
def machine(account: Account) -> str:
    return account.machine(WAITING)


def stop(account: Account, execution: str) -> None:
    account.client("stepfunctions").stop_execution(executionArn=execution)


def page(account: Account, machine: str, **asked: object) -> tuple[list[str], str | None]:
    answer: Json = account.client("stepfunctions").list_executions(stateMachineArn=machine, **asked)
    return [each["executionArn"] for each in answer["executions"]], answer.get("nextToken")


def test_what_runs_is_sorted_by_its_start_and_what_ended_by_its_end(
    account: Account, machine: str
) -> None:
    first, second, third = (account.start(machine) for _ in range(3))
    assert page(account, machine) == ([third, second, first], None)
    stop(account, second)
    stop(account, first)
    fourth = account.start(machine)
    assert page(account, machine) == ([fourth, first, second, third], None)


def test_a_redriven_one_that_runs_is_sorted_by_its_redrive(account: Account, machine: str) -> None:
    first, second = account.start(machine), account.start(machine)
    stop(account, first)
    third = account.start(machine)
    account.client("stepfunctions").redrive_execution(executionArn=first)
    assert page(account, machine, statusFilter="RUNNING") == ([first, third, second], None)
    assert page(account, machine, statusFilter="ABORTED") == ([], None)


def test_one_status_has_pages_of_its_own(account: Account, machine: str) -> None:
    first, second, third, fourth = (account.start(machine) for _ in range(4))
    for execution in (first, fourth, second):
        stop(account, execution)
    assert page(account, machine, statusFilter="RUNNING") == ([third], None)
    newest, token = page(account, machine, statusFilter="ABORTED", maxResults=2)
    assert newest == [second, fourth]
    rest = page(account, machine, statusFilter="ABORTED", maxResults=2, nextToken=token)
    assert rest == ([first], None)


def test_pages_go_on_where_they_were_though_executions_end_and_begin(
    account: Account, machine: str
) -> None:
    started = [account.start(machine) for _ in range(5)]
    newest, token = page(account, machine, maxResults=2)
    assert newest == [started[4], started[3]]
    stop(account, started[3])
    account.start(machine)
    following, token = page(account, machine, maxResults=2, nextToken=token)
    assert following == [started[2], started[1]]
    assert page(account, machine, maxResults=2, nextToken=token) == ([started[0]], None)


def test_the_next_page_begins_after_the_last_one_whatever_became_of_that(
    account: Account, machine: str
) -> None:
    oldest, middle, newest = (account.start(machine) for _ in range(3))
    told, token = page(account, machine, maxResults=2)
    assert told == [newest, middle]
    stop(account, middle)
    assert page(account, machine, maxResults=2, nextToken=token) == ([oldest], None)


@pytest.mark.parametrize("asked", [{}, {"maxResults": 0}])
def test_a_page_holds_a_hundred_unless_asked_otherwise(
    account: Account, asked: dict[str, int]
) -> None:
    machine = account.machine(DONE)
    started = [account.start(machine) for _ in range(101)]
    found, token = page(account, machine, **asked)
    assert len(found) == 100
    rest, end = page(account, machine, nextToken=token, **asked)
    assert (sorted(found + rest), end) == (sorted(started), None)


def test_a_machine_made_anew_has_none_of_the_old_ones_executions(account: Account) -> None:
    sfn, name = account.client("stepfunctions"), unique("machine")

    def made() -> str:
        definition = json.dumps({"StartAt": "Wait", "States": WAITING})
        arn: str = sfn.create_state_machine(
            name=name, roleArn=account.role(), definition=definition
        )["stateMachineArn"]
        return arn

    def started(machine: str, execution: str) -> str:
        arn: str = sfn.start_execution(stateMachineArn=machine, name=execution)["executionArn"]
        return arn

    old = made()
    again = started(old, "again")
    started(old, "once")
    sfn.delete_state_machine(stateMachineArn=old)
    assert started(made(), "again") == again
    assert page(account, old) == ([again], None)


def test_a_token_that_is_none_is_refused(account: Account, machine: str) -> None:
    sfn = account.client("stepfunctions")
    with pytest.raises(sfn.exceptions.InvalidToken):
        page(account, machine, nextToken="none")
