"""The rules of a Choice state, compiled."""

import operator
from collections.abc import Callable
from typing import Any

from tests.simulation.errors import NotSimulated
from tests.simulation.walker.paths import Read, is_present, reader

#: Whether a rule matches, of the state's data and the context object.
Rule = Callable[[Any, Any], bool]


def rule_of(declared: dict[str, Any]) -> Rule:
    """Compile a rule without its Next: a comparison, or And, Or and Not of rules."""
    operators = [name for name in declared if name not in ("Variable", "Next", "Comment")]
    if len(operators) != 1:
        raise NotSimulated(f"a choice rule with the operators {operators}")
    (name,) = operators
    expected = declared[name]
    if name in _COMBINATIONS:
        return _COMBINATIONS[name](expected)
    return _comparison(name, reader(declared["Variable"]), expected)


def _comparison(name: str, read: Read, expected: Any) -> Rule:
    if name == "IsPresent":
        return lambda data, context: is_present(read, data, context) == expected
    if name in _KINDS:
        is_kind = _KINDS[name]
        return lambda data, context: is_kind(read(data, context)) == expected
    for prefix, is_kind in _TYPES.items():
        compare = _OPERATORS.get(name.removeprefix(prefix))
        if name.startswith(prefix) and compare is not None:
            return _compared(read, is_kind, compare, expected)
    raise NotSimulated(f"the comparison {name}")


def _compared(
    read: Read, is_kind: Callable[[Any], bool], compare: Callable[[Any, Any], bool], expected: Any
) -> Rule:
    """A value of another type doesn't match; one that is missing is an error."""
    if not is_kind(expected):
        raise NotSimulated(f"a comparison with {expected!r}")

    def matches(data: Any, context: Any) -> bool:
        value = read(data, context)
        return is_kind(value) and compare(value, expected)

    return matches


def _all(rules: list[dict[str, Any]]) -> Rule:
    compiled = [rule_of(rule) for rule in rules]
    return lambda data, context: all(matches(data, context) for matches in compiled)


def _any(rules: list[dict[str, Any]]) -> Rule:
    compiled = [rule_of(rule) for rule in rules]
    return lambda data, context: any(matches(data, context) for matches in compiled)


def _not(rule: dict[str, Any]) -> Rule:
    matches = rule_of(rule)
    return lambda data, context: not matches(data, context)


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_string(value: Any) -> bool:
    return isinstance(value, str)


_COMBINATIONS: dict[str, Callable[[Any], Rule]] = {"And": _all, "Or": _any, "Not": _not}
_KINDS: dict[str, Callable[[Any], bool]] = {
    "IsBoolean": _is_boolean,
    "IsNull": lambda value: value is None,
    "IsNumeric": _is_number,
    "IsString": _is_string,
}
_TYPES = {"Boolean": _is_boolean, "Numeric": _is_number, "String": _is_string}
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
}
