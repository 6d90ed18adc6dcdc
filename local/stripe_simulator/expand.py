"""`expand[]`: replacing ids by objects, and adding what is absent unless asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.stripe_simulator.errors import invalid
from local.stripe_simulator.store import Json
from local.stripe_simulator.world import World

MAX_DEPTH = 4
Includable = Mapping[tuple[str, str], Callable[[World, Json], Any]]


class Expander:
    """Expands answers; `includable` says what isn't there unless expanded, by type and field.

    The field may be one of a hash inside the object: `("checkout.session",
    "total_details.breakdown")`.
    """

    def __init__(self, includable: Includable) -> None:
        self._includable = includable

    def expand(self, world: World, answer: Json, paths: list[str]) -> Json:
        for path in paths:
            fields = path.split(".")
            if len(fields) > MAX_DEPTH:
                message = f"You cannot expand more than {MAX_DEPTH} levels of a property."
                raise invalid(f"{message} Property: {path}", "expand")
            answer = self._descend(world, answer, fields, path)
        return answer

    def _descend(self, world: World, node: Any, fields: list[str], path: str) -> Any:
        """A copy of `node` in which what `fields` name is expanded; the original stays as it is."""
        if isinstance(node, list):
            return [self._descend(world, _expanded(world, it, path), fields, path) for it in node]
        if node is None or not fields:
            return node
        if not isinstance(node, dict):
            raise _not_expandable(path)
        field, rest = fields[0], fields[1:]
        value = self._value(world, node, field, path)
        include = rest and self._includable.get((node.get("object", ""), f"{field}.{rest[0]}"))
        if include and isinstance(value, dict):
            value = {**value, rest[0]: include(world, node)}
        return {**node, field: self._descend(world, value, rest, path)}

    def _value(self, world: World, node: Json, field: str, path: str) -> Any:
        include = self._includable.get((node.get("object", ""), field))
        if include is not None and field not in node:
            return include(world, node)
        if field not in node or field == "id":
            raise _not_expandable(path)
        return _expanded(world, node[field], path)


def _expanded(world: World, value: Any, path: str) -> Any:
    """The object that an id stands for; anything else stays as it is."""
    if not isinstance(value, str):
        return value
    found = world.store.find(value)
    if found is None:
        raise _not_expandable(path)
    return found


def _not_expandable(path: str) -> Exception:
    message = f"This property cannot be expanded ({path}). You may want to try expanding another."
    return invalid(message, "expand")
