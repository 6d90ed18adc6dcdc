"""Which schemas of an OpenAPI document something refers to."""

from typing import Any

REF = "#/components/schemas/"


def reachable(node: Any, schemas: dict[str, Any]) -> set[str]:
    """The names of the schemas that are referred to, directly or not."""
    found: set[str] = set()
    waiting = _refs(node)
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= _refs(schemas[name]) - found
    return found


def _refs(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"].removeprefix(REF)} if "$ref" in node else set()
        return own.union(*map(_refs, node.values()))
    return set().union(*map(_refs, node)) if isinstance(node, list) else set()
