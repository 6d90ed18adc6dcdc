"""One execution at a time works on an event; only done suppresses it."""

import pytest

from billing.contracts.steps import ClaimEventInput
from billing.domain.errors import LeaseLost
from billing.domain.lease import LEASE_SECONDS
from billing.store.ledger import Entry
from steps.claim_event import claim_event
from tests.support.aws import FakePorts, ledger_item
from tests.support.builders import NOW
from tests.support.stripe import event_json, subscription_json

EVENT = event_json("customer.subscription.created", subscription_json())
FIRST, SECOND, THIRD = (
    f"arn:aws:states:us-east-1:1:execution:m:{name}" for name in ("first", "second", "third")
)


def claimed(ports: FakePorts, execution: str) -> bool:
    request = ClaimEventInput.model_validate(
        {"event": EVENT, "source": "scai.stripe", "execution": execution}
    )
    return claim_event(request, ports).claimed


def finish(ports: FakePorts, execution: str) -> None:
    ports.ledger.close(
        Entry(event_id="evt_1", execution=execution, user_id="user_1", outcome="applied", at=NOW)
    )


def test_a_new_event_is_claimed_and_described(ports: FakePorts) -> None:
    assert claimed(ports, FIRST)

    item = ledger_item("evt_1")
    assert item["type"] == "customer.subscription.created"
    assert item["source"] == "scai.stripe"
    assert (item["object_id"], item["customer_id"]) == ("sub_1", "cus_1")
    assert (item["created"], item["received_at"], item["deliveries"]) == (NOW, NOW, 1)
    assert (item["lease_execution"], item["lease_until"]) == (FIRST, NOW + LEASE_SECONDS)


def test_while_its_holder_runs_an_event_is_a_duplicate_and_counted(ports: FakePorts) -> None:
    claimed(ports, FIRST)
    ports.executions.running.add(FIRST)

    assert not claimed(ports, SECOND)
    assert ledger_item("evt_1")["deliveries"] == 2
    assert ledger_item("evt_1")["lease_execution"] == FIRST


def test_a_delivery_is_counted_once_however_often_its_step_runs(ports: FakePorts) -> None:
    for _ in range(3):
        assert claimed(ports, FIRST)
    finish(ports, FIRST)
    for _ in range(3):
        assert not claimed(ports, SECOND)

    assert ledger_item("evt_1")["deliveries"] == 2


def test_a_holder_that_died_is_taken_over(ports: FakePorts) -> None:
    claimed(ports, FIRST)

    assert claimed(ports, SECOND)
    assert ledger_item("evt_1")["lease_execution"] == SECOND


def test_an_expired_lease_is_taken_over_even_from_a_running_holder(ports: FakePorts) -> None:
    claimed(ports, FIRST)
    ports.executions.running.add(FIRST)
    ports.clock.advance(LEASE_SECONDS)

    assert claimed(ports, SECOND)


def test_a_done_event_is_a_duplicate_for_ever(ports: FakePorts) -> None:
    claimed(ports, FIRST)
    finish(ports, FIRST)
    ports.clock.advance(LEASE_SECONDS * 100)

    assert not claimed(ports, FIRST)
    assert not claimed(ports, SECOND)


def test_an_unattributed_event_may_be_claimed_again(ports: FakePorts) -> None:
    claimed(ports, FIRST)
    ports.ledger.set_aside("evt_1", FIRST, "unattributed", "cus_1")

    assert claimed(ports, SECOND)


def test_a_claim_that_nobody_hears_any_more_brings_nothing_back(ports: FakePorts) -> None:
    """Its answer was lost, its successor has set the event aside, and only now it goes on."""
    claimed(ports, FIRST)
    ports.ledger.set_aside("evt_1", FIRST, "unattributed", "cus_1")

    with pytest.raises(LeaseLost):
        claimed(ports, FIRST)

    assert ledger_item("evt_1")["attention"] == "unattributed"


def test_of_two_that_take_over_at_once_one_wins(ports: FakePorts) -> None:
    claimed(ports, FIRST)
    standing = ports.ledger.open(
        ClaimEventInput.model_validate({"event": EVENT, "source": "s", "execution": THIRD}).event,
        "s",
        THIRD,
        NOW,
    )
    assert standing is not None
    assert claimed(ports, SECOND)

    with pytest.raises(Exception, match="claimed by another execution") as lost:
        ports.ledger.take("evt_1", THIRD, standing, NOW)
    assert type(lost.value).__name__ == "LeaseLost"
