"""``scai-ops reconcile`` and ``drift`` as deployed: what no event told is found, healed, said."""

import json

import pytest

from tests.support.customer import Customer
from tests.support.scai_ops import SURE, ScaiOps
from tests.support.waiting import eventually


@pytest.fixture
def drifted(subscriber: Customer) -> Customer:
    """A subscriber whose subscription ends, which no event has told."""
    with subscriber.deployed.network({"drop": True}):
        subscriber.change(cancel_at_period_end=True)
    return subscriber


def test_one_user_is_healed_and_it_is_said_what_was_wrong(
    drifted: Customer, scai_ops: ScaiOps
) -> None:
    end = scai_ops.json("reconcile", "--user", drifted.user_id, *SURE)

    assert (end["state"], end["found"]["differs"]) == ("done", 1)
    assert end["healed"] == end["found"]
    differs = next(f for f in end["report"]["findings"] if f["kind"] == "differs")
    assert (differs["examples"], differs["left"]) == ([drifted.id], 0)
    assert drifted.record["cancel_at"] == drifted.subscription["cancel_at"]
    told = scai_ops.json("timeline", drifted.user_id)["chapters"]
    (healing,) = (c for c in told if c["kind"] == "reconciliation")
    assert {f["type"] for f in healing["facts"]} == {"CancellationScheduled", "DriftHealed"}
    (asked,) = (c for c in told if c["kind"] == "operator")
    assert (asked["operator"]["action"], asked["operator"]["reason"]) == ("reconcile", "a test")

    again = scai_ops.run("reconcile", "--customer", drifted.id, *SURE)
    assert (again.returncode, "nothing differed" in again.stdout) == (0, True)


def test_everything_is_compared_and_the_drift_report_says_so(
    drifted: Customer, scai_ops: ScaiOps
) -> None:
    ended = scai_ops.run("reconcile", "--all", *SURE, "--json")

    end = json.loads(ended.stdout)
    assert end["state"] == "done"
    ours = (f["left"] for f in end["report"]["findings"] if f["kind"] != "unknown_customer")
    assert ended.returncode == (1 if sum(ours) else 0)  # other tests leave events that failed
    assert set(end["looked_at"]) >= {"subscriptions", "records", "events"}
    last = scai_ops.json("drift")["last"]
    assert last == end["report"]
    assert (last["complete"], last["running"]) == (True, False)
    # The customer is on a test clock, which Stripe's lists leave out: their record led to them.
    named = {example for finding in last["findings"] for example in finding["examples"]}
    assert drifted.id in named
    assert scai_ops.run("drift").stdout.startswith("run")


def test_a_run_that_nobody_waits_for_is_only_started(drifted: Customer, scai_ops: ScaiOps) -> None:
    started = scai_ops.json("reconcile", "--user", drifted.user_id, "--no-wait", *SURE)

    assert started["key"] == f"reconcile:{drifted.id}"
    eventually(lambda: "cancel_at" in drifted.record, "the healing")


def test_nothing_is_started_without_a_yes_or_for_nobody(
    drifted: Customer, scai_ops: ScaiOps
) -> None:
    dry = scai_ops.run("reconcile", "--user", drifted.user_id, "--dry-run")
    assert (dry.returncode, "would compare" in dry.stderr) == (0, True)
    unsure = scai_ops.run("reconcile", "--user", drifted.user_id)
    assert (unsure.returncode, "--yes" in unsure.stderr) == (2, True)
    kinds = {c["kind"] for c in scai_ops.json("timeline", drifted.user_id)["chapters"]}
    assert kinds == {"event"}
    failed = scai_ops.run("reconcile", "--customer", "cus_ofnobody", *SURE)
    assert (failed.returncode, "StripeNotFound" in failed.stderr) == (1, True)
    stranger = drifted.deployed.add_user()
    nothing = scai_ops.run("reconcile", "--user", stranger, *SURE)
    assert (nothing.returncode, "no customer at Stripe" in nothing.stderr) == (1, True)
