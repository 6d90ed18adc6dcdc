"""A retry redrives; where that can't be it starts anew, and in no case anything twice."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from billing.store.dynamodb import from_item
from billing.store.ledger import Entry
from ops import retrying
from ops.causes import open_causes
from ops.execution import Execution, find_execution
from ops.executions import Filter, list_executions
from ops.journal import Journal, entries
from ops.retrying import Retried, planned, planned_each, retry, retry_all, retry_each
from tests.support.builders import NOW
from tests.support.stepfunctions import Stage, arn_of, refusal


@pytest.fixture(autouse=True)
def at_any_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "RETRIES_PER_SECOND", 1e9)


def journal_of(stage: Stage) -> Journal:
    return Journal(stage.target, "it was fixed")


def found(stage: Stage, name: str = "one") -> Execution:
    return find_execution(stage.target, name)


def retried(stage: Stage, name: str = "one", *, fresh: bool = False) -> Retried:
    return retry(stage.target, found(stage, name), journal_of(stage), fresh=fresh)


def not_redrivable(stage: Stage, arn: str) -> None:
    stage.stepfunctions.held[arn].update(
        redriveStatus="NOT_REDRIVABLE", redriveStatusReason="it is past 14 days"
    )


def started(stage: Stage) -> list[dict[str, Any]]:
    return [each for each in stage.stepfunctions.held.values() if "-again-" in each["name"]]


def test_what_failed_is_redriven_and_that_is_logged(stage: Stage) -> None:
    arn = stage.failed("renew", "one")

    assert retried(stage) == Retried(arn=arn, how="redriven")

    assert found(stage).status == "RUNNING"
    (entry,) = entries(stage.target, 0, 10)
    assert (entry.action, entry.subject, entry.result) == ("retry", arn, "redriven")
    assert (entry.operator, entry.reason) == ("operator", "it was fixed")


@pytest.mark.parametrize("status", ["SUCCEEDED", "RUNNING"])
def test_what_has_not_failed_is_left_alone(stage: Stage, status: str) -> None:
    stage.put("renew", "one", status=status)

    assert retried(stage).how == "nothing_to_do"
    assert entries(stage.target, 0, 10) == []


def test_what_another_execution_has_done_is_left_alone(stage: Stage) -> None:
    event = stage.event("shared")
    stage.failed("renew", "one", event=event)
    finish(stage, stage.put("renew", "two", event=event))

    assert retried(stage).how == "nothing_to_do"
    assert stage.stepfunctions.asked["redrive"] == 0


def finish(stage: Stage, arn: str, at: int = 0) -> None:
    event = stage.claimed(arn)
    stage.ports.ledger.close(
        Entry(event_id=event.id, execution=arn, user_id="user_1", outcome="applied", at=NOW + at)
    )


def test_a_retry_of_a_failure_that_was_retried_before_does_nothing(stage: Stage) -> None:
    arn = stage.failed("renew", "one")
    seen = found(stage)
    retry(stage.target, seen, journal_of(stage))
    stage.stepfunctions.held[arn].update(status="FAILED", redriveStatus="REDRIVABLE")

    assert retry(stage.target, seen, journal_of(stage)).how == "nothing_to_do"
    assert stage.stepfunctions.asked["redrive"] == 1
    assert retried(stage).how == "redriven"


def test_two_who_retry_at_once_redrive_once(stage: Stage) -> None:
    stage.failed("renew", "one")
    seen = found(stage)
    targets = [stage.new_target(), stage.new_target()]

    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda t: retry(t, seen, Journal(t, "both")), targets * 4))

    assert stage.stepfunctions.asked["redrive"] == 1
    assert {each.how for each in done} <= {"redriven", "nothing_to_do"}


def test_who_comes_second_between_look_and_deed_does_nothing(stage: Stage) -> None:
    """It was redriven under another token: by AWS's console, say."""
    arn = stage.failed("renew", "one")
    seen = found(stage)
    original = stage.stepfunctions.redrive_execution

    def late(**asked: Any) -> Any:
        original(executionArn=arn, clientToken="theirs")
        return original(**asked)

    stage.stepfunctions.redrive_execution = late  # type: ignore[method-assign]

    assert retry(stage.target, seen, journal_of(stage)).how == "nothing_to_do"
    assert started(stage) == []


def test_what_cannot_be_redriven_is_started_anew_with_the_same_input(stage: Stage) -> None:
    arn = stage.failed("renew", "one")
    not_redrivable(stage, arn)

    done = retried(stage)

    (new,) = started(stage)
    assert done == Retried(
        arn=arn, how="started_anew", new_arn=new["executionArn"], why="it is past 14 days"
    )
    assert new["input"] == stage.stepfunctions.held[arn]["input"]
    assert new["stateMachineArn"] == stage.stepfunctions.held[arn]["stateMachineArn"]


