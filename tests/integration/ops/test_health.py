"""``scai-ops health`` as deployed: what is wrong is found, said with what to do, and exits 1."""

import json

from tests.support.customer import NewCustomer
from tests.support.deployed import Deployed, Json
from tests.support.scai_ops import ScaiOps


def checks(scai_ops: ScaiOps) -> tuple[Json, dict[str, Json]]:
    """The report and its checks by name; the exit code follows from it."""
    ended = scai_ops.run_apart("health", "--json")
    found = json.loads(ended.stdout)
    assert ended.returncode == (0 if found["healthy"] else 1)
    return found, {check["name"]: check for check in found["checks"]}


def test_every_door_and_queue_is_looked_at(new_customer: NewCustomer, scai_ops: ScaiOps) -> None:
    customer = new_customer()
    customer.subscribe()
    customer.settled()

    found, by_name = checks(scai_ops)

    assert found["healthy"] == all(check["verdict"] != "bad" for check in found["checks"])
    relay, partner = found["doors"]
    assert (relay["name"], partner["name"]) == ("relay", "partner")
    assert relay["age_seconds"] < 600
    assert relay["lag_seconds"] is not None
    queues = {f"dead letters: {queue}" for queue in ("events", "facts", "failures", "mails")}
    assert by_name.keys() >= queues | {"events", "stripe", "failures", "reconciliation", "alarms"}
    assert all(check["do"] for check in found["checks"] if check["verdict"] != "ok")


def test_a_dead_letter_makes_it_unhealthy(deployed: Deployed, scai_ops: ScaiOps) -> None:
    queue = deployed.stack.dead_letter_queues["mails"]
    deployed.sqs.send_message(QueueUrl=queue, MessageBody="{}")
    try:
        found, by_name = checks(scai_ops)
    finally:
        deployed.receive(queue)

    check = by_name["dead letters: mails"]
    assert (check["verdict"], check["do"]) == ("bad", "scai-ops dlq list --queue mails")
    assert not found["healthy"]


def test_a_failed_event_makes_it_unhealthy(deployed: Deployed, scai_ops: ScaiOps) -> None:
    entry = {"event_id": "evt_ops_health", "attention": "failed", "kind": "event"}
    key = {"event_id": {"S": entry["event_id"]}}
    table = deployed.stack.tables.events
    item = {name: {"S": value} for name, value in entry.items()} | {"received_at": {"N": "1"}}
    deployed.dynamodb.put_item(TableName=table, Item=item)
    try:
        found, by_name = checks(scai_ops)
    finally:
        deployed.dynamodb.delete_item(TableName=table, Key=key)

    assert by_name["failures"]["verdict"] == "bad"
    assert not found["healthy"]
