"""A request's expressions, compiled together once, and the values that come with them.

Guards that a request gives exactly the placeholders that its expressions use.
"""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from tests.simulation.dynamodb.conditions import (
    Condition,
    KeyCondition,
    Projection,
    condition,
    filter_condition,
    key_condition,
    projection,
)
from tests.simulation.dynamodb.errors import Invalid
from tests.simulation.dynamodb.parser import Names
from tests.simulation.dynamodb.updates import Update, update
from tests.simulation.dynamodb.values import Item, admitted_all

_TEXTS = (
    "ConditionExpression",
    "FilterExpression",
    "KeyConditionExpression",
    "ProjectionExpression",
    "UpdateExpression",
)
_PLACEHOLDERS = ("ExpressionAttributeNames", "ExpressionAttributeValues")
_NONE: Mapping[str, Any] = {}

Part = TypeVar("Part")


@dataclass(frozen=True)
class Expressions:
    """All expressions of a request; ``values`` are the placeholders that must come with it."""

    condition: Condition | None
    filter: Condition | None
    keys: KeyCondition | None
    projection: Projection | None
    update: Update | None
    values: frozenset[str]


def expressions_of(call: Mapping[str, Any]) -> tuple[Expressions, Item]:
    """Read a request's expressions and their values."""
    for field in _PLACEHOLDERS:
        if field in call and not call[field]:
            raise Invalid(f"{field} must not be empty")
    names = call.get("ExpressionAttributeNames", _NONE)
    expressions = _compiled(tuple(map(call.get, _TEXTS)), tuple(names), tuple(names.values()))
    values = admitted_all(call.get("ExpressionAttributeValues", _NONE))
    if values.keys() != expressions.values:
        raise _unmatched("value", expressions.values, values)
    return expressions, values


@cache
def _compiled(
    texts: tuple[str | None, ...], placeholders: tuple[str, ...], attributes: tuple[str, ...]
) -> Expressions:
    names = dict(zip(placeholders, attributes, strict=True))
    condition_text, filter_text, key_text, projection_text, update_text = texts
    parts = (
        _read(condition, condition_text, names),
        _read(filter_condition, filter_text, names),
        _read(key_condition, key_text, names),
        _read(projection, projection_text, names),
        _read(update, update_text, names),
    )
    used = {name for part in parts if part is not None for name in part.names}
    if names.keys() != used:
        raise _unmatched("name", used, names)
    values = frozenset(value for part in parts if part is not None for value in part.values)
    return Expressions(*parts, values)


def _read(read: Callable[[str, Names], Part], text: str | None, names: Names) -> Part | None:
    return None if text is None else read(text, names)


def _unmatched(kind: str, used: Set[str], given: Mapping[str, Any]) -> Invalid:
    if missing := used - given.keys():
        return Invalid(
            f"An expression attribute {kind} used in expression is not defined;"
            f" attribute {kind}: {min(missing)}"
        )
    return Invalid(f"Value provided unused in expressions: keys: {sorted(given.keys() - used)}")
