"""Replaying as deployed: from Stripe's Events API and from EventBridge's archives, each once."""

import time
from datetime import UTC, datetime

from tests.support.customer import Customer, NewCustomer
from tests.support.denial import denied
from tests.support.deployed import Deployed, Json
from tests.support.scai_ops import SURE, ScaiOps
from tests.support.waiting import eventually


def lost(deployed: Deployed, new_customer: NewCustomer) -> tuple[Customer, list[Json]]:
    """A subscriber whose events never came, and the events that a rule wants."""
    customer = new_customer()
    customer.settled()
    before = deployed.newest_event()
    with deployed.network({"drop": True}):
        customer.subscribe()
    return customer, deployed.events_since(before)


def test_what_never_came_is_replayed_by_customer_and_a_second_replay_does_nothing(
    deployed: Deployed, scai_ops: ScaiOps, new_customer: NewCustomer
) -> None:
    customer, events = lost(deployed, new_customer)
    wanted = ("replay", "--customer", customer.id, "--since", "1h")
    planned = scai_ops.json(*wanted, "--dry-run")
    new = [each["event_id"] for each in planned if each["standing"] == "new"]
    assert sorted(new) == sorted(event["id"] for event in events)
    assert deployed.entry(new[0]) == {}

    done = scai_ops.json(*wanted, *SURE)

    assert [each["event_id"] for each in done if each["put"]] == new
    assert "SubscriptionActivated" in customer.settled()
    again = scai_ops.json(*wanted, *SURE)
    assert {each["event_id"] for each in again if each["standing"] == "done"} > set(new)
    assert not any(each["put"] for each in again)
    assert customer.settled() == []


def test_events_are_replayed_by_type(
    deployed: Deployed, scai_ops: ScaiOps, new_customer: NewCustomer
) -> None:
    customer, events = lost(deployed, new_customer)

    done = scai_ops.json(
        "replay", "--type", "customer.subscription.*", "--customer", customer.id, *SURE
    )

    assert {each["type"] for each in done} == {"customer.subscription.created"}
    deployed.ended(next(e for e in events if e["type"] == "customer.subscription.created"))
    unsent = next(e for e in events if e["type"] == "invoice.paid")
    assert deployed.entry(unsent["id"]) == {}
    scai_ops.json("replay", unsent["id"], *SURE)
    customer.settled()


def test_one_that_is_done_is_suppressed_even_where_somebody_insists(
    deployed: Deployed, scai_ops: ScaiOps, new_customer: NewCustomer
) -> None:
    customer = new_customer()
    customer.subscribe()
    customer.settled()
    record = customer.record
    event = next(e for e in deployed.events_since(customer.began_after) if "subscr" in e["type"])

    (left,) = scai_ops.json("replay", event["id"], *SURE)
    assert (left["standing"], left["put"]) == ("done", False)
    (put,) = scai_ops.json("replay", event["id"], "--all", *SURE)

    assert put["put"] is True
    deployed.ended(event, deliveries=2)
    assert (customer.settled(), customer.record) == ([], record)
    noted = scai_ops.json("audit", "--limit", "1")[0]
    assert (noted["action"], noted["subject"]) == ("replay", event["id"])
    assert noted["user_id"] == customer.user_id


def test_what_no_rule_wants_and_what_stripe_does_not_know_is_said(
    deployed: Deployed, scai_ops: ScaiOps, new_customer: NewCustomer
) -> None:
    new_customer()
    created = deployed.ask("get", "/v1/events", limit=1, type="customer.created")["data"][0]

    unwanted, unknown = scai_ops.json("replay", created["id"], "evt_nobody_knows", *SURE, exits=1)

    assert (unwanted["standing"], unwanted["put"]) == ("not_routed", False)
    assert (unknown["standing"], unknown["put"]) == ("unknown", False)
    assert "Stripe has no such event" in unknown["error"]
    refused = scai_ops.run("replay", "--type", "customer.created", *SURE)
    assert (refused.returncode, "no rule wants" in refused.stderr) == (1, True)


def test_a_replay_must_say_of_what(scai_ops: ScaiOps) -> None:
    assert scai_ops.run("replay").returncode == 2
    assert scai_ops.run("replay", "--archive").returncode == 2
    assert scai_ops.run("replay", "evt_1", "--since", "1h").returncode == 2


def let_the_second_pass() -> None:
    """A window ends before the second that is now."""
    began = int(time.time())
    eventually(lambda: int(time.time()) > began, "the next second")


def test_a_window_of_our_buss_archive_starts_what_was_not_started(
    deployed: Deployed, scai_ops: ScaiOps, new_customer: NewCustomer
) -> None:
    customer = new_customer()
    since = datetime.now(UTC).replace(microsecond=0)
    with denied(deployed, "StartMachinesRole", "states:StartExecution"):
        customer.subscribe()
        events = deployed.events_since(customer.began_after)
        deployed.delivered(events)
    assert any(deployed.entry(event["id"]) == {} for event in events)
    let_the_second_pass()

    replay = scai_ops.json("replay", "--archive", "--since", since.isoformat(), *SURE)

    assert replay["state"] == "COMPLETED"
    assert since <= datetime.fromisoformat(replay["reached"])
    told = customer.settled()
    assert sorted(set(told)) == told
    assert "SubscriptionActivated" in told


def test_a_window_of_the_partner_buss_archive_brings_what_was_not_forwarded(
    deployed: Deployed, scai_ops: ScaiOps, new_customer: NewCustomer
) -> None:
    customer = new_customer()
    customer.subscribe()
    customer.settled()
    event = deployed.event("customer.subscription.updated", customer.subscription)
    since = datetime.now(UTC).replace(microsecond=0)
    with denied(deployed, "ForwardPartnerEventsRole", "events:PutEvents"):
        deployed.put_partner(event)
        eventually(lambda: event["id"] in scai_ops.run("dlq", "list", "--json").stdout)
    assert deployed.entry(event["id"]) == {}
    kept = archived(deployed, "BillingArchive")
    let_the_second_pass()

    scai_ops.json("replay", "--partner-archive", "--since", since.isoformat(), *SURE)

    deployed.ended(event)
    assert archived(deployed, "BillingArchive") == kept  # what is replayed isn't archived again


def archived(deployed: Deployed, logical_id: str) -> int:
    """How many events an archive holds."""
    found = deployed.client("cloudformation").describe_stack_resource(
        StackName=deployed.stack.stack_name, LogicalResourceId=logical_id
    )
    name = found["StackResourceDetail"]["PhysicalResourceId"]
    count: int = deployed.client("events").describe_archive(ArchiveName=name)["EventCount"]
    return count