def test_an_endpoint_without_redrives_starts_anew(stage: Stage) -> None:
    arn = stage.failed("renew", "one")
    del stage.stepfunctions.held[arn]["redriveStatus"]
    stage.stepfunctions.redrives = False

    assert retried(stage).how == "started_anew"


def test_who_wants_todays_definition_has_it_started_anew(stage: Stage) -> None:
    stage.failed("renew", "one")

    assert retried(stage, fresh=True).how == "started_anew"
    assert stage.stepfunctions.asked["redrive"] == 0


def test_the_same_is_started_anew_once(stage: Stage) -> None:
    stage.failed("renew", "one")
    first = retried(stage, fresh=True)

    second = retried(stage, fresh=True)

    assert (second.how, second.new_arn) == ("nothing_to_do", first.new_arn)
    assert stage.stepfunctions.asked["start"] == 1


@pytest.mark.parametrize("length", [1, 60, 80])
def test_the_new_name_is_one_that_step_functions_takes(stage: Stage, length: int) -> None:
    stage.failed("renew", "x" * length)
    stage.failed("cancel", "y" * length)

    names = [
        (retried(stage, name * length, fresh=True).new_arn or "").rsplit(":", 1)[-1]
        for name in "xy"
    ]

    assert all(len(name) <= 80 for name in names)
    assert names[0].split("-again-")[1] != names[1].split("-again-")[1]


def waited(stage: Stage, *, hinted: bool) -> str:
    """One that finished its event, waited for grace to end, and failed then."""
    arn = stage.failed("payment_failure", "one", stopped=100)
    finish(stage, arn, at=1)
    if hinted:
        stage.ports.dynamodb.update_item(
            TableName=stage.ports.settings.events_table,
            Key={"event_id": {"S": "evt_one"}},
            UpdateExpression="SET failed_after = :at, attention = :failed",
            ExpressionAttributeValues={":at": {"N": str(NOW + 100)}, ":failed": {"S": "failed"}},
        )
    stage.ports.clock.advance(200)
    not_redrivable(stage, arn)
    return arn


@pytest.mark.parametrize("hinted", [True, False])
def test_one_that_failed_after_its_event_was_done_has_its_customer_reconciled(
    stage: Stage, *, hinted: bool
) -> None:
    arn = waited(stage, hinted=hinted)

    done = retried(stage)

    (new,) = started(stage)
    assert (done.how, done.new_arn) == ("reconciled", new["executionArn"])
    assert new["executionArn"].startswith(arn_of("reconcile", "one"))
    assert json.loads(new["input"]) == {"scope": "user", "user_id": "user_1"}
    assert find_execution(stage.target, arn).settled
    item = stage.ports.dynamodb.get_item(
        TableName=stage.ports.settings.events_table, Key={"event_id": {"S": "evt_one"}}
    )["Item"]
    assert "attention" not in from_item(item)


def test_one_that_waited_and_can_be_redriven_is(stage: Stage) -> None:
    arn = waited(stage, hinted=True)
    stage.stepfunctions.held[arn]["redriveStatus"] = "REDRIVABLE"

    assert retried(stage).how == "redriven"


@pytest.mark.parametrize("fresh", [True, False])
def test_a_plan_says_what_would_be_done_and_does_nothing(stage: Stage, *, fresh: bool) -> None:
    stage.failed("renew", "one")

    plan = planned(stage.target, found(stage), fresh=fresh)

    assert plan.how == ("started_anew" if fresh else "redriven")
    assert found(stage).status == "FAILED"
    assert started(stage) == []
    assert entries(stage.target, 0, 10) == []


# -- Many ---------------------------------------------------------------------------------------


def test_all_of_a_cause_are_retried_the_oldest_first_and_nothing_else(stage: Stage) -> None:
    for n in (2, 1, 3):
        stage.failed("renew", f"{n}", at=n, error="UserNotFound")
    other = stage.failed("renew", "other", error="StripeNotFound")
    cause = cause_of(stage, "UserNotFound")

    done = list(retry_all(stage.target, journal_of(stage), cause))

    assert [each.arn for each in done] == [arn_of("renew", f"{n}") for n in (1, 2, 3)]
    assert {each.how for each in done} == {"redriven"}
    assert find_execution(stage.target, other).status == "FAILED"


def cause_of(stage: Stage, error: str) -> str:
    return next(cause.id for cause in open_causes(stage.target) if cause.error == error)


def test_all_that_failed_are_retried_where_no_cause_is_named(stage: Stage) -> None:
    stage.failed("renew", "one")
    stage.failed("cancel", "two")

    assert len(list(retry_all(stage.target, journal_of(stage)))) == 2
    assert list(retry_all(stage.target, journal_of(stage))) == []


