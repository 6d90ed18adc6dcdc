"""The list of executions: its order, its pages, its filters, and whose each of them is."""

import json
from datetime import timedelta
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from billing.store.dynamodb import client
from billing.store.ledger import Entry, Failure
from ops import executions
from ops.errors import NotFound, OpsError
from ops.executions import (
    Execution,
    Filter,
    Status,
    all_executions,
    find_execution,
    first_executions,
    list_executions,
)
from tests.support.builders import NOW
from tests.support.stepfunctions import START, Stage, arn_of

READABLE = {"id": "evt_1", "type": "invoice.paid"}


def names(stage: Stage, **wanted: Any) -> list[str]:
    return [each.name for each in list_executions(stage.target, Filter(**wanted)).items]


def all_pages(stage: Stage, wanted: Filter, limit: int) -> list[str]:
    """The names of all, page by page."""
    told: list[str] = []
    cursor = None
    while True:
        page = list_executions(stage.target, wanted, cursor, limit)
        assert len(page.items) <= limit
        told += [each.name for each in page.items]
        assert len(told) == len(set(told))
        cursor = page.cursor
        if cursor is None:
            return told


def only(stage: Stage) -> Execution:
    (execution,) = list_executions(stage.target, Filter()).items
    return execution


def done(stage: Stage, holder: str, at: int, outcome: str = "applied") -> None:
    """Have an execution finish its event."""
    event = stage.claimed(holder, at=at)
    stage.ports.ledger.close(
        Entry.model_validate(
            {
                "event_id": event.id,
                "execution": holder,
                "user_id": "user_1",
                "outcome": outcome,
                "at": NOW + at,
            }
        )
    )


def fail(stage: Stage, holder: str) -> None:
    """Have the execution that holds evt_one fail with it."""
    failure = Failure(
        execution=holder,
        status="FAILED",
        error="StripeNotFound",
        cause="",
        redrive_count=0,
        at=NOW * 1000,
        user_id="user_1",
    )
    assert stage.ports.ledger.mark_failed("evt_one", failure)


# -- Order and pages --------------------------------------------------------------------------


def test_all_machines_are_one_list_the_newest_first(stage: Stage) -> None:
    stage.put("renew", "second", at=2)
    stage.put("cancel", "third", at=3)
    stage.put("subscribe", "first", at=1)

    assert names(stage) == ["third", "second", "first"]


def test_what_has_ended_stands_where_it_ended_and_what_runs_where_it_began(stage: Stage) -> None:
    stage.put("renew", "ended late", at=1, stopped=9)
    stage.put("cancel", "runs", at=5, status="RUNNING")
    stage.put("payment_failure", "runs again", at=2, status="RUNNING", redriveDate=START)

    assert names(stage) == ["ended late", "runs", "runs again"]


