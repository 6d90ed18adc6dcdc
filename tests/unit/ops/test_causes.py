"""What fails and why: alike is one cause, and a cause's id can be copied into a command."""

import sys
from typing import Any

import pytest

from ops.causes import failures, open_causes, pattern_of
from ops.cli import causes as causes_command
from ops.cli import main
from ops.executions import Filter
from tests.support.stepfunctions import Stage, arn_of, refusal

MISSING = "cus_{n}1 is said to be of user user-{n}, who does not exist"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (MISSING.format(n="a"), MISSING.format(n="b")),
        ("invoice.paid evt_1Q: total: is wrong", "invoice.paid evt_2R: total: is wrong"),
        ("the record of user alice is contended", "the record of user bob is contended"),
        ("No such subscription: 'sub_a'", "No such subscription: 'sub_b'"),
        ('unknown plan "gold"', 'unknown plan "silver"'),
        ("took 30 s", "took 31 s"),
        ("a.b@example.test is no address", "c@example.test is no address"),
        ("request 5f1c-9 at 2026-11-01T00:00:00Z", "request 7a2d-1 at 2026-12-02T11:11:11Z"),
        ("cus_abcdef isn't known", "cus_ghijkl isn't known"),
        ("too   many\n spaces", "too many spaces"),
        (
            "An error occurred (AccessDeniedException) when calling the GetItem operation: no",
            "An error occurred (AccessDeniedException) when calling the PutItem operation: no",
        ),
    ],
)
def test_what_differs_from_one_customer_to_the_next_is_no_part_of_a_cause(
    one: str, other: str
) -> None:
    assert pattern_of(one) == pattern_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("data.object.items: Field required", "data.object.total: Field required"),
        ("Stripe did not answer", "DynamoDB did not answer"),
        ("", "Stripe did not answer"),
    ],
)
def test_what_says_something_else_is_another_cause(one: str, other: str) -> None:
    assert pattern_of(one) != pattern_of(other)


def fail_variously(stage: Stage) -> None:
    for n in range(3):
        stage.failed("renew", f"user-{n}", at=n, error="UserNotFound", cause=f"no user u{n}")
    stage.failed("renew", "stripe", at=9, error="StripeNotFound", cause="no invoice in_1")
    stage.failed("cancel", "cancel", at=4, error="UserNotFound", cause="no user u9")
    stage.put("renew", "fine", at=5)


def test_failures_alike_are_one_cause_what_fails_most_first(stage: Stage) -> None:
    fail_variously(stage)

    causes = open_causes(stage.target)

    assert [(c.count, c.machines, c.error) for c in causes] == [
        (4, ("cancel", "renew"), "UserNotFound"),
        (1, ("renew",), "StripeNotFound"),
    ]
    most = causes[0]
    assert most.message == "no user u9"
    assert (most.last_at - most.first_at).total_seconds() == 4
    renewals = [arn_of("renew", f"user-{n}") for n in (2, 1, 0)]
    assert most.examples == (arn_of("cancel", "cancel"), *renewals)


def test_a_cause_names_the_state_in_which_the_newest_failed(stage: Stage) -> None:
    arn = stage.failed("renew", "one")
    names: list[tuple[str, dict[str, Any]]] = [
        (f"{type_}StateEntered", {"stateEnteredEventDetails": {"name": name}})
        for type_, name in (("Task", "Claim Event"), ("Task", "Record Payment"))
    ]
    stage.history(arn, [*names, ("TaskScheduled", {}), ("TaskFailed", {}), ("ExecutionFailed", {})])

    (cause,) = open_causes(stage.target)

    assert cause.state == "Record Payment"


def test_a_causes_id_stays_when_more_fails_with_it(stage: Stage) -> None:
    fail_variously(stage)
    before = {cause.id for cause in open_causes(stage.target)}
    stage.failed("renew", "another", at=50, error="UserNotFound", cause="no user u77")

    assert {cause.id for cause in open_causes(stage.target)} == before


def test_the_failures_of_a_cause_are_found_by_its_id(stage: Stage) -> None:
    fail_variously(stage)
    most = open_causes(stage.target)[0]

    found = failures(stage.target, None, most.id)

    assert [each.name for each in found] == ["cancel", "user-2", "user-1", "user-0"]
    assert list(failures(stage.target, None, "unknown")) == []


def test_causes_are_narrowed_by_a_filter(stage: Stage) -> None:
    fail_variously(stage)

    (cause,) = open_causes(stage.target, Filter(machine="cancel"))

    assert (cause.machines, cause.count) == (("cancel",), 1)


def test_a_history_that_nobody_can_read_leaves_the_cause_without_its_state(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.failed("renew", "one")

    def forgotten(**_: Any) -> Any:
        raise refusal("ExecutionDoesNotExist")

    monkeypatch.setattr(stage.stepfunctions, "get_execution_history", forgotten)

    (cause,) = open_causes(stage.target)

    assert (cause.count, cause.state) == (1, None)


def test_what_somebody_stopped_is_a_cause_by_itself_whatever_error_they_named(stage: Stage) -> None:
    stage.failed("renew", "failed", error="UserNotFound", cause="no user u1")
    stage.put("renew", "stopped", status="ABORTED", error="UserNotFound", cause="no user u1")

    causes = open_causes(stage.target)

    told = {(cause.error, cause.stopped, cause.examples) for cause in causes}
    assert told == {
        ("UserNotFound", False, (arn_of("renew", "failed"),)),
        ("UserNotFound", True, (arn_of("renew", "stopped"),)),
    }
    assert len({cause.id for cause in causes}) == 2


@pytest.mark.parametrize("error", ["Maintenance", None])
def test_a_causes_error_finds_what_somebody_stopped(stage: Stage, error: str | None) -> None:
    stage.put("renew", "stopped", status="ABORTED", error=error)
    (cause,) = open_causes(stage.target)

    (found,) = failures(stage.target, Filter(error=cause.error))

    assert (found.name, cause.stopped) == ("stopped", True)


def test_the_table_says_what_somebody_stopped(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.put("renew", "stopped", status="ABORTED", error="Maintenance")
    stage.failed("renew", "failed", error="UserNotFound")
    monkeypatch.setattr(causes_command, "target_of", lambda _context: stage.target)
    monkeypatch.setattr(sys, "argv", ["scai-ops", "causes"])

    with pytest.raises(SystemExit):
        main()

    told = capsys.readouterr().out
    assert "Maintenance (stopped)" in told
    assert told.count("(stopped)") == 1


def test_an_execution_that_was_stopped_or_took_too_long_has_failed_too(stage: Stage) -> None:
    stage.put("renew", "stopped", status="ABORTED")
    stage.put("renew", "slow", status="TIMED_OUT", error="States.Timeout")

    assert {cause.error for cause in open_causes(stage.target)} == {"ABORTED", "States.Timeout"}
