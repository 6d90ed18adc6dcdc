"""``scai-ops retry`` and ``retry-failed`` as deployed: what failed is done after all, and once."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.customer import Customer
from tests.support.deployed import Deployed
from tests.support.failures import Failed, malformed
from tests.support.scai_ops import SURE, ScaiOps
from tests.support.waiting import eventually


@pytest.fixture
def failed(deployed: Deployed) -> Failed:
    """One that has failed, for a reason that is gone."""
    one = Failed(deployed)
    one.has_failed()
    one.mend()
    return one


def redrives(deployed: Deployed, arn: str) -> int:
    count: int = deployed.stepfunctions.describe_execution(executionArn=arn)["redriveCount"]
    return count


def execution(scai_ops: ScaiOps, arn: str) -> Any:
    return scai_ops.json("show", arn)["execution"]


def test_what_failed_goes_on_once_its_reason_is_gone(failed: Failed, scai_ops: ScaiOps) -> None:
    arn = failed.has_failed()

    (retried,) = scai_ops.json("retry", arn, *SURE)

    assert (retried["how"], retried["new_arn"]) == ("redriven", None)
    entry = failed.went_well()
    assert entry["user_id"] == failed.user_id
    assert "attention" not in entry
    shown = eventually(
        lambda: d if (d := scai_ops.json("show", arn))["output"] else None, "the end"
    )
    again = [step["state"] for step in shown["steps"] if step["redrive"] == 1]
    assert again[0] == "Resolve User"
    assert shown["steps"][-1]["status"] == "succeeded"
    logged = next(e for e in scai_ops.json("audit") if e["subject"] == arn)
    assert (logged["action"], logged["reason"]) == ("retry", "a test")
    assert logged["result"] == "redriven"


def test_what_was_retried_well_is_left_alone(
    deployed: Deployed, failed: Failed, scai_ops: ScaiOps
) -> None:
    arn = failed.has_failed()
    scai_ops.json("retry", arn, *SURE)
    eventually(lambda: deployed.status_of(arn) == "SUCCEEDED", "the end")

    (again,) = scai_ops.json("retry", arn.rsplit(":", 1)[-1], *SURE)

    assert (again["how"], again["why"]) == ("nothing_to_do", "it is SUCCEEDED by now")
    assert redrives(deployed, arn) == 1


def test_two_operators_at_once_redrive_it_once(
    deployed: Deployed, failed: Failed, scai_ops: ScaiOps
) -> None:
    arn = failed.has_failed()

    with ThreadPoolExecutor() as pool:
        command = ("retry", arn, *SURE, "--json")
        ended = list(pool.map(lambda _: scai_ops.run_apart(*command), range(2)))

    told = [json.loads(each.stdout)[0]["how"] for each in ended]
    assert set(told) <= {"redriven", "nothing_to_do"}
    failed.went_well()
    assert redrives(deployed, arn) == 1


def test_who_wants_a_fresh_start_gets_one_and_the_old_failure_is_settled(
    deployed: Deployed, failed: Failed, scai_ops: ScaiOps
) -> None:
    arn = failed.has_failed()

    (retried,) = scai_ops.json("retry", arn, "--fresh", *SURE)

    assert (retried["how"], retried["why"]) == ("started_anew", "wanted so")
    entry = failed.went_well(deliveries=2)
    assert entry["lease_execution"] == retried["new_arn"]
    old = execution(scai_ops, arn)
    assert (old["status"], old["settled"]) == ("FAILED", True)
    (again,) = scai_ops.json("retry", arn, "--fresh", *SURE)
    assert again["how"] == "nothing_to_do"
    assert redrives(deployed, arn) == 0


def test_all_of_one_cause_are_retried_in_one_command_and_no_other(
    deployed: Deployed, subscriber: Customer, scai_ops: ScaiOps
) -> None:
    others = malformed(deployed, subscriber.id, currency=7)
    several = [Failed(deployed) for _ in range(3)]
    arns = [one.has_failed() for one in several]
    causes = scai_ops.json("causes", "--machine", "subscribe")
    cause = next(c for c in causes if set(c["examples"]) & set(arns))
    for one in several:
        one.mend()

    planned = scai_ops.json("retry-failed", "--cause", cause["id"], "--dry-run")
    assert {each["how"] for each in planned if each["arn"] in arns} == {"redriven"}
    assert [redrives(deployed, arn) for arn in arns] == [0, 0, 0]

    retried = scai_ops.json("retry-failed", "--cause", cause["id"], *SURE)

    assert set(arns) <= {each["arn"] for each in retried}
    assert others not in {each["arn"] for each in retried}
    for one in several:
        one.went_well()
    assert redrives(deployed, others) == 0
    batches = {e["batch"] for e in scai_ops.json("audit") if e["subject"] in arns}
    assert len(batches) == 1


def test_one_that_failed_while_it_waited_has_its_customer_reconciled(
    deployed: Deployed, debtor: Customer, scai_ops: ScaiOps
) -> None:
    """Its event is done: started anew it would only be ignored as a duplicate."""
    waiting = debtor.record["dunning_execution"]
    deployed.stepfunctions.stop_execution(executionArn=waiting)
    eventually(lambda: "failed_after" in event_of(debtor, waiting), "the hint")
    assert execution(scai_ops, waiting)["settled"] is False

    (retried,) = scai_ops.json("retry", waiting, "--fresh", *SURE)

    assert retried["how"] == "reconciled"
    reconciliation = retried["new_arn"].rsplit(":", 1)[-1]
    assert deployed.ended_execution("reconcile", reconciliation) == "SUCCEEDED"
    assert execution(scai_ops, waiting)["settled"] is True
    assert "attention" not in event_of(debtor, waiting)


def event_of(customer: Customer, arn: str) -> Any:
    return next(e for e in customer.entries() if e.get("lease_execution") == arn)


@pytest.mark.parametrize("missing", ["--yes", "--reason"])
def test_nothing_is_retried_by_a_script_that_is_not_sure_or_has_no_reason(
    deployed: Deployed, failed: Failed, scai_ops: ScaiOps, missing: str
) -> None:
    arn = failed.has_failed()
    given = ["--reason", "why"] if missing == "--yes" else ["--yes"]

    ended = scai_ops.run("retry", arn, *given)

    assert ended.returncode == 2
    assert "--yes and --reason" in ended.stderr
    assert redrives(deployed, arn) == 0


def test_a_name_that_nobody_has_changes_nothing_of_the_others(
    deployed: Deployed, failed: Failed, scai_ops: ScaiOps
) -> None:
    arn = failed.has_failed()

    ended = scai_ops.run("retry", arn, "nobody", *SURE)

    assert ended.returncode == 1
    assert "nobody" in ended.stderr
    assert redrives(deployed, arn) == 0
