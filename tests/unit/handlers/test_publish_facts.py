"""The outbox: every committed fact is told, in the words of its contract, and noted as told."""

import json
from typing import Any

import pytest

from billing.contracts.facts import fact_event
from billing.contracts.steps import ClaimEventInput, LifecycleInput
from billing.domain.errors import BusUnavailable
from billing.outbox import ATTEMPTS
from billing.store.dynamodb import client
from handlers.publish_facts import handler, publish_facts
from steps.claim_event import claim_event
from subscribe.record_subscription import record_subscription
from tests.support.aws import FakePorts, a_lambda_context, ledger_item
from tests.support.builders import NOW
from tests.support.stripe import event_json, subscription_json

ACTIVATED = "SubscriptionActivated:user_1:1"
ACCESS = "AccessChanged:user_1:1"


@pytest.fixture
def batch(ports: FakePorts) -> dict[str, Any]:
    """The stream's batch after a first subscription was recorded: activation, then access."""
    subscription = subscription_json()
    ports.stripe.put(subscription)
    common = {
        "event": event_json("customer.subscription.created", subscription),
        "execution": "arn:aws:states:us-east-1:123456789012:execution:subscribe:1",
    }
    claim_event(ClaimEventInput.model_validate({**common, "source": "scai.stripe"}), ports)
    record_subscription(
        LifecycleInput.model_validate({**common, "user_id": "user_1", "customer_id": "cus_1"}),
        ports,
    )
    return {"Records": [inserted(ACTIVATED, "100"), inserted(ACCESS, "200")]}


def inserted(key: str, sequence_number: str) -> dict[str, Any]:
    answer = client().get_item(
        TableName="scai_billing_events", Key={"event_id": {"S": f"fact:{key}"}}
    )
    return {
        "eventName": "INSERT",
        "dynamodb": {"SequenceNumber": sequence_number, "NewImage": answer["Item"]},
    }


def failed(answer: dict[str, Any]) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def held_ids(ports: FakePorts) -> list[str]:
    return [json.loads(envelope.detail)["id"] for envelope in ports.bus.held]


def published(key: str) -> bool:
    item = ledger_item(f"fact:{key}")
    return "published_at" in item and "attention" not in item


def test_committed_facts_are_told_in_order(ports: FakePorts, batch: dict[str, Any]) -> None:
    answer = publish_facts(batch, ports)

    assert failed(answer) == []
    assert [(e.source, e.detail_type) for e in ports.bus.held] == [
        ("scai.billing", "SubscriptionActivated"),
        ("scai.billing", "AccessChanged"),
    ]


def test_a_fact_is_told_in_the_words_of_its_contract(
    ports: FakePorts, batch: dict[str, Any]
) -> None:
    publish_facts(batch, ports)

    detail = json.loads(ports.bus.held[1].detail)
    assert detail == {
        "schema_version": 1,
        "id": ACCESS,
        "type": "AccessChanged",
        "user_id": "user_1",
        "customer_id": "cus_1",
        "version": 1,
        "cause": "evt_1",
        "occurred_at": "2026-05-28T20:26:40Z",
        "before": {"level": "none", "until": None, "reason": "no_subscription"},
        "after": {"level": "full", "until": None, "reason": "active"},
    }
    assert int(fact_event.validate_python(detail).occurred_at.timestamp()) == NOW


def test_a_fact_that_is_told_needs_no_more_attention(
    ports: FakePorts, batch: dict[str, Any]
) -> None:
    assert not published(ACTIVATED)

    publish_facts(batch, ports)

    assert published(ACTIVATED)
    assert published(ACCESS)


def test_an_entry_refused_for_a_moment_is_put_again_and_the_others_are_not(
    ports: FakePorts, batch: dict[str, Any]
) -> None:
    ports.bus.refuse("SubscriptionActivated", times=ATTEMPTS - 1)

    assert failed(publish_facts(batch, ports)) == []
    assert held_ids(ports) == [ACCESS, ACTIVATED]


def test_the_stream_delivers_again_from_the_first_refused_fact_on(
    ports: FakePorts, batch: dict[str, Any]
) -> None:
    ports.bus.refuse("SubscriptionActivated")

    assert failed(publish_facts(batch, ports)) == ["100", "200"]
    assert not published(ACTIVATED)
    assert published(ACCESS)


def test_what_came_before_a_refused_fact_is_done(ports: FakePorts, batch: dict[str, Any]) -> None:
    ports.bus.refuse("AccessChanged")

    assert failed(publish_facts(batch, ports)) == ["200"]
    assert published(ACTIVATED)
    assert not published(ACCESS)


def test_an_unreachable_bus_fails_the_whole_batch(ports: FakePorts, batch: dict[str, Any]) -> None:
    ports.bus.reachable = False

    with pytest.raises(BusUnavailable):
        publish_facts(batch, ports)

    assert not published(ACTIVATED)


def test_a_fact_delivered_twice_keeps_its_id(ports: FakePorts, batch: dict[str, Any]) -> None:
    publish_facts(batch, ports)
    publish_facts(batch, ports)

    assert held_ids(ports) == [ACTIVATED, ACCESS, ACTIVATED, ACCESS]


def test_the_lambda_itself_answers(aws: None) -> None:
    assert handler({"Records": []}, a_lambda_context()) == {"batchItemFailures": []}
