"""Writes as DynamoDB takes them, alone or as a transaction's operations."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tests.simulation.dynamodb.conditions import condition
from tests.simulation.dynamodb.errors import Invalid, NoSuchTable
from tests.simulation.dynamodb.parser import Names
from tests.simulation.dynamodb.tables import Key, Schema, Table
from tests.simulation.dynamodb.updates import update
from tests.simulation.dynamodb.values import Item, admitted_all
from tests.simulation.errors import NotSimulated

Call = Mapping[str, Any]
Tables = Mapping[str, Table]

_COMMON = {
    "TableName",
    "ConditionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "ReturnValuesOnConditionCheckFailure",
}
#: The parameters of each operation, within a transaction; ``ReturnValues`` comes with single ones.
_PARAMETERS = {
    "Put": _COMMON | {"Item"},
    "Update": _COMMON | {"Key", "UpdateExpression"},
    "Delete": _COMMON | {"Key"},
    "ConditionCheck": _COMMON | {"Key"},
}


@dataclass(frozen=True)
class Write:
    """One item's write: what it is conditional on, and what it makes of the item."""

    table: Table
    key: Key
    holds: Callable[[Item], bool]
    change: Callable[[Item | None], Item | None]
    shows_item: bool

    def allowed(self) -> bool:
        return self.holds(self.table.items.get(self.key, {}))

    def changed(self) -> Item | None:
        """The item as it will be.

        Raises:
            Invalid: the item can't be changed so.
        """
        return self.change(self.table.items.get(self.key))

    def refused_item(self) -> Item | None:
        """The item that a failed condition shows, where the request asks for it."""
        return self.table.items.get(self.key) if self.shows_item else None


_NOTHING: frozenset[str] = frozenset()


class Expression(Protocol):
    """A compiled expression, as far as its placeholders go."""

    @property
    def names(self) -> frozenset[str]: ...

    @property
    def values(self) -> frozenset[str]: ...


class Placeholders:
    """The names and values that come with a request's expressions: all that is used, no more."""

    def __init__(self, call: Call) -> None:
        self._given: Mapping[str, str] = call.get("ExpressionAttributeNames", {})
        self.names: Names = tuple(self._given.items())
        self.values: Item = admitted_all(call.get("ExpressionAttributeValues", {}))
        for field in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
            if field in call and not call[field]:
                raise Invalid(f"{field} must not be empty")

    def check(self, *used: Expression) -> None:
        """Check against the expressions, which tell what they use as ``names`` and ``values``."""
        names = _NOTHING.union(*[expression.names for expression in used])
        values = _NOTHING.union(*[expression.values for expression in used])
        if self._given.keys() == names and self.values.keys() == values:
            return
        if missing := values - self.values.keys():
            raise Invalid(
                "An expression attribute value used in expression is not defined;"
                f" attribute value: {min(missing)}"
            )
        unused = (self._given.keys() - names) | (self.values.keys() - values)
        raise Invalid(f"Value provided unused in expressions: keys: {sorted(unused)}")


def table_of(tables: Tables, call: Call) -> Table:
    if call["TableName"] not in tables:
        raise NoSuchTable(call["TableName"])
    return tables[call["TableName"]]


def check_parameters(call: Call, known: set[str]) -> None:
    if unknown := call.keys() - known:
        raise NotSimulated(f"parameters {sorted(unknown)}")


def write_of(tables: Tables, kind: str, call: Call) -> Write:
    """Read one operation: Put, Update, Delete or ConditionCheck."""
    check_parameters(call, _PARAMETERS[kind])
    table = table_of(tables, call)
    placeholders = Placeholders(call)
    used: list[Expression] = []
    holds = _condition(call, placeholders, used)
    if kind == "Put":
        item = admitted_all(call["Item"])
        table.schema.check(item)
        key, change = table.schema.key_of(item), _becoming(item)
    else:
        key = table.schema.given_key(call["Key"])
        change = _CHANGES[kind](table.schema, call, placeholders, used)
    placeholders.check(*used)
    shows = call.get("ReturnValuesOnConditionCheckFailure", "NONE") == "ALL_OLD"
    return Write(table, key, holds, change, shows)


def _condition(
    call: Call, placeholders: Placeholders, used: list[Expression]
) -> Callable[[Item], bool]:
    if "ConditionExpression" not in call:
        return lambda _item: True
    compiled = condition(call["ConditionExpression"], placeholders.names)
    used.append(compiled)
    return lambda item: compiled.holds(item, placeholders.values)


Change = Callable[[Item | None], Item | None]


def _becoming(item: Item) -> Change:
    return lambda _old: item


def _update(
    schema: Schema, call: Call, placeholders: Placeholders, used: list[Expression]
) -> Change:
    key = admitted_all(call["Key"])
    if "UpdateExpression" not in call:
        return lambda old: key if old is None else old
    compiled = update(call["UpdateExpression"], placeholders.names)
    used.append(compiled)
    if changed_key := compiled.attributes & schema.key.keys():
        raise Invalid(
            "One or more parameter values were invalid: Cannot update attribute"
            f" {min(changed_key)}. This attribute is part of the key"
        )

    def change(old: Item | None) -> Item:
        item = compiled.of(key if old is None else old, placeholders.values)
        schema.check(item)
        return item

    return change


def _delete(_schema: Schema, _call: Call, _given: Placeholders, _used: list[Expression]) -> Change:
    return lambda _old: None


def _check(_schema: Schema, call: Call, _given: Placeholders, _used: list[Expression]) -> Change:
    if "ConditionExpression" not in call:
        raise Invalid("A ConditionCheck needs its ConditionExpression")
    return lambda old: old


_CHANGES = {"Update": _update, "Delete": _delete, "ConditionCheck": _check}
