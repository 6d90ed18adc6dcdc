"""``subscribe`` as deployed: real HTTP, real Lambdas in processes, real failures."""

import itertools
import json
import time
from typing import Any

import pytest

from tests.support.deployed import Deployed, Facts, Json
from tests.support.waiting import eventually

FIRST_CONTACT = [
    "Claim Event",
    "Claimed?",
    "Resolve User",
    "Whose Customer?",
    "Link Customer",
    "Record Subscription",
    "What Happened?",
    "Subscription Recorded",
]
#: What may differ between two records that say the same.
INCIDENTAL = {
    *("version", "last_event_id", "updated_at"),
    *("stamp_lo", "stamp_hi", "customer_stamp"),
}
#: What a first subscription tells: it was paid for at once.
TOLD = ["AccessChanged", "PaymentSucceeded", "SubscriptionActivated"]


def settled(record: Json) -> Json:
    """The record without when it was that Stripe said so."""
    said = {name: value for name, value in record.items() if name not in INCIDENTAL}
    return said | {"invoices": [i | {"as_of": None} for i in record["invoices"].values()]}


def test_a_first_event_links_the_customer_and_turns_the_record_active(
    deployed: Deployed, facts: Facts
) -> None:
    user = deployed.add_user()
    customer, subscription = deployed.subscribed_customer()
    before = deployed.user(user)
    event = deployed.session_event(customer, subscription, user)

    assert deployed.post_webhook(event).json() == {"status": "success"}

    entry = deployed.ended(event)
    record = deployed.record(user)
    assert (record["status"], record["subscription_id"]) == ("active", subscription)
    assert record["price_id"] == deployed.stack.prices["standard_monthly"]
    assert deployed.user(user) == before | {"stripe_customer_id": customer}
    assert deployed.path_of(entry["lease_execution"]) == FIRST_CONTACT
    eventually(lambda: facts.types_of(user) == TOLD)
    for fact in facts.of(user):
        assert fact["detail"]["cause"] == event["id"]
        assert fact["source"] == "scai.billing"


def test_one_event_by_both_doors_five_times_is_applied_once(
    deployed: Deployed, facts: Facts
) -> None:
    user = deployed.add_user()
    customer, subscription = deployed.subscribed_customer()
    event = deployed.session_event(customer, subscription, user)

    for _ in range(2):
        deployed.put_partner(event)
    for _ in range(3):
        deployed.deliver(event)

    entry = deployed.ended(event, deliveries=5)
    assert deployed.record(user)["version"] == 1
    chained = {f"AccessChanged:{user}:1", f"SubscriptionActivated:{user}:1"}
    (paid,) = set(entry["facts"]) - chained
    assert paid.startswith("PaymentSucceeded:in_")
    eventually(lambda: len(facts.of(user)) == len(TOLD))
    for name in entry["executions"]:
        assert deployed.ended_execution("subscribe", name) == "SUCCEEDED"
    assert deployed.entry(event["id"]) == entry
    assert facts.types_of(user) == TOLD


def test_the_order_within_one_second_changes_nothing(deployed: Deployed) -> None:
    customer, subscription = deployed.subscribed_customer()
    user = deployed.add_user()
    second = int(time.time())
    records = []
    for order in itertools.permutations(["session", "subscription"]):
        forget(deployed, user, customer)
        events = {
            "session": deployed.session_event(customer, subscription, user, created=second),
            "subscription": deployed.subscription_event(subscription, user, created=second),
        }
        for name in order:
            deployed.deliver(events[name])
            deployed.ended(events[name])
        records.append(settled(deployed.record(user)))

    assert records[0] == records[1]
    assert records[0]["status"] == "active"


def forget(deployed: Deployed, user: str, customer: str) -> None:
    """Make the user as new as on the first day."""
    tables, delete = deployed.stack.tables, deployed.dynamodb.delete_item
    delete(TableName=tables.subscriptions, Key={"_id": {"S": user}})
    delete(TableName=tables.customers, Key={"customer_id": {"S": customer}})
    deployed.dynamodb.put_item(
        TableName=tables.users,
        Item={"email": {"S": f"{user}@example.test"}, "_id": {"S": user}},
    )


def test_an_event_over_the_buss_limit_is_captured_by_id_and_fetched(deployed: Deployed) -> None:
    user = deployed.add_user()
    customer, subscription = deployed.subscribed_customer()
    event = deployed.subscription_event(subscription, user)
    event["data"]["object"]["padding"] = ["x" * 1000] * 1200
    assert len(json.dumps(event)) > 1_048_576

    deployed.deliver(event)

    deployed.ended(event)
    assert deployed.record(user)["subscription_id"] == subscription
    assert deployed.user(user)["stripe_customer_id"] == customer


