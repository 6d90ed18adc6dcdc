"""Dead letters leave their queue once what they ask for is done, and not before."""

import io
import json
from typing import Any

import boto3
import pytest

from billing.contracts.facts import SOURCE as FACTS
from billing.contracts.stripe_events import StripeEvent
from billing.contracts.trimmed import LARGEST_EVENT
from billing.store.ledger import Entry
from ops import queues, remedies
from ops.dead_letters import Handled
from ops.journal import Journal, entries
from ops.queues import find, look
from ops.redriving import drop, redrive
from ops.remedies import intentions
from ops.target import Target
from ops.unpublished import unpublished_facts
from tests.support.api import EnginePorts
from tests.support.aws import FakePorts, ledger_item
from tests.support.operators import commit_fact, target_on, with_queues
from tests.support.stepfunctions import refusal
from tests.support.stripe import event_json, subscription_json

Json = dict[str, Any]
FAST = 1000.0
EVENT = event_json("customer.subscription.updated", subscription_json())
EXECUTION = "arn:aws:states:us-east-1:1:execution:scai-billing-upgrade:1"
RECONCILE = "arn:aws:states:us-east-1:123456789012:stateMachine:scai-billing-reconcile"


class FakeLambda:
    """Lambda, whose function may fail."""

    def __init__(self) -> None:
        self.invoked: list[tuple[str, Json]] = []
        self.fails = False

    def invoke(self, **call: Any) -> Json:
        self.invoked.append((call["FunctionName"], json.loads(call["Payload"])))
        if not self.fails:
            return {"StatusCode": 200, "Payload": io.BytesIO(b"null")}
        said = io.BytesIO(b'{"errorMessage": "no answer", "errorType": "StoreUnavailable"}')
        return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": said}


@pytest.fixture(autouse=True)
def nothing_to_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "LONG_POLL_SECONDS", 0)


@pytest.fixture
def target(ports: FakePorts) -> Target:
    return with_queues(
        ports, RecordFailureFunctionArn="record-failure:live", ReconcileStateMachineArn=RECONCILE
    )


@pytest.fixture
def journal(target: Target) -> Journal:
    return Journal(target, "a test")


def put(target: Target, body: Json | str, queue: str = "events") -> str:
    """Leave a message in a queue; give its id."""
    text = body if isinstance(body, str) else json.dumps(body)
    url = target.dead_letter_queues[queue]
    sent: str = boto3.client("sqs").send_message(QueueUrl=url, MessageBody=text)["MessageId"]
    return sent


def stripe_letter(event: Json, source: str = "scai.stripe") -> Json:
    return {"source": source, "detail-type": event["type"], "detail": event}


def left(target: Target, queue: str = "events") -> list[str]:
    (found,) = look(target, [queue])
    return [letter.id for letter in found.letters]


def redriven(target: Target, journal: Journal, queue: str, *ids: str) -> list[Handled]:
    return list(redrive(target, journal, queue, ids, FAST))


def finished(ports: FakePorts, event: Json) -> None:
    """Have the ledger say that an event is done."""
    read = StripeEvent.model_validate(event)
    ports.ledger.open(read, "scai.stripe", EXECUTION, ports.now())
    entry = Entry(
        event_id=read.id,
        execution=EXECUTION,
        user_id="user_1",
        outcome="applied",
        at=ports.now(),
    )
    ports.ledger.close(entry)


@pytest.mark.parametrize("source", ["scai.stripe", "aws.partner/stripe.com/ed_1"])
def test_an_event_comes_by_the_front_door_again(
    ports: FakePorts, target: Target, journal: Journal, source: str
) -> None:
    sent = put(target, stripe_letter(EVENT, source))

    (done,) = redriven(target, journal, "events", sent)

    assert (done.done, done.event_id) == (True, "evt_1")
    (held,) = ports.bus.held
    assert (held.source, held.detail_type) == ("scai.stripe", EVENT["type"])
    assert json.loads(held.detail) == EVENT
    assert left(target) == []


