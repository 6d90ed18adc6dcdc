"""A state machine's definition as a graph to be drawn. Pure.

States inside a Parallel or a Map are not drawn: none of our machines has one.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from billing.domain.record import Value

_WORDS = {"Equals": "=", "LessThan": "<", "GreaterThan": ">"}
_TYPES = ("String", "Numeric", "Boolean", "Timestamp")


class Node(Value):
    """A state; ``end`` says that an execution may end in it."""

    id: str
    type: str
    comment: str | None = None
    start: bool = False
    end: bool = False


class Edge(Value):
    """A way from one state to another; ``label`` says when it is taken, None where always."""

    source: str
    target: str
    kind: Literal["next", "choice", "default", "catch"] = "next"
    label: str | None = None


class Graph(Value):
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def graph_of(definition: Mapping[str, Any]) -> Graph:
    """Read a definition (Amazon States Language, parsed)."""
    states: Mapping[str, Mapping[str, Any]] = definition["States"]
    return Graph(
        nodes=tuple(_node(name, state, definition["StartAt"]) for name, state in states.items()),
        edges=tuple(edge for name, state in states.items() for edge in _edges(name, state)),
    )


def _node(name: str, state: Mapping[str, Any], start: str) -> Node:
    return Node(
        id=name,
        type=state["Type"],
        comment=state.get("Comment"),
        start=name == start,
        end=state["Type"] in ("Succeed", "Fail") or bool(state.get("End")),
    )


def _edges(name: str, state: Mapping[str, Any]) -> Iterator[Edge]:
    if "Next" in state:
        yield Edge(source=name, target=state["Next"])
    for rule in state.get("Choices", ()):
        label = rule.get("Comment") or _condition(rule)
        yield Edge(source=name, target=rule["Next"], kind="choice", label=label)
    if "Default" in state:
        yield Edge(source=name, target=state["Default"], kind="default", label="otherwise")
    for catcher in state.get("Catch", ()):
        label = ", ".join(catcher["ErrorEquals"])
        yield Edge(source=name, target=catcher["Next"], kind="catch", label=label)


def _condition(rule: Mapping[str, Any]) -> str:
    """A choice rule in a line: ``$.claim.claimed = true``."""
    if "Condition" in rule:
        return str(rule["Condition"])
    if "Not" in rule:
        return f"not ({_condition(rule['Not'])})"
    for joint in ("And", "Or"):
        if joint in rule:
            return f" {joint.lower()} ".join(f"({_condition(part)})" for part in rule[joint])
    operator = next(key for key in rule if key not in ("Variable", "Next", "Comment", "Assign"))
    return f"{rule['Variable']} {_operator(operator)} {_operand(rule[operator])}"


def _operator(name: str) -> str:
    """``StringEquals`` as ``=``; what has no sign is left as it is."""
    bare = name.removesuffix("Path")
    for type_ in _TYPES:
        bare = bare.removeprefix(type_)
    or_equal = bare.endswith("Equals") and bare != "Equals"
    word = _WORDS.get(bare.removesuffix("Equals") if or_equal else bare)
    return name if word is None else word + "=" * or_equal


def _operand(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