@pytest.mark.parametrize("limit", [1, 3, 7, 50])
def test_pages_tell_of_each_execution_once(stage: Stage, limit: int) -> None:
    expected = [f"{machine}-{n}" for n in range(24) for machine in ("renew", "subscribe")]
    for name in expected:
        machine, _, n = name.partition("-")
        stage.put(machine, name, at=int(n) // 3)  # three at a time end at the same moment

    assert sorted(all_pages(stage, Filter(), limit)) == sorted(expected)


def test_executions_that_begin_between_two_pages_move_nothing(stage: Stage) -> None:
    for n in range(150):
        stage.put("renew", f"old-{n}", at=n)
    first = list_executions(stage.target, Filter(), None, 120)
    for n in range(130):
        stage.put("renew", f"new-{n}", at=1000 + n, status="RUNNING")

    second = list_executions(stage.target, Filter(), first.cursor, 120)

    told = [each.name for each in first.items + second.items]
    assert told == [f"old-{n}" for n in reversed(range(150))]
    assert second.cursor is None


def test_the_first_page_reads_one_page_of_each_list(stage: Stage) -> None:
    for n in range(300):
        stage.put("renew", f"{n}", at=n)

    list_executions(stage.target, Filter(), None, 50)

    assert stage.stepfunctions.asked == {"list": len(stage.target.machines), "describe": 50}


def test_an_execution_is_described_once_as_long_as_nothing_happens_to_it(stage: Stage) -> None:
    arn = stage.failed("renew", "one", error="StripeNotFound")
    names(stage)
    names(stage)
    assert stage.stepfunctions.asked["describe"] == 1

    stage.stepfunctions.held[arn].update(error="LeaseLost", redriveCount=1)
    assert only(stage).error == "LeaseLost"


def test_a_filter_that_finds_few_ends_its_page_early_and_goes_on_in_the_next(stage: Stage) -> None:
    stage.failed("renew", "wanted", error="UserNotFound", at=-1)
    for n in range(300):
        stage.failed("renew", f"{n}", at=n)
    wanted = Filter(error="UserNotFound")

    page = list_executions(stage.target, wanted)

    assert page.items == ()
    assert page.cursor is not None
    assert [e.name for e in first_executions(stage.target, wanted, 1).items] == ["wanted"]
    assert [e.name for e in all_executions(stage.target, wanted)] == ["wanted"]


@pytest.mark.parametrize("cursor", ["no cursor", "eyJldmVudF9pZCI6ICJ4In0="])
def test_a_cursor_of_nothing_is_refused_in_words(stage: Stage, cursor: str) -> None:
    with pytest.raises(OpsError, match="begin again"):
        list_executions(stage.target, Filter(), cursor)


def test_a_cursor_that_aws_has_forgotten_is_refused_in_words(stage: Stage) -> None:
    for n in range(150):
        stage.put("renew", f"{n}", at=n)
    first = list_executions(stage.target, Filter(), None, 120)
    assert first.cursor is not None

    def forgotten(**_: Any) -> Any:
        return original(stateMachineArn="any", nextToken="expired")

    original = stage.stepfunctions.list_executions
    stage.stepfunctions.list_executions = forgotten  # type: ignore[method-assign]

    with pytest.raises(OpsError, match="from the beginning"):
        list_executions(stage.target, Filter(), first.cursor)


# -- Filters ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["running", "broken", "fine"]),
        ({"machine": "renew"}, ["broken"]),
        ({"status": "SUCCEEDED"}, ["fine"]),
        ({"status": "TIMED_OUT"}, []),
        ({"open": True}, ["broken"]),
        ({"error": "UserNotFound"}, ["broken"]),
        ({"event_type": "customer.subscription.deleted"}, ["running"]),
        ({"customer_id": "cus_1"}, ["running", "broken", "fine"]),
        ({"customer_id": "cus_2"}, []),
        ({"since": START + timedelta(seconds=2)}, ["running", "broken"]),
        ({"until": START + timedelta(seconds=2)}, ["broken", "fine"]),
        (
            {"since": START + timedelta(seconds=2), "until": START + timedelta(seconds=2)},
            ["broken"],
        ),
    ],
)
def test_each_field_of_a_filter_narrows_the_list(
    stage: Stage, wanted: dict[str, Any], found: list[str]
) -> None:
    stage.put("subscribe", "fine", at=1)
    stage.failed("renew", "broken", error="UserNotFound", at=2)
    deleted = stage.event("running", "customer.subscription.deleted")
    stage.put("cancel", "running", at=3, status="RUNNING", event=deleted)

    assert names(stage, **wanted) == found


@pytest.mark.parametrize("whose", [{}, {"user_id": "user_1"}])
def test_what_was_redriven_lately_and_runs_is_of_lately(
    stage: Stage, whose: dict[str, str]
) -> None:
    lately = START + timedelta(seconds=50)
    arn = stage.put("renew", "redriven", at=1, status="RUNNING", redriveDate=lately)
    done(stage, arn, at=1)
    done(stage, stage.put("cancel", "old", at=2), at=2)

    assert names(stage, since=START + timedelta(seconds=40), **whose) == ["redriven"]
    assert names(stage, until=START + timedelta(seconds=40), **whose) == ["old"]


@pytest.mark.parametrize("status", get_args(Status))
def test_every_status_that_may_be_asked_for_is_one_that_a_machines_executions_have(
    stage: Stage, status: Status
) -> None:
    stage.put("renew", "one", status=status)

    assert names(stage, status=status) == ["one"]


def test_a_machine_that_there_is_not_is_said_with_those_that_there_are(stage: Stage) -> None:
    with pytest.raises(OpsError, match=r"no machine refund: there are cancel, payment_failure"):
        names(stage, machine="refund")


# -- Whose, and what of it ----------------------------------------------------------------------


def test_an_execution_tells_its_event_and_whose_it_is(stage: Stage) -> None:
    arn = stage.put("subscribe", "one")
    done(stage, arn, at=1, outcome="stale")

    execution = only(stage)

    assert (execution.event_id, execution.event_type) == (
        "evt_one",
        "customer.subscription.updated",
    )
    assert (execution.customer_id, execution.user_id) == ("cus_1", "user_1")
    assert execution.outcome == "stale"
    assert not execution.open


def test_a_customers_user_is_known_before_the_event_is_done(stage: Stage) -> None:
    stage.ports.customers.assign("cus_1", "user_7")
    stage.put("subscribe", "one", status="RUNNING")

    assert only(stage).user_id == "user_7"


def test_a_failure_says_why_in_a_line(stage: Stage) -> None:
    stage.failed("subscribe", "one", error="UserNotFound", cause="user x does not exist")

    assert (only(stage).error, only(stage).cause) == ("UserNotFound", "user x does not exist")


