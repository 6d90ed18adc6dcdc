"""A Stripe event too large for Step Functions, cut to what finds its object again.

Guards that no event is lost for its size: StartExecution takes 262,144 bytes of input, while an
event may have megabytes. What is left routes by the same rules and says whose it is; ``trimmed``
tells the machines not to take it for the object's state.
"""

from itertools import accumulate
from typing import Any

from pydantic_core import to_json

#: Bytes of an event that is passed on whole; leaves room for what the rules wrap around it.
LARGEST_EVENT = 200_000
LONGEST_STRING = 500
#: Elements kept of a list: as many as a subscription has items at most.
LONGEST_LIST = 20
#: Bytes kept of each part of an event, of which there are four.
ROOM = 40_000


def trimmed(event: dict[str, Any]) -> dict[str, Any]:
    """Keep the event's and its object's short scalars, metadata, and what changed."""
    whole, previous = event["data"]["object"], event["data"].get("previous_attributes")
    kept = _fitting(_scalars(whole))
    if isinstance(whole.get("metadata"), dict):
        kept["metadata"] = _fitting(_scalars(whole["metadata"]))
    data = {"object": kept, "trimmed": True}
    if isinstance(previous, dict):
        data["previous_attributes"] = _fitting(_shortened(previous))
    return {**_fitting(_scalars(event)), "data": data}


def _scalars(members: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in members.items()
        if value is None
        or isinstance(value, int | float)
        or (isinstance(value, str) and len(value) <= LONGEST_STRING)
    }


def _shortened(value: Any) -> Any:
    """Shorten strings and lists at every depth: the rules ask which members there are."""
    match value:
        case dict():
            return {name: _shortened(inner) for name, inner in value.items()}
        case list():
            return [_shortened(inner) for inner in value[:LONGEST_LIST]]
        case str():
            return value[:LONGEST_STRING]
    return value


def _fitting(members: dict[str, Any]) -> dict[str, Any]:
    """Keep as many members as there is room for, the shortest first: ids are short."""
    by_size = sorted((len(to_json({name: value})), name) for name, value in members.items())
    sizes = accumulate(size for size, _ in by_size)
    return {
        name: members[name] for (_, name), size in zip(by_size, sizes, strict=True) if size <= ROOM
    }
