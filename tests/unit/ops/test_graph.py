"""A definition as a graph: every state and every way between them."""

from typing import Any

import pytest

from ops.graph import Edge, graph_of
from tests.support.definitions import definition_of, machine_names


def label(rule: dict[str, Any]) -> str | None:
    definition = {
        "StartAt": "A",
        "States": {"A": {"Type": "Choice", "Choices": [rule | {"Next": "B"}]}},
    }
    (edge,) = graph_of(definition).edges
    assert (edge.source, edge.target, edge.kind) == ("A", "B", "choice")
    return edge.label


@pytest.mark.parametrize("machine", machine_names())
def test_every_state_is_drawn_and_every_way_leads_to_one(machine: str) -> None:
    definition = definition_of(machine)
    graph = graph_of(definition)
    ids = [node.id for node in graph.nodes]

    assert ids == list(definition["States"])
    assert {edge.target for edge in graph.edges} | {definition["StartAt"]} == set(ids)
    assert [node.id for node in graph.nodes if node.start] == [definition["StartAt"]]
    leaves = set(ids) - {edge.source for edge in graph.edges}
    assert {node.id for node in graph.nodes if node.end} == leaves


def test_choices_a_default_and_a_catch_say_when_they_are_taken() -> None:
    edges = graph_of(definition_of("payment_failure")).edges

    for edge in (
        Edge(source="Claim Event", target="Claimed?"),
        Edge(
            source="Claimed?", target="Resolve User", kind="choice", label="$.claim.claimed = true"
        ),
        Edge(source="Claimed?", target="Duplicate Ignored", kind="default", label="otherwise"),
        Edge(source="Link Customer", target="Resolve User", kind="catch", label="UserConflict"),
        Edge(source="Check Payment", target="What Happened?"),
    ):
        assert edge in edges


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"Variable": "$.a", "StringEquals": "x"}, "$.a = x"),
        ({"Variable": "$.a", "StringEqualsPath": "$.b"}, "$.a = $.b"),
        ({"Variable": "$.a", "NumericLessThan": 3}, "$.a < 3"),
        ({"Variable": "$.a", "NumericGreaterThanEquals": 3}, "$.a >= 3"),
        ({"Variable": "$.a", "TimestampLessThanEqualsPath": "$.b"}, "$.a <= $.b"),
        ({"Variable": "$.a", "IsPresent": False}, "$.a IsPresent false"),
        ({"Variable": "$.a", "StringMatches": "x*"}, "$.a StringMatches x*"),
        ({"Not": {"Variable": "$.a", "BooleanEquals": True}}, "not ($.a = true)"),
        (
            {
                "And": [
                    {"Variable": "$.a", "StringEquals": "x"},
                    {"Variable": "$.b", "StringEquals": "y"},
                ]
            },
            "($.a = x) and ($.b = y)",
        ),
        ({"Condition": "{% $a = 1 %}"}, "{% $a = 1 %}"),
        ({"Variable": "$.a", "StringEquals": "x", "Comment": "paid"}, "paid"),
    ],
)
def test_a_rule_is_said_in_a_line(rule: dict[str, Any], said: str) -> None:
    assert label(rule) == said


def test_a_state_may_end_a_machine_without_being_an_end_by_type() -> None:
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True, "Comment": "why"}}}
    (node,) = graph_of(definition).nodes

    assert (node.start, node.end, node.comment) == (True, True, "why")
