"""Dead letters as deployed: made by targets that really fail, dealt with by the real command."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.customer import Customer, NewCustomer
from tests.support.denial import denied
from tests.support.deployed import Deployed, Json
from tests.support.scai_ops import SURE, ScaiOps
from tests.support.waiting import eventually

START = ("StartMachinesRole", "states:StartExecution")


def letters(scai_ops: ScaiOps, queue: str) -> list[Json]:
    """What a look at a queue shows."""
    (look,) = scai_ops.json("dlq", "list", "--queue", queue)
    shown: list[Json] = look["letters"]
    return shown


def letter_about(scai_ops: ScaiOps, queue: str, text: str) -> Json:
    """Wait for the message that holds a text."""

    def found() -> Json | None:
        return next((x for x in letters(scai_ops, queue) if text in x["body"]), None)

    return eventually(found, f"a dead letter about {text}")


def is_there(scai_ops: ScaiOps, letter: Json) -> bool:
    return letter["id"] in [x["id"] for x in letters(scai_ops, letter["queue"])]


def undelivered(deployed: Deployed, scai_ops: ScaiOps, subscriber: Customer) -> tuple[Json, Json]:
    """An event of a subscription that no machine could be started with, and its dead letter."""
    event = deployed.event("customer.subscription.updated", subscriber.subscription)
    with denied(deployed, *START):
        deployed.deliver(event)
        return event, letter_about(scai_ops, "events", event["id"])


def test_an_event_that_started_nothing_is_listed_and_stays_for_the_next_look(
    deployed: Deployed, scai_ops: ScaiOps, subscriber: Customer
) -> None:
    event, first = undelivered(deployed, scai_ops, subscriber)

    (again,) = [x for x in letters(scai_ops, "events") if x["event_id"] == event["id"]]

    assert again == first
    assert (first["what"], first["customer_id"]) == (event["type"], subscriber.id)
    assert (first["error"], first["target"]) == ("NO_PERMISSIONS", "scai-billing-upgrade")
    shown = scai_ops.run("dlq", "show", first["id"])
    assert "put the event on the bus again" in shown.stdout
    assert event["id"] in shown.stdout


def test_a_redriven_event_is_applied_leaves_its_queue_and_is_in_the_operators_log(
    deployed: Deployed, scai_ops: ScaiOps, subscriber: Customer
) -> None:
    event, letter = undelivered(deployed, scai_ops, subscriber)
    assert scai_ops.json("dlq", "redrive", letter["id"], "--dry-run") == [
        {"id": letter["id"], "queue": "events", "would": "put the event on the bus again"}
    ]
    assert deployed.entry(event["id"]) == {}

    (done,) = scai_ops.json("dlq", "redrive", letter["id"], *SURE)

    assert (done["done"], done["event_id"]) == (True, event["id"])
    deployed.ended(event, "applied")
    assert not is_there(scai_ops, letter)
    newest = scai_ops.json("audit", "--limit", "1")[0]
    assert (newest["action"], newest["subject"]) == ("redrive", f"events {letter['id']}")
    assert (newest["user_id"], newest["reason"]) == (subscriber.user_id, "a test")


def test_an_event_that_has_come_another_way_since_only_leaves_its_queue(
    deployed: Deployed, scai_ops: ScaiOps, subscriber: Customer
) -> None:
    event, letter = undelivered(deployed, scai_ops, subscriber)
    deployed.deliver(event)
    entry = deployed.ended(event)

    (plan,) = scai_ops.json("dlq", "redrive", letter["id"], "--dry-run")
    assert plan["would"].startswith("nothing: its event is done")
    (done,) = scai_ops.json("dlq", "redrive", letter["id"], *SURE)

    assert (done["done"], done["result"]) == (True, "its event has come another way since")
    deployed.pass_an_event()
    assert deployed.entry(event["id"]) == entry
    assert not is_there(scai_ops, letter)


def test_an_event_that_was_too_large_for_its_machine_is_trimmed_on_its_way_back(
    deployed: Deployed, scai_ops: ScaiOps, subscriber: Customer
) -> None:
    padded = subscriber.subscription | {"padding": ["x" * 1000] * 300}
    event = deployed.event("customer.subscription.updated", padded)
    deployed.put_partner(event)
    letter = letter_about(scai_ops, "events", event["id"])

    scai_ops.json("dlq", "redrive", letter["id"], *SURE)

    deployed.ended(event)
    assert subscriber.settled() == []


def test_what_can_not_be_brought_stays_and_the_command_says_so(
    deployed: Deployed, scai_ops: ScaiOps
) -> None:
    url = deployed.stack.dead_letter_queues["events"]
    sent = deployed.sqs.send_message(QueueUrl=url, MessageBody="a message of nobody's")["MessageId"]

    (tried,) = scai_ops.json("dlq", "redrive", sent, *SURE, exits=1)

    assert tried["done"] is False
    assert "nothing is known to help" in tried["result"]
    assert sent in [x["id"] for x in letters(scai_ops, "events")]
    (dropped,) = scai_ops.json("dlq", "drop", sent, *SURE)
    assert dropped["done"] is True
    assert sent not in [x["id"] for x in letters(scai_ops, "events")]


def test_nothing_is_changed_unless_somebody_says_yes_and_why(
    deployed: Deployed, scai_ops: ScaiOps
) -> None:
    url = deployed.stack.dead_letter_queues["events"]
    sent = deployed.sqs.send_message(QueueUrl=url, MessageBody="kept")["MessageId"]

    assert scai_ops.run("dlq", "drop", sent).returncode == 2
    assert scai_ops.run("dlq", "drop").returncode == 2

    assert sent in [x["id"] for x in letters(scai_ops, "events")]
    scai_ops.json("dlq", "drop", sent, *SURE)


def test_a_message_that_is_not_there_is_said_to_be_missing(scai_ops: ScaiOps) -> None:
    ended = scai_ops.run("dlq", "show", "no-such-message")

    assert ended.returncode == 1
    assert "no message no-such-message" in ended.stderr


@contextmanager
def impatient(deployed: Deployed, function: str) -> Iterator[None]:
    """Let a function's mapping give up at once."""
    lambdas = deployed.client("lambda")
    mappings = lambdas.list_event_source_mappings()["EventSourceMappings"]
    mapping = next(m for m in mappings if function in m["FunctionArn"])
    tries = mapping["MaximumRetryAttempts"]
    lambdas.update_event_source_mapping(UUID=mapping["UUID"], MaximumRetryAttempts=0)
    try:
        yield
    finally:
        lambdas.update_event_source_mapping(UUID=mapping["UUID"], MaximumRetryAttempts=tries)