def test_an_event_too_large_for_a_machine_is_trimmed(
    ports: FakePorts, target: Target, journal: Journal
) -> None:
    large = event_json(EVENT["type"], subscription_json(padding=["x" * 1000] * 250))
    sent = put(target, stripe_letter(large, "aws.partner/stripe.com/ed_1"))

    redriven(target, journal, "events", sent)

    (held,) = ports.bus.held
    assert len(held.detail) < LARGEST_EVENT
    assert json.loads(held.detail)["data"]["trimmed"] is True


def test_an_event_that_is_done_is_not_put_again(
    ports: FakePorts, target: Target, journal: Journal
) -> None:
    finished(ports, EVENT)
    sent = put(target, stripe_letter(EVENT))
    (found,) = look(target, ["events"])
    assert intentions(target, found.letters)[sent].startswith("nothing: its event is done")

    (done,) = redriven(target, journal, "events", sent)

    assert (done.done, done.result) == (True, "its event has come another way since")
    assert (ports.bus.held, left(target)) == ([], [])


def test_what_the_bus_refuses_stays_and_the_next_is_brought_all_the_same(
    ports: FakePorts, target: Target, journal: Journal
) -> None:
    refused, taken = (
        put(target, stripe_letter(EVENT)),
        put(target, stripe_letter(EVENT | {"id": "evt_2", "type": "customer.subscription.paused"})),
    )
    ports.bus.refuse("customer.subscription.updated")

    done = {h.id: h.done for h in redriven(target, journal, "events", refused, taken)}

    assert done == {refused: False, taken: True}
    assert left(target) == [refused]


