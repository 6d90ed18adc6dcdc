"""Condition, filter, key condition and projection expressions."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

from tests.simulation.dynamodb.errors import Invalid
from tests.simulation.dynamodb.parser import Names, Operand, Parser, Path, found
from tests.simulation.dynamodb.values import Item, Value, comparable
from tests.simulation.errors import NotSimulated

Test = Callable[[Item, Item], bool]
Comparison = Callable[[Value, Value], bool]


@dataclass(frozen=True)
class Condition:
    """Whether it holds for an item and the values given, and which placeholders it uses."""

    holds: Test
    names: frozenset[str]
    values: frozenset[str]


@dataclass(frozen=True)
class KeyCondition(Condition):
    """One on the keys of a table or an index: the attributes, and how each is compared."""

    operators: Mapping[str, str]


@dataclass(frozen=True)
class Projection:
    """The part of an item that is wanted, of these top-level attributes."""

    paths: tuple[Path, ...]
    attributes: frozenset[str]
    names: frozenset[str]
    values: frozenset[str] = frozenset()

    def of(self, item: Item) -> Item:
        chosen: Item = {}
        for path in self.paths:
            value = found(item, path)
            if value is not None:
                _put(chosen, path, value)
        return chosen


def condition(text: str, names: Names, kind: str = "ConditionExpression") -> Condition:
    parser = _ConditionParser(kind, text, names)
    holds = parser.disjunction()
    parser.end()
    return Condition(holds, frozenset(parser.used_names), frozenset(parser.used_values))


filter_condition = partial(condition, kind="FilterExpression")


def key_condition(text: str, names: Names) -> KeyCondition:
    parser = _KeyConditionParser("KeyConditionExpression", text, names)
    holds = parser.conjunction()
    parser.end()
    return KeyCondition(
        holds, frozenset(parser.used_names), frozenset(parser.used_values), parser.operators
    )


def projection(text: str, names: Names) -> Projection:
    parser = Parser("ProjectionExpression", text, names)
    paths = [parser.path()]
    while parser.take_if(","):
        paths.append(parser.path())
    parser.end()
    if any(isinstance(part, int) for path in paths for part in path):
        raise NotSimulated("list elements in a ProjectionExpression")
    check_overlaps(paths, parser)
    attributes = frozenset(str(path[0]) for path in paths)
    return Projection(tuple(paths), attributes, frozenset(parser.used_names))


def check_overlaps(paths: Sequence[Path], parser: Parser) -> None:
    """Refuse two paths of which one contains the other."""
    ordered = sorted(paths, key=lambda path: [str(part) for part in path])
    for one, two in pairwise(ordered):
        if two[: len(one)] == one:
            raise parser.invalid(f"Two document paths overlap with each other: {one}, {two}")


def _put(chosen: Item, path: Path, value: Value) -> None:
    *outer, last = [str(part) for part in path]
    for part in outer:
        chosen = chosen.setdefault(part, {"M": {}})["M"]
    chosen[last] = value


class _ConditionParser(Parser):
    """``OR`` over ``AND`` over ``NOT`` over comparisons, functions and parentheses."""

    def disjunction(self) -> Test:
        test = self.conjunction()
        while self.take_if("OR"):
            test = _either(test, self.conjunction())
        return test

    def conjunction(self) -> Test:
        test = self._negation()
        while self.take_if("AND"):
            test = _both(test, self._negation())
        return test

    def _negation(self) -> Test:
        if self.take_if("NOT"):
            return _not(self._negation())
        if self.take_if("("):
            test = self.disjunction()
            self.expect(")")
            return test
        if self.calls and self.next in _FUNCTIONS:
            return self._function()
        return self._comparison()

    def _function(self) -> Test:
        name = self.take()
        self.expect("(")
        arguments = [self.operand()]
        while self.take_if(","):
            arguments.append(self.operand())
        self.expect(")")
        wanted, test = _FUNCTIONS[name]
        if len(arguments) != wanted:
            raise self.invalid(f"Incorrect number of operands for operator or function: {name}")
        return test(*arguments)

    def _comparison(self) -> Test:
        left = self._sized_operand()
        if self.take_if("BETWEEN"):
            low = self._sized_operand()
            self.expect("AND")
            return _between(left, low, self._sized_operand())
        if self.take_if("IN"):
            return _within(left, self._list())
        return _compared(self.comparator(), left, self._sized_operand())

    def _sized_operand(self) -> Operand:
        if not (self.calls and self.next == "size"):
            if self.calls:
                raise self.invalid(f"Invalid function name; function: {self.next}")
            return self.operand()
        self.take()
        self.expect("(")
        operand = self.operand()
        self.expect(")")
        return lambda item, values: _size(operand(item, values))

    def _list(self) -> list[Operand]:
        self.expect("(")
        operands = [self._sized_operand()]
        while self.take_if(","):
            operands.append(self._sized_operand())
        self.expect(")")
        return operands


class _KeyConditionParser(Parser):
    """One or two comparisons, each of an attribute with values."""

    def __init__(self, kind: str, text: str, names: Names) -> None:
        super().__init__(kind, text, names)
        self.operators: dict[str, str] = {}

    def conjunction(self) -> Test:
        test = self._comparison()
        while self.take_if("AND"):
            test = _both(test, self._comparison())
        return test

    def _comparison(self) -> Test:
        if self.take_if("("):
            test = self.conjunction()
            self.expect(")")
            return test
        if self.calls and self.take_if("BEGINS_WITH"):
            self.expect("(")
            attribute = self._attribute("begins_with")
            self.expect(",")
            prefix = self._value()
            self.expect(")")
            return _begins_with(attribute, prefix)
        path = self.path()
        between = bool(self.take_if("BETWEEN"))
        comparator = "BETWEEN" if between else self.comparator()
        attribute = self._of(path, comparator)
        if not between:
            return _compared(comparator, attribute, self._value())
        low = self._value()
        self.expect("AND")
        return _between(attribute, low, self._value())

    def _attribute(self, comparator: str) -> Operand:
        return self._of(self.path(), comparator)

    def _of(self, path: Path, comparator: str) -> Operand:
        if len(path) != 1 or not isinstance(path[0], str) or comparator == "<>":
            raise self.invalid("only key attributes, compared by =, <, <=, >, >= and BETWEEN")
        name = path[0]
        if name in self.operators:
            raise Invalid("KeyConditionExpressions must only contain one condition per key")
        self.operators[name] = comparator
        return lambda item, _values: item.get(name)

    def _value(self) -> Operand:
        name = self.value_name()
        return lambda _item, values: values[name]


def _either(left: Test, right: Test) -> Test:
    return lambda item, values: left(item, values) or right(item, values)


def _both(left: Test, right: Test) -> Test:
    return lambda item, values: left(item, values) and right(item, values)


def _not(test: Test) -> Test:
    return lambda item, values: not test(item, values)


def _ordered(compare: Callable[[Any, Any], bool]) -> Comparison:
    """Compare two strings or two numbers; values of different types have no order."""

    def holds(left: Value, right: Value) -> bool:
        if left.keys() != right.keys() or not left.keys() <= {"S", "N"}:
            return False
        return compare(comparable(left), comparable(right))

    return holds


_COMPARISONS: dict[str, Comparison] = {
    "=": operator.eq,
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
}


def _compared(comparator: str, left: Operand, right: Operand) -> Test:
    """A missing operand makes it false, but for ``<>``, which is the opposite of ``=``."""
    if comparator == "<>":
        return _not(_compared("=", left, right))
    compare = _COMPARISONS[comparator]

    def holds(item: Item, values: Item) -> bool:
        one, two = left(item, values), right(item, values)
        return one is not None and two is not None and compare(one, two)

    return holds


def _between(operand: Operand, low: Operand, high: Operand) -> Test:
    return _both(_compared(">=", operand, low), _compared("<=", operand, high))


def _within(operand: Operand, candidates: list[Operand]) -> Test:
    def holds(item: Item, values: Item) -> bool:
        value = operand(item, values)
        return value is not None and any(value == one(item, values) for one in candidates)

    return holds


def _exists(operand: Operand) -> Test:
    return lambda item, values: operand(item, values) is not None


def _begins_with(operand: Operand, prefix: Operand) -> Test:
    def holds(item: Item, values: Item) -> bool:
        text, start = operand(item, values), prefix(item, values)
        if start is not None and "S" not in start:
            raise Invalid("Incorrect operand type for operator or function: begins_with")
        return bool(text and start and "S" in text and text["S"].startswith(start["S"]))

    return holds


_PART_OF = {"S": "S", "SS": "S", "NS": "N"}


def _contains(operand: Operand, part: Operand) -> Test:
    """A part of a string, or an element of a set or a list."""

    def holds(item: Item, values: Item) -> bool:
        whole, wanted = operand(item, values), part(item, values)
        if whole is None or wanted is None:
            return False
        ((kind, content),) = whole.items()
        if kind == "L":
            return wanted in content
        ((wanted_kind, element),) = wanted.items()
        return _PART_OF.get(kind) == wanted_kind and element in content

    return holds


def _is_of_type(operand: Operand, type_: Operand) -> Test:
    def holds(item: Item, values: Item) -> bool:
        value, wanted = operand(item, values), type_(item, values)
        return bool(value and wanted and wanted.get("S") in value)

    return holds


def _size(value: Value | None) -> Value | None:
    """Characters of a string, elements of a collection; other types have no size."""
    if value is None:
        return None
    ((kind, content),) = value.items()
    return {"N": str(len(content))} if kind in ("S", "SS", "NS", "L", "M") else None


_FUNCTIONS: dict[str, tuple[int, Callable[..., Test]]] = {
    "attribute_exists": (1, _exists),
    "attribute_not_exists": (1, lambda operand: _not(_exists(operand))),
    "attribute_type": (2, _is_of_type),
    "begins_with": (2, _begins_with),
    "contains": (2, _contains),
}
