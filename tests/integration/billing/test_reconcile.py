"""``reconcile`` as deployed: what Stripe has and no event told us, found and healed."""

import json
import time
import uuid
from typing import Any

import pytest

from billing.contracts.reconcile import Cursor, Run
from billing.store.runs import RunEntry, RunStore
from tests.support.deployed import Deployed, Facts, Json
from tests.support.waiting import eventually

LOOP = ["Claim Run", "What Next?"]
EVERYTHING = {"scope": "all"}
#: A run looks at pages no faster than it may ask Stripe, and at all that others' tests left.
PATIENCE = 600


@pytest.fixture
def runs(deployed: Deployed) -> RunStore:
    return RunStore(deployed.dynamodb, deployed.stack.tables.events, 400)


def reconciled(deployed: Deployed, runs: RunStore, asked: Json) -> RunEntry:
    """Run the machine to its end, and those of the events that it found lost; give its entry."""
    execution = deployed.stepfunctions.start_execution(
        stateMachineArn=deployed.stack.state_machines["reconcile"],
        name=f"test-{uuid.uuid4()}",
        input=json.dumps(asked),
    )["executionArn"]
    eventually(lambda: deployed.status_of(execution) != "RUNNING", timeout=PATIENCE)
    path = deployed.path_of(execution)
    assert (path[:2], path[-1]) == (LOOP, "Run Completed"), path
    entry = runs.find(f"reconcile:{asked.get('customer_id', 'all')}")
    assert entry is not None
    assert entry.completed_at is not None
    eventually(lambda: not at_work(deployed), "the end of what was lost", timeout=PATIENCE)
    return entry


def at_work(deployed: Deployed) -> list[str]:
    """The machines that run, but for the one that waits for a debt's deadline."""
    return [
        name
        for name, arn in deployed.stack.state_machines.items()
        if name != "payment_failure"
        and deployed.stepfunctions.list_executions(
            stateMachineArn=arn, statusFilter="RUNNING", maxResults=1
        )["executions"]
    ]


def known_customer(deployed: Deployed, **params: Any) -> tuple[str, str, str]:
    """A user whose subscription came by an event; give user, customer and subscription."""
    user = deployed.add_user()
    customer, subscription = deployed.subscribed_customer(**params)
    event = deployed.session_event(customer, subscription, user)
    deployed.deliver(event)
    deployed.ended(event)
    return user, customer, subscription


def test_a_change_that_no_event_told_is_found_healed_and_told(
    deployed: Deployed, facts: Facts, runs: RunStore
) -> None:
    user, customer, subscription = known_customer(deployed)
    with deployed.network({"drop": True}):
        deployed.stripe.v1.subscriptions.update(subscription, {"cancel_at_period_end": True})

    report = reconciled(deployed, runs, EVERYTHING)

    assert customer in report.examples["differs"]
    assert report.run.tally.healed["differs"] >= 1
    record = deployed.record(user)
    truth = deployed.stripe.v1.subscriptions.retrieve(subscription)
    assert record["cancel_at"] == truth.cancel_at is not None
    eventually(lambda: "DriftHealed" in facts.types_of(user))
    assert "CancellationScheduled" in facts.types_of(user)

    assert customer not in reconciled(deployed, runs, EVERYTHING).examples.get("differs", ())
    assert deployed.record(user)["version"] == record["version"]


def test_what_is_on_a_test_clock_is_in_no_list_and_not_taken_for_gone(
    deployed: Deployed, runs: RunStore
) -> None:
    clock = deployed.stripe.v1.test_helpers.test_clocks.create({"frozen_time": int(time.time())})
    user, customer, subscription = known_customer(deployed, test_clock=clock.id)
    record = deployed.record(user)
    listed = deployed.stripe.v1.subscriptions.list({"limit": 100, "status": "all"})
    assert subscription not in {found.id for found in listed.auto_paging_iter()}

    report = reconciled(deployed, runs, EVERYTHING)

    named = {found for examples in report.examples.values() for found in examples}
    assert not {customer, subscription} & named
    assert deployed.record(user) == record


