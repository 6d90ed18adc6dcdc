"""A run is started once, followed over all of its executions, and its end said as it is."""

import json
from typing import Any

import pytest

from billing.contracts.reconcile import Cursor, Run, Tally
from billing.store.runs import RunEntry
from ops.drift import drift_report
from ops.errors import OpsError
from ops.journal import Journal, entries
from ops.people import find_person
from ops.reconciling import Started, follow, progress_of, start
from tests.support.aws import add_user
from tests.support.builders import NOW, a_record, a_subscription, an_invoice
from tests.support.stepfunctions import Stage


def started(stage: Stage, who: Any = None) -> Started:
    return start(stage.target, Journal(stage.target, "ticket 7"), who)


def put_down(stage: Stage, run_id: str, key: str = "all", **fields: Any) -> None:
    """Have a run stand so; ``run`` are the fields of the run itself."""
    customer_id = None if key == "all" else key
    run = Run.model_validate(
        {
            "outcome": "more",
            "id": run_id,
            "scope": "all" if key == "all" else "customer",
            "customer_id": customer_id,
            "started_at": NOW,
            "since": 0,
            "cursor": Cursor(phase="events"),
            **fields.pop("run", {}),
        }
    )
    before = stage.ports.runs.find(run.key)
    revision = before.revision if before else 0
    entry = RunEntry.model_validate({"run": run, "revision": revision, **fields})
    assert stage.ports.runs.save(entry)


def test_everything_is_asked_for_as_every_night_and_it_is_logged_who_asked(stage: Stage) -> None:
    run = started(stage)
    held = stage.stepfunctions.held[run.execution]
    assert json.loads(held["input"]) == {"scope": "all"}
    assert held["stateMachineArn"].endswith("-reconcile")
    (entry,) = entries(stage.target, 0, 10)
    assert (entry.action, entry.subject, entry.reason) == ("reconcile", "reconcile:all", "ticket 7")
    assert entry.result == f"started {run.execution}"


def test_a_user_is_asked_for_by_id_and_a_customer_by_theirs(stage: Stage) -> None:
    add_user(stripe_customer_id="cus_1")
    of_user = started(stage, find_person(stage.target, "user_1"))
    of_customer = started(stage, "cus_2")
    inputs = [
        json.loads(stage.stepfunctions.held[run.execution]["input"])
        for run in (of_user, of_customer)
    ]
    assert inputs == [
        {"scope": "user", "user_id": "user_1"},
        {"scope": "customer", "customer_id": "cus_2"},
    ]
    assert (of_user.key, of_customer.key) == ("reconcile:cus_1", "reconcile:cus_2")


def test_a_user_without_a_customer_has_nothing_to_compare(stage: Stage) -> None:
    add_user()
    with pytest.raises(OpsError, match="no customer at Stripe"):
        started(stage, find_person(stage.target, "user_1"))
    assert stage.stepfunctions.held == {}


