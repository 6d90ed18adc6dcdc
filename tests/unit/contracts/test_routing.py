"""Which events start a machine is said twice: in the template's rules, and to who lists events."""

import copy
from typing import Any

import pytest

from billing.contracts.routing import ROUTED_TYPES, is_routed
from billing.contracts.stripe_events import StripeEvent
from local.stripe_simulator.event_types import EVENT_TYPES
from tests.support.routing import enveloped, rules_for, sample, sample_names
from tests.support.stripe import event_json

LISTED = [type_ for group in ROUTED_TYPES for type_ in group]
MODES = ("payment", "subscription", "setup")
CHANGES: tuple[dict[str, Any], ...] = (
    {},
    {"name": "Before"},
    {"default_source": None},
    {"invoice_settings": {"default_payment_method": None}},
    {"invoice_settings": {"footer": None}},
    {"cancel_at": None},
)


def events(type_: str) -> list[dict[str, Any]]:
    """Events of a type, in every way that a rule looks at."""
    bare = event_json(type_, {"id": "obj_1"})
    found = []
    for mode in MODES:
        for change in CHANGES:
            event = copy.deepcopy(bare)
            event["data"]["object"]["mode"] = mode
            event["data"]["previous_attributes"] = change
            found.append(event)
    return found


@pytest.mark.parametrize("type_", LISTED)
def test_an_event_is_wanted_exactly_where_a_rule_wants_it(type_: str) -> None:
    for event in events(type_):
        assert is_routed(StripeEvent.model_validate(event)) == bool(rules_for(enveloped(event)))


def test_every_type_that_a_rule_wants_is_listed_and_no_other() -> None:
    wanted = {t for t in EVENT_TYPES if any(rules_for(enveloped(event)) for event in events(t))}

    assert set(LISTED) == wanted
    assert len(LISTED) == len(set(LISTED))


def test_stripe_takes_each_group_of_types_at_once() -> None:
    assert all(len(group) <= 20 for group in ROUTED_TYPES)


@pytest.mark.parametrize("name", sample_names("stripe"))
def test_a_sample_event_is_wanted_exactly_where_a_rule_wants_it(name: str) -> None:
    event = sample(f"stripe/{name}.json")
    listed = event["type"] in LISTED and is_routed(StripeEvent.model_validate(event))

    assert listed == bool(rules_for(enveloped(event)))