def test_an_unknown_event_type_is_taken_and_starts_nothing(deployed: Deployed) -> None:
    event = deployed.event("imaginary.thing.happened", {"id": "thing_1", "object": "thing"})

    deployed.deliver(event)

    deployed.pass_an_event()
    assert deployed.entry(event["id"]) == {}


def test_an_event_of_a_missing_user_fails_and_succeeds_once_the_user_exists(
    deployed: Deployed, facts: Facts
) -> None:
    customer, subscription = deployed.subscribed_customer()
    user = f"late-{subscription}"
    event = deployed.session_event(customer, subscription, user)
    deployed.deliver(event)
    failed = deployed.ended(event, "failed")
    assert (failed["error"], failed["attention"]) == ("UserNotFound", "failed")
    assert deployed.status_of(failed["lease_execution"]) == "FAILED"

    deployed.dynamodb.put_item(
        TableName=deployed.stack.tables.users,
        Item={"email": {"S": f"{user}@example.test"}, "_id": {"S": user}},
    )
    deployed.stepfunctions.redrive_execution(executionArn=failed["lease_execution"])

    entry = deployed.ended(event)
    assert "attention" not in entry
    assert deployed.record(user)["status"] == "active"
    eventually(lambda: facts.types_of(user) == TOLD)


def test_a_customer_that_is_not_ours_is_ignored_and_listed(deployed: Deployed) -> None:
    customer, subscription = deployed.subscribed_customer()
    event = deployed.subscription_event(subscription, None)
    deployed.deliver(event)

    entry = deployed.ended(event, "ignored")

    assert entry["customer_id"] == customer
    assert deployed.path_of(entry["lease_execution"])[-1] == "Unattributed Ignored"
    listed = deployed.dynamodb.query(
        TableName=deployed.stack.tables.events,
        IndexName="AttentionIndex",
        KeyConditionExpression="attention = :unattributed",
        ExpressionAttributeValues={":unattributed": {"S": "unattributed"}},
    )
    assert event["id"] in {item["event_id"]["S"] for item in listed["Items"]}


@pytest.fixture
def broken_step(deployed: Deployed) -> Any:
    """Publish a version of Record Subscription that can't reach Stripe; mend it when called."""
    functions = deployed.client("lambda")
    name = next(
        function["FunctionName"]
        for page in functions.get_paginator("list_functions").paginate()
        for function in page["Functions"]
        if "RecordSubscription" in function["FunctionName"]
    )
    working = functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]

    def publish(**changed: str) -> str:
        functions.update_function_configuration(
            FunctionName=name, Environment={"Variables": variables | changed}
        )
        version: str = functions.publish_version(FunctionName=name)["Version"]
        return version

    def point_at(version: str) -> None:
        functions.update_alias(FunctionName=name, Name="live", FunctionVersion=version)

    point_at(publish(LEDGER_TTL_DAYS="not a number"))
    yield lambda: point_at(working)
    publish()
    point_at(working)


def test_a_step_that_fails_is_redriven_from_that_step_with_the_mended_function(
    deployed: Deployed, facts: Facts, broken_step: Any
) -> None:
    user = deployed.add_user()
    customer, subscription = deployed.subscribed_customer()
    event = deployed.session_event(customer, subscription, user)
    deployed.deliver(event)
    failed = deployed.ended(event, "failed")
    execution = failed["lease_execution"]
    assert deployed.status_of(execution) == "FAILED"
    assert failed["error"] == "ConfigurationError"
    assert deployed.record(user) == {}

    broken_step()
    deployed.stepfunctions.redrive_execution(executionArn=execution)

    deployed.ended(event)
    eventually(lambda: deployed.status_of(execution) == "SUCCEEDED")
    assert deployed.path_of(execution) == FIRST_CONTACT
    assert deployed.record(user)["status"] == "active"
    eventually(lambda: facts.types_of(user) == TOLD)


def test_an_event_that_no_execution_can_take_is_in_the_dead_letter_queue(
    deployed: Deployed,
) -> None:
    """A partner event over Step Functions' 256 KiB: the machine can't start."""
    user = deployed.add_user()
    _customer, subscription = deployed.subscribed_customer()
    event = deployed.subscription_event(subscription, user)
    event["data"]["object"]["padding"] = ["x" * 1000] * 300

    deployed.put_partner(event)

    letters: list[Json] = []

    def arrived() -> bool:
        letters.extend(deployed.dead_letters("events"))
        return any(letter["detail"]["id"] == event["id"] for letter in letters)

    eventually(arrived, "the dead letter")
    letter = next(letter for letter in letters if letter["detail"]["id"] == event["id"])
    assert letter["source"] == deployed.stack.partner_event_source
    assert letter["attributes"]["RULE_ARN"].endswith("-subscribe")