def test_facts_that_the_stream_gave_up_are_published_once(
    deployed: Deployed, scai_ops: ScaiOps, new_customer: NewCustomer
) -> None:
    with (
        impatient(deployed, "PublishFacts"),
        denied(deployed, "HandlersPublishFactsFunctionRole", "events:PutEvents"),
    ):
        customer = new_customer()
        customer.subscribe()
        customer.entries()  # not before all of them have ended are all of its facts committed
        committed = deployed.committed_facts(customer.user_id)
        given_up = eventually(
            lambda: x if len(x := letters(scai_ops, "facts")) >= len(committed) else None
        )
    assert customer.facts() == []

    done = scai_ops.json("dlq", "redrive", "--queue", "facts", *SURE)

    assert [x["id"] for x in done] == [x["id"] for x in given_up]
    assert letters(scai_ops, "facts") == []
    for fact in customer.told_once():
        assert "attention" not in deployed.entry(f"fact:{fact['detail']['id']}")


def test_a_failure_that_was_not_noted_is_noted_after_all(
    deployed: Deployed, scai_ops: ScaiOps, subscriber: Customer
) -> None:
    event = deployed.event(
        "customer.subscription.updated", subscriber.subscription | {"items": None}
    )
    with denied(deployed, "HandlersRecordFailureFunctionRole", "dynamodb:*"):
        deployed.deliver(event)
        letter = letter_about(scai_ops, "failures", event["id"])
    assert "outcome" not in deployed.entry(event["id"])
    assert letter["event_id"] == event["id"]

    (done,) = scai_ops.json("dlq", "redrive", letter["id"], *SURE)

    assert done["result"] == "noted in the ledger"
    assert deployed.entry(event["id"])["attention"] == "failed"
    assert not is_there(scai_ops, letter)


def test_a_fact_that_the_mailer_can_not_read_goes_to_the_mailer_again(
    deployed: Deployed, scai_ops: ScaiOps
) -> None:
    user_id = deployed.add_user()
    deployed.client("events").put_events(
        Entries=[
            {
                "EventBusName": deployed.stack.event_bus,
                "Source": "scai.billing",
                "DetailType": "PaymentFailed",
                "Detail": json.dumps({"user_id": user_id}),
            }
        ]
    )
    first = letter_about(scai_ops, "mails", user_id)
    assert (first["what"], first["user_id"]) == ("PaymentFailed", user_id)

    scai_ops.json("dlq", "redrive", first["id"], *SURE)

    again = letter_about(scai_ops, "mails", user_id)
    assert again["id"] != first["id"]
    scai_ops.json("dlq", "drop", again["id"], *SURE)