def test_an_aborted_execution_has_its_status_for_an_error(stage: Stage) -> None:
    stage.put("subscribe", "one", status="ABORTED")

    assert only(stage).error == "ABORTED"


@pytest.mark.parametrize(
    "input_",
    ["{}", "[]", '"text"', "", json.dumps({"event": {"id": 7}, "source": "x"})],
)
def test_an_execution_whose_input_nobody_can_read_is_listed(stage: Stage, input_: str) -> None:
    stage.failed("subscribe", "one", input_=input_)

    assert (only(stage).name, only(stage).event_id) == ("one", None)
    assert only(stage).open


def test_an_event_that_the_contracts_refuse_is_named_as_far_as_it_can_be(stage: Stage) -> None:
    stage.failed("subscribe", "one", input_=json.dumps({"event": READABLE}))

    assert (only(stage).event_id, only(stage).event_type) == ("evt_1", "invoice.paid")


def test_an_execution_that_is_forgotten_while_it_is_listed_stays_in_the_list(stage: Stage) -> None:
    arn = stage.put("subscribe", "one")

    def forgotten(**_: Any) -> Any:
        return original(executionArn="gone")

    original = stage.stepfunctions.describe_execution
    stage.stepfunctions.describe_execution = forgotten  # type: ignore[method-assign]

    assert only(stage).arn == arn


def test_a_reconciliation_says_who_was_asked_for(stage: Stage) -> None:
    stage.put("reconcile", "one", input_='{"scope": "user", "user_id": "user_3"}')

    assert (only(stage).user_id, only(stage).event_id) == ("user_3", None)


# -- What is owed -------------------------------------------------------------------------------


def test_a_failure_whose_event_another_execution_has_done_is_settled(stage: Stage) -> None:
    stage.failed("renew", "first", event=stage.event("shared"), at=1)
    second = stage.put("renew", "second", event=stage.event("shared"), at=2)
    done(stage, second, at=2)

    first = find_execution(stage.target, "first")

    assert first.settled
    assert not first.open
    assert names(stage, open=True) == []


@pytest.mark.parametrize("name", ["since", "until"])
def test_a_time_that_names_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="should have timezone info"):
        Filter.model_validate({name: "2026-01-31T08:00:00"})


@pytest.mark.parametrize("done_at", [1, 100])
def test_a_failure_after_its_own_event_was_done_is_open_until_it_is_settled(
    stage: Stage, done_at: int
) -> None:
    """A payment_failure has recorded the failure, waits for grace to end, and fails then."""
    arn = stage.failed("payment_failure", "waited", at=0, stopped=100)
    done(stage, arn, at=done_at)
    assert find_execution(stage.target, arn).open

    mark_failed_and_settle(stage, arn, at=200)

    assert find_execution(stage.target, arn).settled


def mark_failed_and_settle(stage: Stage, arn: str, at: int) -> None:
    client().update_item(
        TableName=stage.ports.settings.events_table,
        Key={"event_id": {"S": "evt_waited"}},
        UpdateExpression="SET failed_after = :at",
        ExpressionAttributeValues={":at": {"N": str(NOW + 100)}},
    )
    stage.ports.ledger.settle("evt_waited", NOW + at)


@pytest.mark.parametrize(
    ("key", "attribute"), [("reconcile:cus_1", "completed_at"), ("reconcile:all", "covered_until")]
)
@pytest.mark.parametrize(("at", "settled"), [(99, False), (100, True)])
def test_a_failed_reconciliation_is_settled_by_a_later_run(
    stage: Stage, key: str, attribute: str, at: int, *, settled: bool
) -> None:
    input_ = '{"scope": "customer", "customer_id": "cus_1"}'
    stage.failed("reconcile", "one", input_=input_, stopped=100)
    client().put_item(
        TableName=stage.ports.settings.events_table,
        Item={"event_id": {"S": key}, attribute: {"N": str(NOW + at)}},
    )

    assert only(stage).settled is settled


# -- One user's ---------------------------------------------------------------------------------


def test_a_users_executions_come_of_the_timeline_with_all_that_deliveries_have_started(
    stage: Stage,
) -> None:
    event = stage.event("shared")
    holder = stage.put("renew", "holder", event=event, at=1)
    duplicate = stage.put("renew", "duplicate", event=event, at=2)
    stage.put("renew", "somebody else's", at=3)
    done(stage, holder, at=1)
    stage.ports.ledger.count("evt_shared", duplicate)

    page = list_executions(stage.target, Filter(user_id="user_1"))

    assert {each.name for each in page.items} == {"holder", "duplicate"}
    assert stage.stepfunctions.asked["list"] == 0


