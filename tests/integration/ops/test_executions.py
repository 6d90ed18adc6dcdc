"""``scai-ops executions``, ``show`` and ``causes`` as deployed."""

import json

import pytest

from tests.support.customer import Customer
from tests.support.deployed import Deployed, Json
from tests.support.failures import Failed, malformed
from tests.support.scai_ops import ScaiOps
from tests.support.waiting import eventually

HOSTILE = "\x1b[31m<b>[red]user"


@pytest.fixture(scope="module")
def failed(deployed: Deployed) -> Failed:
    """One that has failed, of a user whose id is hostile."""
    one = Failed(deployed, HOSTILE)
    one.has_failed()
    return one


def executions_at_rest(scai_ops: ScaiOps, user_id: str, running: int = 0) -> list[Json]:
    """A user's executions, once so many run: each ends some time after its event is done."""

    def listed() -> list[Json] | None:
        found: list[Json] = scai_ops.json("executions", "--user", user_id)
        return found if sum(x["status"] == "RUNNING" for x in found) == running else None

    return eventually(listed, "the end of the executions")


def test_what_failed_is_listed_with_its_event_and_why(failed: Failed, scai_ops: ScaiOps) -> None:
    listed = scai_ops.json("executions", "--failed", "--error", "UserNotFound")

    one = next(each for each in listed if each["arn"] == failed.has_failed())
    assert (one["machine"], one["status"], one["settled"]) == ("subscribe", "FAILED", False)
    assert one["event_type"] == "customer.subscription.created"
    assert (one["event_id"], one["customer_id"]) == (failed.event["id"], failed.customer_id)
    assert "does not exist" in one["cause"]


def test_the_list_is_the_newest_first_and_as_long_as_it_was_asked_for(
    failed: Failed, subscriber: Customer, scai_ops: ScaiOps
) -> None:
    listed = scai_ops.json("executions", "--limit", "3")

    moments = [each["stopped_at"] or each["started_at"] for each in listed]
    assert len(moments) == 3
    assert moments == sorted(moments, reverse=True)


def test_a_users_and_a_customers_executions_are_theirs(
    subscriber: Customer, scai_ops: ScaiOps
) -> None:
    of_user = executions_at_rest(scai_ops, subscriber.user_id)

    # An event that is delivered again starts another, which finds it done.
    assert {each["arn"] for each in of_user} >= {
        entry["lease_execution"] for entry in subscriber.entries() if "lease_execution" in entry
    }
    assert scai_ops.json("executions", "--customer", subscriber.id) == of_user
    renewals = scai_ops.json("executions", "--user", subscriber.user_id, "--machine", "renew")
    assert {each["machine"] for each in renewals} == {"renew"}


def test_an_execution_is_shown_with_the_path_that_it_took(
    failed: Failed, scai_ops: ScaiOps
) -> None:
    detail = scai_ops.json("show", failed.has_failed())

    path = [(step["state"], step["status"]) for step in detail["steps"]]
    assert path == [
        ("Claim Event", "succeeded"),
        ("Claimed?", "succeeded"),
        ("Resolve User", "failed"),
    ]
    last = detail["steps"][-1]
    assert last["error"] == "UserNotFound"
    assert last["tries"] == last["retries"] + 1 >= 4  # more where Lambda had no room
    assert last["input"]["event"]["id"] == failed.event["id"]
    assert detail["input"]["event"]["id"] == failed.event["id"]
    assert {"Claim Event", "Resolve User"} <= {node["id"] for node in detail["graph"]["nodes"]}
    assert (detail["redrivable"], detail["aws_console_url"]) == (True, None)
    assert detail["ledger"]["attention"] == "failed"


def test_one_that_ended_well_shows_what_went_in_and_out(
    subscriber: Customer, scai_ops: ScaiOps
) -> None:
    (newest, *_) = executions_at_rest(scai_ops, subscriber.user_id)

    detail = scai_ops.json("show", newest["name"])

    assert {step["status"] for step in detail["steps"]} == {"succeeded"}
    assert detail["output"]["event"]["id"] == newest["event_id"]
    assert detail["execution"]["user_id"] == subscriber.user_id


@pytest.mark.parametrize("command", ["executions", "causes", "show"])
def test_what_is_hostile_is_shown_as_text(failed: Failed, scai_ops: ScaiOps, command: str) -> None:
    arguments = [failed.has_failed(), "--full"] if command == "show" else ["--error=UserNotFound"]

    ended = scai_ops.run(command, *arguments)

    assert ended.returncode == 0, ended.stderr
    assert "\x1b" not in ended.stdout
    if command != "executions":
        assert "<b>[red]user" in "".join(ended.stdout.split("\n"))


def test_a_dunning_that_waits_runs_still(debtor: Customer, scai_ops: ScaiOps) -> None:
    waiting = debtor.record["dunning_execution"]
    executions_at_rest(scai_ops, debtor.user_id, running=1)

    def waits() -> Json | None:
        shown: Json = scai_ops.json("show", waiting)
        return shown if shown["steps"][-1]["type"] == "Wait" else None

    detail = eventually(waits, "the wait")

    assert detail["execution"]["status"] == "RUNNING"
    assert detail["execution"]["outcome"] == "applied"
    assert detail["steps"][-1]["status"] == "running"
    running = scai_ops.json("executions", "--status", "RUNNING", "--user", debtor.user_id)
    assert [each["arn"] for each in running] == [waiting]


def test_an_event_that_nobody_can_read_is_listed(deployed: Deployed, scai_ops: ScaiOps) -> None:
    event = deployed.event("invoice.paid", {}, data={})
    deployed.put_partner(event)
    arn = deployed.ended(event, "failed")["lease_execution"]

    detail = scai_ops.json("show", arn)

    assert detail["execution"]["event_id"] == event["id"]
    assert detail["ledger"]["unread"] is True


def test_failures_of_many_customers_are_one_cause(
    deployed: Deployed, subscriber: Customer, scai_ops: ScaiOps
) -> None:
    broken = [malformed(deployed, subscriber.id, status=7, trial_end="x") for _ in range(2)]

    causes = scai_ops.json("causes", "--error", "ContractViolation", "--machine", "subscribe")

    (cause,) = (each for each in causes if broken[0] in each["examples"])
    assert set(broken) <= set(cause["examples"])
    assert (cause["count"], cause["state"]) == (2, "Record Subscription")


def test_an_execution_that_there_is_not_ends_with_1_and_says_what_to_do(scai_ops: ScaiOps) -> None:
    ended = scai_ops.run("show", "nobody")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        "error: there is no execution nobody: `scai-ops executions` lists them\n"
    )


def test_what_the_list_prints_for_people_names_what_json_has(
    failed: Failed, scai_ops: ScaiOps
) -> None:
    printed = scai_ops.run("executions", "--failed", "--customer", failed.customer_id).stdout

    assert failed.has_failed().rsplit(":", 1)[-1] in printed
    assert json.dumps(HOSTILE) not in printed