def test_a_record_whose_subscription_stripe_does_not_have_is_reported(
    deployed: Deployed, runs: RunStore
) -> None:
    clock = deployed.stripe.v1.test_helpers.test_clocks.create({"frozen_time": int(time.time())})
    user, _customer, subscription = known_customer(deployed, test_clock=clock.id)
    with deployed.network({"drop": True}):
        deployed.stripe.v1.test_helpers.test_clocks.delete(clock.id)

    report = reconciled(deployed, runs, EVERYTHING)

    assert subscription in report.examples["orphaned"]
    assert report.attention == "drift"
    assert deployed.record(user)["status"] == "active"


def test_a_customer_whom_we_do_not_know_is_reported(deployed: Deployed, runs: RunStore) -> None:
    customer, _subscription = deployed.subscribed_customer()

    report = reconciled(deployed, runs, {"scope": "customer", "customer_id": customer})

    assert report.examples == {"unknown_customer": (customer,)}


def test_a_customer_of_before_our_time_is_linked_and_recorded(
    deployed: Deployed, runs: RunStore
) -> None:
    customer, subscription = deployed.subscribed_customer()
    user = deployed.add_user(customer)

    report = reconciled(deployed, runs, {"scope": "customer", "customer_id": customer})

    assert report.run.tally.healed["unlinked_customer"] == 1
    record = deployed.record(user)
    assert (record["subscription_id"], record["access_level"]) == (subscription, "full")


def test_one_customer_is_healed_on_demand(deployed: Deployed, runs: RunStore) -> None:
    user, customer, subscription = known_customer(deployed)
    with deployed.network({"drop": True}):
        deployed.stripe.v1.subscriptions.cancel(subscription)
    asked = {"scope": "customer", "customer_id": customer}

    report = reconciled(deployed, runs, asked)

    assert report.run.tally.healed["differs"] == 1
    assert deployed.record(user)["status"] == "canceled"
    assert reconciled(deployed, runs, asked).run.tally.found == {}


def test_an_event_that_never_came_runs_its_machine_after_all(
    deployed: Deployed, runs: RunStore
) -> None:
    """In a run that goes on from another execution, and to which every event is old enough."""
    user, customer, subscription = known_customer(deployed)
    with deployed.network({"drop": True}):
        deployed.stripe.v1.subscriptions.update(subscription, {"cancel_at_period_end": True})
    lost = deployed.stripe.v1.events.list({"type": "customer.subscription.updated", "limit": 1})
    event = json.loads(str(lost.data[0]))
    assert event["data"]["object"]["customer"] == customer
    assert deployed.entry(event["id"]) == {}
    handed_over = Run(
        outcome="full",
        id=str(uuid.uuid4()),
        scope="all",
        started_at=int(time.time()) + 3_600,
        since=event["created"],  # not all that others' tests had dropped
        page=500,
        cursor=Cursor(phase="events"),
    )
    last = runs.find("reconcile:all")
    revision = last.revision if last else 0
    assert runs.save(RunEntry(run=handed_over, lease_execution="ended", revision=revision))

    report = reconciled(
        deployed, runs, {"scope": "all", "run": handed_over.model_dump(mode="json")}
    )

    assert event["id"] in report.examples["lost_event"]
    # Whichever of the lost ones comes first brings the record up to date, for the others too.
    eventually(lambda: "done_at" in deployed.entry(event["id"]))
    entry = deployed.entry(event["id"])
    assert entry["source"] == "scai.stripe"
    assert entry["outcome"] in ("applied", "stale")
    truth = deployed.stripe.v1.subscriptions.retrieve(subscription)
    assert deployed.record(user)["cancel_at"] == truth.cancel_at is not None