def test_a_customer_is_listed_by_its_users_timeline(stage: Stage) -> None:
    stage.ports.customers.assign("cus_1", "user_1")
    done(stage, stage.put("renew", "one"), at=1)

    assert names(stage, customer_id="cus_1") == ["one"]
    assert stage.stepfunctions.asked["list"] == 0


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_a_users_pages_tell_of_each_execution_once(stage: Stage, limit: int) -> None:
    for n in range(5):
        done(stage, stage.put("renew", f"{n}", at=n), at=n)

    assert all_pages(stage, Filter(user_id="user_1"), limit) == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 50])
def test_a_users_pages_are_no_longer_than_asked_for_however_often_an_event_came(
    stage: Stage, limit: int
) -> None:
    for event_id in ("older", "newer"):
        event = stage.event(event_id)
        done(stage, stage.put("renew", f"{event_id}-0", event=event), at=1)
        for n in (1, 2):
            again = stage.put("renew", f"{event_id}-{n}", event=event)
            stage.ports.ledger.count(f"evt_{event_id}", again)

    told = all_pages(stage, Filter(user_id="user_1"), limit)

    assert sorted(told) == [f"{event_id}-{n}" for event_id in ("newer", "older") for n in range(3)]


def test_who_takes_over_an_event_between_two_pages_is_told_once_and_hides_nobody(
    stage: Stage,
) -> None:
    event = stage.event("one")
    first, second, third = (stage.put("renew", f"one-{n}", event=event) for n in range(3))
    stage.claimed(first)
    for again in (second, third):
        stage.ports.ledger.count("evt_one", again)
    fail(stage, first)
    page = list_executions(stage.target, Filter(user_id="user_1"), None, 1)

    lease = stage.ports.ledger.lease_of("evt_one", third)
    assert lease is not None
    stage.ports.ledger.take("evt_one", third, lease, NOW)
    fail(stage, third)
    rest = list_executions(stage.target, Filter(user_id="user_1"), page.cursor, 50)

    assert [each.name for each in page.items] == ["one-0"]
    assert sorted(each.name for each in rest.items) == ["one-1", "one-2"]


def test_filters_narrow_a_users_executions_too(stage: Stage) -> None:
    done(stage, stage.put("renew", "paid"), at=1)
    done(stage, stage.put("cancel", "cancelled"), at=2)

    assert names(stage, user_id="user_1", machine="cancel") == ["cancelled"]


def test_executions_that_aws_has_forgotten_are_left_out_of_a_users(stage: Stage) -> None:
    done(stage, stage.put("renew", "one"), at=1)
    stage.stepfunctions.held.clear()

    assert names(stage, user_id="user_1") == []


# -- Finding one --------------------------------------------------------------------------------


def test_an_execution_is_found_by_name_and_by_arn(stage: Stage) -> None:
    arn = stage.put("cancel", "one")

    assert find_execution(stage.target, "one") == find_execution(stage.target, arn)
    assert find_execution(stage.target, arn).machine == "cancel"


@pytest.mark.parametrize("name", ["nobody", arn_of("renew", "nobody"), arn_of("others", "one")])
def test_an_execution_that_there_is_not_is_said_with_what_to_do(stage: Stage, name: str) -> None:
    stage.put("cancel", "one")

    with pytest.raises(NotFound, match="scai-ops executions"):
        find_execution(stage.target, name)


def test_a_name_that_two_machines_know_has_to_be_given_in_full(stage: Stage) -> None:
    stage.put("cancel", "one")
    stage.put("renew", "one")

    with pytest.raises(OpsError, match="several"):
        find_execution(stage.target, "one")


def test_few_among_many_are_looked_for_many_at_a_time(stage: Stage) -> None:
    for n in range(120):
        paid = stage.event(f"{n}", "invoice.paid" if n in (0, 60) else "invoice.voided")
        stage.put("renew", f"{n}", at=n, event=paid)
    reads: list[None] = []
    client().meta.events.register(
        "before-call.dynamodb.BatchGetItem", lambda **_: reads.append(None), "reads"
    )

    pages, cursor = [], None
    for _ in range(2):
        page = list_executions(stage.target, Filter(event_type="invoice.paid"), cursor, 1)
        pages.append([each.name for each in page.items])
        cursor = page.cursor

    client().meta.events.unregister("before-call.dynamodb.BatchGetItem", unique_id="reads")
    assert pages == [["60"], ["0"]]
    assert len(reads) < 10


def test_who_wants_all_reads_each_page_of_the_lists_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executions, "_DESCRIBED", 2)
    arns = [stage.failed("renew", f"{n}", at=n) for n in range(7)]

    found = list(all_executions(stage.target, Filter(open=True)))

    assert [each.arn for each in found] == arns[::-1]
    assert stage.stepfunctions.asked["list"] == 3 * len(stage.target.machines)