def stop(stage: Stage) -> str:
    """One that failed, and one that somebody stopped; give the latter's cause."""
    stage.failed("renew", "failed")
    stage.put("renew", "stopped", status="ABORTED")
    return cause_of(stage, "ABORTED")


def test_what_somebody_stopped_is_left_alone_and_stays_open(stage: Stage) -> None:
    stop(stage)

    (others,) = (cause for cause in open_causes(stage.target) if not cause.stopped)

    (done,) = retry_all(stage.target, journal_of(stage))

    assert (done.arn,) == others.examples == (arn_of("renew", "failed"),)
    assert find_execution(stage.target, "stopped").open


@pytest.mark.parametrize("by", ["cause", "status"])
def test_what_somebody_stopped_is_retried_where_it_is_asked_for(stage: Stage, by: str) -> None:
    cause = stop(stage)
    asked: dict[str, tuple[str | None, Filter | None]] = {
        "cause": (cause, None),
        "status": (None, Filter(status="ABORTED")),
    }

    (done,) = retry_all(stage.target, journal_of(stage), *asked[by])

    assert (done.arn, done.how) == (arn_of("renew", "stopped"), "redriven")


def test_plans_of_many_tell_of_one_that_is_forgotten_and_go_on(stage: Stage) -> None:
    gone = stage.failed("renew", "gone", at=1)
    stage.failed("renew", "two", at=2)
    executions = list_executions(stage.target, Filter(open=True)).items
    del stage.stepfunctions.held[gone]

    forgotten, plan = planned_each(stage.target, executions)

    assert (forgotten.how, plan.how) == ("failed", "redriven")
    assert "isn't there any more" in (forgotten.why or "")
    assert stage.stepfunctions.asked["redrive"] == 0


def test_what_one_command_did_has_one_batch_in_the_log(stage: Stage) -> None:
    stage.failed("renew", "one")
    stage.failed("cancel", "two")

    list(retry_all(stage.target, journal_of(stage)))

    assert len({entry.batch for entry in entries(stage.target, 0, 10)}) == 1


def test_one_that_step_functions_refuses_stops_no_other(stage: Stage) -> None:
    stage.failed("renew", "one", at=1)
    stage.failed("renew", "two", at=2)
    original = stage.stepfunctions.redrive_execution

    def refusing(*, executionArn: str, clientToken: str) -> Any:  # noqa: N803
        if executionArn.endswith(":one"):
            raise refusal("ExecutionLimitExceeded")
        return original(executionArn=executionArn, clientToken=clientToken)

    stage.stepfunctions.redrive_execution = refusing  # type: ignore[method-assign]
    executions = list_executions(stage.target, Filter(open=True)).items

    refused, done = retry_each(stage.target, journal_of(stage), executions)

    assert (refused.how, done.how) == ("failed", "redriven")
    assert "ExecutionLimitExceeded" in (refused.why or "")
    results = {entry.subject: entry.result or "" for entry in entries(stage.target, 0, 10)}
    assert results[arn_of("renew", "one")].startswith("failed: ClientError")


def test_retries_are_paced(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[int] = []

    class Counting:
        def __init__(self, per_second: float) -> None:
            assert per_second == 1e9

        def wait(self) -> None:
            waits.append(1)

    monkeypatch.setattr(retrying, "Pacer", Counting)
    for n in range(3):
        stage.failed("renew", f"{n}")

    list(retry_all(stage.target, journal_of(stage)))

    assert len(waits) == 3


def test_what_was_listed_is_asked_after_once_more_and_no_oftener(stage: Stage) -> None:
    for n in range(5):
        stage.failed("renew", f"{n}")
    executions = list_executions(stage.target, Filter(open=True)).items
    stage.stepfunctions.asked.clear()

    list(retry_each(stage.target, journal_of(stage), executions))

    assert stage.stepfunctions.asked == {"describe": 5, "redrive": 5}


def test_what_step_functions_has_forgotten_is_said_to_be_and_stops_no_other(stage: Stage) -> None:
    gone = stage.failed("renew", "gone", at=1)
    stage.failed("renew", "two", at=2)
    executions = list_executions(stage.target, Filter(open=True)).items
    del stage.stepfunctions.held[gone]

    forgotten, done = retry_each(stage.target, journal_of(stage), executions)

    assert (forgotten.how, done.how) == ("failed", "redriven")
    assert "isn't there any more" in (forgotten.why or "")


def test_the_log_knows_whom_a_retry_was_about(stage: Stage) -> None:
    stage.ports.customers.assign("cus_1", "user_9")
    stage.failed("renew", "one")

    retried(stage)

    (entry,) = entries(stage.target, 0, 10)
    assert entry.user_id == "user_9"
