"""All or nothing, and each reason for nothing has its own name."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from billing.contracts.stripe_events import StripeEvent
from billing.domain.errors import LeaseLost, RecordRejected, StoreUnavailable
from billing.domain.facts import Fact
from billing.store.commit import Committer, FactsExist, RecordOvertaken
from billing.store.dynamodb import client
from billing.store.ledger import Entry
from tests.support.aws import FakePorts, facts, ledger_item
from tests.support.builders import NOW, a_stamped_record
from tests.support.stripe import event_json, subscription_json

#: Another's reading of DynamoDB's documentation than that of our tables in memory.
pytestmark = pytest.mark.moto

RECORD = a_stamped_record(1, 2)
ENTRY = Entry(event_id="evt_1", execution="me", user_id="user_1", outcome="applied", at=NOW)


def a_fact(key: str = "SubscriptionActivated:user_1:1") -> Fact:
    return Fact(
        key=key,
        type=key.split(":", maxsplit=1)[0],
        user_id="user_1",
        customer_id="cus_1",
        version=1,
        cause="evt_1",
        occurred_at=NOW,
        before=None,
        after={"status": "active"},
    )


@pytest.fixture
def committer(ports: FakePorts) -> Committer:
    event = StripeEvent.model_validate(
        event_json("customer.subscription.created", subscription_json())
    )
    ports.ledger.open(event, "scai.stripe", "me", NOW)
    return Committer(client(), ports.records, ports.ledger)


def nothing_was_written(ports: FakePorts) -> bool:
    return (
        ports.records.load("user_1").version == 0
        and "done_at" not in ledger_item("evt_1")
        and facts() == []
    )


def test_record_entry_and_facts_are_written_together(
    ports: FakePorts, committer: Committer
) -> None:
    committer.commit(RECORD, 0, ENTRY, [a_fact()])

    assert ports.records.load("user_1") == RECORD
    assert ledger_item("evt_1")["outcome"] == "applied"
    assert [fact["key"] for fact in facts()] == [a_fact().key]


def test_an_overtaken_record_writes_nothing(ports: FakePorts, committer: Committer) -> None:
    with pytest.raises(RecordOvertaken):
        committer.commit(RECORD, 4, ENTRY, [a_fact()])

    assert nothing_was_written(ports)


def test_a_lost_lease_writes_nothing(ports: FakePorts, committer: Committer) -> None:
    with pytest.raises(LeaseLost):
        committer.commit(RECORD, 0, ENTRY.model_copy(update={"execution": "other"}), [a_fact()])

    assert nothing_was_written(ports)


def test_a_fact_told_before_is_named_and_nothing_is_written(
    ports: FakePorts, committer: Committer
) -> None:
    committer.commit(RECORD, 0, None, [a_fact("PaymentSucceeded:in_1")])
    again = RECORD.model_copy(update={"version": 2})

    with pytest.raises(FactsExist) as told:
        committer.commit(again, 1, ENTRY, [a_fact("PaymentSucceeded:in_1"), a_fact("Other:2")])

    assert told.value.keys == {"PaymentSucceeded:in_1"}
    assert ports.records.load("user_1").version == 1
    assert len(facts()) == 1


class Failing:
    """A DynamoDB client whose transaction fails, after its effect if asked to."""

    def __init__(self, error: Exception, *, after_effect: bool) -> None:
        self._error = error
        self._after_effect = after_effect

    def transact_write_items(self, **call: Any) -> None:
        if self._after_effect:
            client().transact_write_items(**call)
        raise self._error


@pytest.mark.parametrize("after_effect", [False, True])
def test_an_answer_that_is_lost_is_unavailable_whether_it_was_written_or_not(
    ports: FakePorts, committer: Committer, *, after_effect: bool
) -> None:
    lost = ReadTimeoutError(endpoint_url="http://127.0.0.1")
    failing: Any = Failing(lost, after_effect=after_effect)

    with pytest.raises(StoreUnavailable):
        Committer(failing, ports.records, ports.ledger).commit(RECORD, 0, ENTRY, [a_fact()])


@pytest.mark.parametrize(
    "response",
    [
        {"Error": {"Code": "ValidationException"}},
        {
            "Error": {"Code": "TransactionCanceledException"},
            "CancellationReasons": [{"Code": "ValidationError"}, {"Code": "None"}],
        },
    ],
    ids=["before it is tried", "as it is applied"],
)
def test_what_dynamodb_will_never_take_is_rejected(ports: FakePorts, response: Any) -> None:
    failing: Any = Failing(ClientError(response, "TransactWriteItems"), after_effect=False)

    with pytest.raises(RecordRejected):
        Committer(failing, ports.records, ports.ledger).commit(RECORD, 0, ENTRY, [])


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        (["TransactionConflict", "None", "None"], StoreUnavailable),
        (["None", "ThrottlingError", "None"], StoreUnavailable),
        (["None", "TransactionConflict", "None"], StoreUnavailable),
    ],
)
def test_conflicts_and_throttles_are_not_taken_for_conditions(
    ports: FakePorts, reasons: list[str], expected: type[Exception]
) -> None:
    response: Any = {
        "Error": {"Code": "TransactionCanceledException"},
        "CancellationReasons": [{"Code": reason} for reason in reasons],
    }
    failing: Any = Failing(ClientError(response, "TransactWriteItems"), after_effect=False)

    with pytest.raises(expected):
        Committer(failing, ports.records, ports.ledger).commit(RECORD, 0, ENTRY, [a_fact()])
