"""Update expressions: SET, REMOVE, ADD and DELETE."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Context, Decimal

from tests.simulation.dynamodb.conditions import check_overlaps
from tests.simulation.dynamodb.errors import Invalid
from tests.simulation.dynamodb.parser import Names, Operand, Parser
from tests.simulation.dynamodb.values import Item, Value, admitted
from tests.simulation.errors import NotSimulated

#: Changes the first item; everything it needs to know it reads from the second, and the values.
Action = Callable[[Item, Item, Item], None]
#: The path of what can be written: a top-level attribute, or a member of a map.
MapPath = tuple[str, ...]

#: Room for every sum of two numbers; one that is too long to be stored is refused afterwards.
_WIDE = Context(prec=300)


@dataclass(frozen=True)
class Update:
    """What an item becomes. ``attributes`` are the top-level ones that it writes."""

    actions: tuple[Action, ...]
    attributes: frozenset[str]
    names: frozenset[str]
    values: frozenset[str]

    def of(self, item: Item, values: Item) -> Item:
        """Every action reads the item as it was. The item itself stays."""
        changed = dict(item)
        for act in self.actions:
            act(changed, item, values)
        return changed


def update(text: str, names: Names) -> Update:
    parser = _UpdateParser("UpdateExpression", text, names)
    actions = parser.sections()
    check_overlaps(parser.paths, parser)
    return Update(
        tuple(actions),
        frozenset(path[0] for path in parser.paths),
        frozenset(parser.used_names),
        frozenset(parser.used_values),
    )


class _UpdateParser(Parser):
    """Each section once, in any order."""

    def __init__(self, kind: str, text: str, names: Names) -> None:
        super().__init__(kind, text, names)
        self.paths: list[MapPath] = []

    def sections(self) -> list[Action]:
        read = {"SET": self._set, "REMOVE": self._remove, "ADD": self._add, "DELETE": self._delete}
        actions: list[Action] = []
        while self.next:
            section = self.take().upper()
            if section not in read:
                raise self.invalid(f"Syntax error or a section twice; token: {section!r}")
            read_action = read.pop(section)
            actions.append(read_action())
            while self.take_if(","):
                actions.append(read_action())
        return actions

    def _set(self) -> Action:
        *outer, name = self._written_path()
        self.expect("=")
        value = self._value()

        def act(changed: Item, item: Item, values: Item) -> None:
            members = _map_at(changed, outer) if outer else changed
            members[name] = _needed(value(item, values))

        return act

    def _remove(self) -> Action:
        *outer, name = self._written_path()

        def act(changed: Item, _item: Item, _values: Item) -> None:
            members = _map_at(changed, outer) if outer else changed
            members.pop(name, None)

        return act

    def _add(self) -> Action:
        return self._of_one_attribute(_added)

    def _delete(self) -> Action:
        return self._of_one_attribute(_without)

    def _of_one_attribute(self, combine: Callable[[Value | None, Value], Value | None]) -> Action:
        """Replace a top-level attribute by what it and a value make; None leaves none."""
        attribute, *inner = self._written_path()
        if inner:
            raise NotSimulated("ADD and DELETE of nested attributes")
        operand = self.value_name()

        def act(changed: Item, item: Item, values: Item) -> None:
            combined = combine(item.get(attribute), values[operand])
            if combined is None:
                changed.pop(attribute, None)
            else:
                changed[attribute] = combined

        return act

    def _written_path(self) -> MapPath:
        path = self.path()
        names = tuple([part for part in path if isinstance(part, str)])
        if len(names) < len(path):
            raise NotSimulated("writing an element of a list")
        self.paths.append(names)
        return names

    def _value(self) -> Operand:
        left = self._term()
        sign = self.take_if("+", "-")
        return _sum(left, self._term(), -1 if sign == "-" else 1) if sign else left

    def _term(self) -> Operand:
        if not self.calls:
            return self.operand()
        function = self.take()
        if function not in ("if_not_exists", "list_append"):
            raise self.invalid(f"Invalid function name; function: {function}")
        self.expect("(")
        if function == "if_not_exists" and self.next.startswith(":"):
            raise self.invalid("Operator or function requires a document path: if_not_exists")
        first = self.operand()
        self.expect(",")
        second = self._term()
        self.expect(")")
        return (
            _if_not_exists(first, second) if function == "if_not_exists" else _append(first, second)
        )


def _needed(value: Value | None) -> Value:
    if value is None:
        raise Invalid(
            "The provided expression refers to an attribute that does not exist in the item"
        )
    return value


def _map_at(item: Item, path: list[str]) -> Item:
    """The members of a nested map, copied on the way, so that stored items stay."""
    members = item
    for name in path:
        if "M" not in members.get(name, {}):
            raise Invalid(
                "The document path provided in the update expression is invalid for update"
            )
        members[name] = {"M": dict(members[name]["M"])}
        members = members[name]["M"]
    return members


def _mistyped() -> Invalid:
    return Invalid("An operand in the update expression has an incorrect data type")


def _number(value: Value) -> Decimal:
    if "N" not in value:
        raise _mistyped()
    return Decimal(value["N"])


def _written(number: Decimal) -> Value:
    return admitted({"N": str(number)})


def _sum(left: Operand, right: Operand, sign: int) -> Operand:
    def total(item: Item, values: Item) -> Value:
        one, two = (_number(_needed(side(item, values))) for side in (left, right))
        return _written(_WIDE.add(one, sign * two))

    return total


def _if_not_exists(path: Operand, otherwise: Operand) -> Operand:
    def either(item: Item, values: Item) -> Value | None:
        value = path(item, values)
        return otherwise(item, values) if value is None else value

    return either


def _append(left: Operand, right: Operand) -> Operand:
    def both(item: Item, values: Item) -> Value:
        one, two = (_needed(side(item, values)) for side in (left, right))
        if "L" not in one or "L" not in two:
            raise _mistyped()
        return {"L": one["L"] + two["L"]}

    return both


def _added(old: Value | None, value: Value) -> Value:
    """Add to a number, which is 0 where it is missing, or to a set."""
    ((kind, content),) = value.items()
    if kind not in ("N", "SS", "NS") or (old is not None and kind not in old):
        raise _mistyped()
    if old is None:
        return value
    if kind == "N":
        return _written(_WIDE.add(_number(old), _number(value)))
    return {kind: sorted({*old[kind], *content})}


def _without(old: Value | None, value: Value) -> Value | None:
    """Take elements out of a set; no set is ever empty."""
    ((kind, content),) = value.items()
    if kind not in ("SS", "NS") or (old is not None and kind not in old):
        raise _mistyped()
    left = sorted({*(old[kind] if old else ())} - {*content})
    return {kind: left} if left else None