def test_a_run_is_followed_to_its_end(stage: Stage) -> None:
    run = started(stage)
    tally = Tally(looked_at={"events": 9}, found={"differs": 2}, healed={"differs": 2})
    pauses: list[float] = []

    def meanwhile(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 1:
            put_down(stage, run.run_id, lease_execution=run.execution, run={"page": 3})
        else:
            done = {"outcome": "done", "page": 4, "tally": tally}
            put_down(stage, run.run_id, completed_at=NOW + 9, run=done)

    said = list(follow(stage.target, run, meanwhile))

    assert [(p.state, p.page) for p in said] == [("running", 0), ("running", 3), ("done", 4)]
    assert said[-1].healed == {"differs": 2}
    assert said[-1].report is not None
    assert said[-1].report.complete


def test_a_run_goes_on_in_its_next_execution(stage: Stage) -> None:
    run = started(stage)
    stage.stepfunctions.held[run.execution]["status"] = "SUCCEEDED"
    full = {"outcome": "full", "page": 500}
    put_down(stage, run.run_id, lease_execution=run.execution, run=full)
    assert progress_of(stage.target, run).execution == run.execution

    successor = stage.put("reconcile", f"{run.run_id}-500", status="RUNNING")
    progress = progress_of(stage.target, run)
    assert (progress.state, progress.execution) == ("running", successor)

    stage.stepfunctions.held[successor] |= {"status": "FAILED", "error": "StripeRejected"}
    progress = progress_of(stage.target, run)
    assert (progress.state, progress.error) == ("failed", "StripeRejected")


def test_a_run_whose_scope_another_has_is_left_to_that_one(stage: Stage) -> None:
    run = started(stage)
    other = stage.put("reconcile", "other", status="RUNNING")
    stage.ports.executions.running = {other}
    put_down(stage, "another-run", lease_execution=other)
    assert progress_of(stage.target, run).state == "running"

    stage.stepfunctions.held[run.execution]["status"] = "SUCCEEDED"
    progress = progress_of(stage.target, run)

    assert (progress.state, progress.execution) == ("left", other)
    assert progress.report is not None
    assert progress.report.running


def test_a_run_that_fails_before_it_begins_says_why(stage: Stage) -> None:
    run = started(stage, "cus_2")
    told = {"errorMessage": "Stripe has no such customer", "errorType": "StripeNotFound"}
    stage.stepfunctions.held[run.execution] |= {
        "status": "FAILED",
        "error": "StripeNotFound",
        "cause": json.dumps(told),
    }
    progress = progress_of(stage.target, run)
    assert (progress.state, progress.error) == (
        "failed",
        "StripeNotFound: Stripe has no such customer",
    )


def test_the_drift_report_says_what_was_found_and_what_is_left(stage: Stage) -> None:
    tally = Tally(
        looked_at={"records": 5},
        found={"differs": 3, "orphaned": 1, "unknown_customer": 2, "of_a_later_version": 1},
        healed={"differs": 3},
    )
    put_down(
        stage,
        "run-1",
        run={"outcome": "done", "tally": tally},
        completed_at=NOW + 60,
        covered_until=NOW,
        examples={"differs": ("cus_1",), "orphaned": ("sub_1",)},
        attention="drift",
    )
    put_down(stage, "run-2", "cus_1", completed_at=NOW + 60, attention="drift")
    broken = a_record(
        version=1,
        subscription=a_subscription(),
        other_live=(a_subscription(subscription_id="sub_2"),),
        attention_since=NOW,
    )
    assert stage.ports.records.save(broken, 0)
    draft = {"in_1": an_invoice(status="draft", error="tax")}
    unfinalized = a_record(user_id="user_2", version=1, invoices=draft, attention_since=NOW)
    assert stage.ports.records.save(unfinalized, 0)

    report = drift_report(stage.target)

    assert report.last is not None
    assert (report.last.complete, report.last.running) == (True, False)
    findings = {f.kind: (f.found, f.left, bool(f.do)) for f in report.last.findings}
    assert findings == {
        "differs": (3, 0, False),
        "orphaned": (1, 1, True),
        "unknown_customer": (2, 2, False),
        "of_a_later_version": (1, 1, False),
    }
    assert report.last.findings[0].examples == ("cus_1",)
    assert [run.run_id for run in report.open_runs] == ["run-2"]
    assert {(r.user_id, r.what) for r in report.records} == {
        ("user_1", "duplicate_subscription"),
        ("user_2", "invoice_not_finalized"),
    }


@pytest.mark.parametrize(("status", "running"), [("RUNNING", True), ("FAILED", False)])
def test_a_run_that_broke_off_is_no_running_one(stage: Stage, status: str, running: bool) -> None:
    execution = stage.put("reconcile", "one", status=status)
    put_down(stage, "run-1", lease_execution=execution)
    stage.ports.executions.running = {execution} if running else set()
    last = drift_report(stage.target).last
    assert last is not None
    assert (last.complete, last.running) == (False, running)


def test_before_the_first_run_there_is_no_report(stage: Stage) -> None:
    report = drift_report(stage.target)
    assert (report.last, report.covered_until, report.open_runs) == (None, None, ())