def test_whoever_is_cut_off_before_deleting_brings_it_once_more(
    ports: FakePorts, target: Target, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = put(target, stripe_letter(EVENT))

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(queues.Hold, "delete", cut_off)
        with pytest.raises(KeyboardInterrupt):
            redriven(target, journal, "events", sent)

    assert redriven(target, journal, "events", sent)[0].done
    assert [json.loads(held.detail)["id"] for held in ports.bus.held] == ["evt_1", "evt_1"]
    assert left(target) == []


def test_only_what_was_chosen_is_touched(
    ports: FakePorts, target: Target, journal: Journal
) -> None:
    sent = [put(target, stripe_letter(EVENT | {"id": f"evt_{n}"})) for n in range(12)]

    redriven(target, journal, "events", sent[3])

    assert [json.loads(held.detail)["id"] for held in ports.bus.held] == ["evt_3"]
    assert sorted(left(target)) == sorted(set(sent) - {sent[3]})


def test_a_message_that_is_gone_meanwhile_is_said_to_be(target: Target, journal: Journal) -> None:
    (gone,) = redriven(target, journal, "events", "gone")

    assert (gone.done, gone.id) == (False, "gone")
    assert "somebody else has it in hand" in gone.result


def test_who_only_looks_at_the_queue_meanwhile_keeps_nothing_from_being_brought(
    target: Target, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = put(target, stripe_letter(EVENT))
    receive, looks = queues.Hold._receive, iter([1])
    monkeypatch.setattr(queues.Hold, "_receive", lambda h: [] if next(looks, None) else receive(h))

    (done,) = redriven(target, journal, "events", sent)

    assert (done.done, left(target)) == (True, [])


def test_a_failure_is_noted_by_the_deployed_function(
    target: Target, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = FakeLambda()
    monkeypatch.setitem(target._clients, "lambda", function)
    change = {
        "source": "aws.states",
        "detail-type": "Status Change",
        "detail": {"status": "FAILED"},
    }
    of_a_rule, of_lambda = put(target, change), put(target, {"requestPayload": change}, "failures")

    redriven(target, journal, "events", of_a_rule)
    redriven(target, journal, "failures", of_lambda)

    assert function.invoked == [("record-failure:live", change)] * 2
    assert (left(target), left(target, "failures")) == ([], [])


def test_a_failure_that_can_not_be_noted_stays(
    target: Target, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = FakeLambda()
    function.fails = True
    monkeypatch.setitem(target._clients, "lambda", function)
    sent = put(target, {"requestPayload": {"source": "aws.states", "detail-type": "x"}}, "failures")

    (tried,) = redriven(target, journal, "failures", sent)

    assert (tried.done, tried.result) == (False, "the function failed again: no answer")
    assert left(target, "failures") == [sent]


def test_a_comparison_that_was_not_started_is_started_once(
    target: Target, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = boto3.client("stepfunctions")
    states.create_state_machine(
        name="scai-billing-reconcile",
        definition=json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}),
        roleArn="arn:aws:iam::123456789012:role/role",
    )
    tick = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
    sent = put(target, tick)

    (done,) = redriven(target, journal, "events", sent)

    (execution,) = states.list_executions(stateMachineArn=RECONCILE)["executions"]
    assert done.result == f"started {execution['name']}"
    described = states.describe_execution(executionArn=execution["executionArn"])
    assert json.loads(described["input"]) == {"scope": "all"}


def test_a_fact_goes_to_the_mailer_as_it_came(target: Target, journal: Journal) -> None:
    fact = {"source": FACTS, "detail-type": "PaymentFailed", "detail": {"user_id": "user_1"}}
    sent = [put(target, fact, "events"), put(target, fact, "mails")]

    redriven(target, journal, "events", sent[0])
    redriven(target, journal, "mails", sent[1])

    waiting = boto3.client("sqs").receive_message(
        QueueUrl=target.outputs["MailsQueueUrl"], MaxNumberOfMessages=10
    )
    assert [json.loads(m["Body"]) for m in waiting["Messages"]] == [fact, fact]


def test_a_fact_for_a_mailer_that_is_not_deployed_stays_and_it_is_said_what_to_do(
    ports: FakePorts, target: Target
) -> None:
    events = target.outputs["EventsDeadLetterQueueUrl"]
    without = target_on(ports, EventsDeadLetterQueueUrl=events)
    sent = put(without, {"source": FACTS, "detail-type": "PaymentFailed", "detail": {}})
    (planned,) = intentions(without, find(without, [sent])).values()

    (tried,) = redriven(without, Journal(without, "a test"), "events", sent)

    assert (tried.done, tried.result) == (False, planned)
    assert "(MailFrom)" in planned
    assert left(without) == [sent]


def test_the_facts_that_the_stream_gave_up_are_published_once(
    ports: FakePorts, target: Target, journal: Journal
) -> None:
    for number in range(12):
        commit_fact(ports, number, at=ports.now())
    sent = [put(target, {"DDBStreamBatchInfo": {"batchSize": 6}}, "facts") for _ in range(2)]

    done = redriven(target, journal, "facts", *sent)

    assert sorted(h.result for h in done) == [
        "all facts are published by now",
        "published 12 facts",
    ]
    told = [json.loads(held.detail)["id"] for held in ports.bus.held]
    assert sorted(told) == sorted(f"AccessChanged:user_1:{number}" for number in range(12))
    assert "attention" not in ledger_item("fact:AccessChanged:user_1:0")
    assert left(target, "facts") == []


def test_an_index_that_lags_behind_has_no_fact_told_twice(
    ports: FakePorts, target: Target, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit_fact(ports, 1, at=ports.now())
    listed = list(unpublished_facts(target, ports.now()))
    monkeypatch.setattr(remedies, "unpublished_facts", lambda *_: listed)
    sent = [put(target, {"DDBStreamBatchInfo": {"batchSize": 1}}, "facts") for _ in range(2)]

    redriven(target, journal, "facts", *sent)

    assert len(ports.bus.held) == 1


def test_a_fact_that_is_refused_keeps_its_message(
    ports: FakePorts, target: Target, journal: Journal
) -> None:
    commit_fact(ports, 1, at=ports.now())
    ports.bus.refuse("AccessChanged")
    sent = put(target, {"DDBStreamBatchInfo": {"batchSize": 1}}, "facts")

    (tried,) = redriven(target, journal, "facts", sent)

    assert (tried.done, tried.result) == (False, "EventBridge refused 1 of 1 facts")
    assert ledger_item("fact:AccessChanged:user_1:1")["attention"] == "unpublished"
    assert left(target, "facts") == [sent]


def test_what_nothing_helps_stays_until_it_is_dropped(target: Target, journal: Journal) -> None:
    sent = put(target, "nobody's")
    assert not redriven(target, journal, "events", sent)[0].done
    assert left(target) == [sent]

    (dropped,) = drop(target, journal, "events", [sent])

    assert (dropped.done, left(target)) == (True, [])


def test_what_was_dropped_for_good_is_named_in_the_operators_log(
    target: Target, journal: Journal
) -> None:
    drop_all(target, journal, put(target, stripe_letter(EVENT)))

    (entry,) = entries(target, 0, 10)
    assert entry.result == "dropped: customer.subscription.updated evt_1"


def drop_all(target: Target, journal: Journal, *ids: str) -> list[Handled]:
    return list(drop(target, journal, "events", ids))


def test_what_is_done_is_said_to_be_done_though_its_result_could_not_be_noted(
    target: Target, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = put(target, stripe_letter(EVENT))

    def throttled(**_: object) -> None:
        raise refusal("ThrottlingException")

    monkeypatch.setattr(target.ports.dynamodb, "update_item", throttled)
    (done,) = drop_all(target, journal, sent)

    assert (done.done, left(target)) == (True, [])


def test_each_message_has_its_entry_in_the_operators_log(
    ports: FakePorts, target: Target, journal: Journal
) -> None:
    ports.customers.assign("cus_1", "user_1")
    sent = put(target, stripe_letter(EVENT))
    unhelped = put(target, "nobody's")

    redriven(target, journal, "events", sent, unhelped)

    noted = {entry.subject: entry for entry in entries(target, 0, 10)}
    assert noted[f"events {sent}"].user_id == "user_1"
    assert noted[f"events {sent}"].result == (
        "put on the bus again: customer.subscription.updated evt_1"
    )
    result = noted[f"events {unhelped}"].result
    assert result is not None
    assert result.startswith("failed: OpsError: nothing is known to help")


class TestAnEventThatIsCutOff:
    """The message doesn't hold it whole: it is fetched from Stripe."""

    @pytest.fixture
    def ports(self, aws: None) -> EnginePorts:
        return EnginePorts()

    def test_it_is_put_as_stripe_has_it(
        self, ports: EnginePorts, target: Target, journal: Journal
    ) -> None:
        ports.at_stripe("POST", "/v1/customers", {"name": "Somebody"})
        newest = ports.at_stripe("GET", "/v1/events", {"limit": 1})["data"][0]
        sent = put(target, json.dumps(stripe_letter(newest))[:-40])

        (done,) = redriven(target, journal, "events", sent)

        assert done.done, done.result
        assert json.loads(ports.bus.held[0].detail)["id"] == newest["id"]

    @pytest.mark.parametrize("body", ['["{}"]', '{{"detail": ["{}"]}}', '"{}"'])
    def test_one_that_is_no_event_at_all_is_too(
        self, ports: EnginePorts, target: Target, journal: Journal, body: str
    ) -> None:
        ports.at_stripe("POST", "/v1/customers", {"name": "Somebody"})
        newest = ports.at_stripe("GET", "/v1/events", {"limit": 1})["data"][0]
        sent = put(target, body.format(newest["id"]))

        (done,) = redriven(target, journal, "events", sent)

        assert done.done, done.result
        assert json.loads(ports.bus.held[0].detail)["id"] == newest["id"]

    def test_it_stays_where_stripe_does_not_know_it(
        self, ports: EnginePorts, target: Target, journal: Journal
    ) -> None:
        sent = put(target, '{"detail": {"id": "evt_unknown"')

        (tried,) = redriven(target, journal, "events", sent)

        assert not tried.done
        assert "Stripe has no such" in tried.result
        assert left(target) == [sent]
