"""Facts on the bus: whatever a change of the record tells has a contract, and vice versa."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from billing.contracts.facts import fact_event, told
from billing.domain.facts import Fact
from tests.support.builders import NOW
from tests.support.facts import CHANGES, HEALED, facts_of
from tools.event_schemas import contracts


def on_the_bus(fact: Fact) -> dict[str, Any]:
    return told(fact).model_dump(mode="json")


@pytest.mark.parametrize("change", CHANGES)
def test_every_fact_of_a_change_survives_the_way_over_the_bus(change: str) -> None:
    facts = facts_of(change)

    assert facts
    for fact in facts:
        event = fact_event.validate_json(told(fact).model_dump_json())
        assert (event.id, event.type, event.version) == (fact.key, fact.type, 1)
        assert event.occurred_at == datetime.fromtimestamp(NOW, UTC)
        assert event == told(fact)


def test_every_contract_is_for_a_fact_that_is_told_and_named_after_it() -> None:
    told_types = {fact.type for change in CHANGES for fact in facts_of(change)}

    assert {model.__name__ for model in contracts()} == told_types | {HEALED.type}


def test_a_healed_record_says_in_what_it_differed() -> None:
    assert on_the_bus(HEALED)["after"] == {"kinds": ["differs"]}


def test_a_failed_payment_says_what_is_due() -> None:
    (failed,) = [fact for fact in facts_of("failed") if fact.type == "PaymentFailed"]

    sent = on_the_bus(failed)
    assert sent["id"] == "PaymentFailed:in_1:1"
    assert sent["after"]["amount_due"] == 2900
    assert sent["before"] is None


def test_a_member_that_a_later_version_adds_disturbs_no_consumer() -> None:
    sent = on_the_bus(HEALED) | {"added": "later"}

    assert fact_event.validate_python(sent) == told(HEALED)


def test_a_fact_of_another_schema_version_is_none_of_these() -> None:
    with pytest.raises(ValidationError):
        fact_event.validate_python(on_the_bus(HEALED) | {"schema_version": 2})


def test_a_fact_without_what_its_contract_promises_is_not_told() -> None:
    with pytest.raises(ValidationError):
        told(HEALED.model_copy(update={"after": None}))
