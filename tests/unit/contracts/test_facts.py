"""Facts on the bus: whatever a change of the record tells has a contract, and vice versa."""

from datetime import UTC, datetime
from typing import get_args

import pytest

from billing.contracts.facts import FactEvent, fact_event, told
from billing.domain.facts import Fact, facts_between
from billing.domain.record import Record
from tests.support.builders import NOW, a_record, a_subscription

NOTHING = a_record()
ACTIVE = a_record(subscription=a_subscription())
ENDING = a_record(subscription=a_subscription(cancel_at=NOW + 1000))

CHANGES = [
    (NOTHING, ACTIVE),
    (ACTIVE, a_record(subscription=a_subscription(status="past_due"))),
    (ACTIVE, a_record(subscription=a_subscription(price_id="price_agency"))),
    (ACTIVE, ENDING),
    (ENDING, ACTIVE),
    (ACTIVE, a_record(subscription=a_subscription(status="canceled", ended_at=NOW))),
    (ACTIVE, a_record(subscription=a_subscription(subscription_id="sub_2"))),
    (
        ACTIVE,
        a_record(
            subscription=a_subscription(),
            other_live=(a_subscription(subscription_id="sub_2"),),
        ),
    ),
]


def facts_of(before: Record, after: Record) -> list[Fact]:
    return facts_between(before, after.model_copy(update={"version": 1}), "evt_1", NOW)


@pytest.mark.parametrize(("before", "after"), CHANGES)
def test_every_fact_of_a_change_survives_the_way_over_the_bus(
    before: Record, after: Record
) -> None:
    facts = facts_of(before, after)

    assert facts
    for fact in facts:
        event = fact_event.validate_json(told(fact).model_dump_json())
        assert (event.id, event.type, event.version) == (fact.key, fact.type, 1)
        assert event.occurred_at == datetime.fromtimestamp(NOW, UTC)


def test_every_contract_is_for_a_fact_that_is_told() -> None:
    (union, *_) = get_args(FactEvent)
    contracts = {
        name
        for model in get_args(union)
        for name in get_args(model.model_fields["type"].annotation)
    }

    assert contracts == {fact.type for change in CHANGES for fact in facts_of(*change)}
