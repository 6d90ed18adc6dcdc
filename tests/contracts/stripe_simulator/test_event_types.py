"""The event types that an endpoint may ask for are those of the official SDK."""

from typing import get_args, get_type_hints

from stripe import Event

from local.stripe_simulator.event_types import EVENT_TYPES


def test_the_types_are_those_that_the_sdk_lists() -> None:
    assert frozenset(get_args(get_type_hints(Event)["type"])) == EVENT_TYPES
