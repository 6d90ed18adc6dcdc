"""Writes as DynamoDB takes them, alone or as a transaction's operations."""

from collections.abc import Callable, Mapping, Set
from typing import Any, NamedTuple

from tests.simulation.dynamodb.conditions import Condition
from tests.simulation.dynamodb.errors import Invalid, NoSuchTable
from tests.simulation.dynamodb.expressions import Expressions, expressions_of
from tests.simulation.dynamodb.tables import Key, Schema, Table
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


class Write(NamedTuple):
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


def table_of(tables: Tables, call: Call) -> Table:
    if call["TableName"] not in tables:
        raise NoSuchTable(call["TableName"])
    return tables[call["TableName"]]


def check_parameters(call: Call, known: Set[str]) -> None:
    if not call.keys() <= known:
        raise NotSimulated(f"parameters {sorted(call.keys() - known)}")


def write_of(tables: Tables, kind: str, call: Call) -> Write:
    """Read one operation: Put, Update, Delete or ConditionCheck."""
    check_parameters(call, _PARAMETERS[kind])
    table = table_of(tables, call)
    expressions, values = expressions_of(call)
    if kind == "Put":
        item = admitted_all(call["Item"])
        table.schema.check(item)
        key, change = table.schema.key_of(item), _becoming(item)
    else:
        key = table.schema.given_key(call["Key"])
        change = _CHANGES[kind](table.schema, call["Key"], expressions, values)
    shows = call.get("ReturnValuesOnConditionCheckFailure", "NONE") == "ALL_OLD"
    return Write(table, key, _allowing(expressions.condition, values), change, shows)


def _allowing(condition: Condition | None, values: Item) -> Callable[[Item], bool]:
    if condition is None:
        return lambda _item: True
    return lambda item: condition.holds(item, values)


Change = Callable[[Item | None], Item | None]


def _becoming(item: Item) -> Change:
    return lambda _old: item


def _update(schema: Schema, key: Item, expressions: Expressions, values: Item) -> Change:
    new = admitted_all(key)
    update = expressions.update
    if update is None:
        return lambda old: new if old is None else old
    if changed_key := update.attributes & schema.key.keys():
        raise Invalid(
            "One or more parameter values were invalid: Cannot update attribute"
            f" {min(changed_key)}. This attribute is part of the key"
        )

    def change(old: Item | None) -> Item:
        item = update.of(new if old is None else old, values)
        schema.check(item)
        return item

    return change


def _delete(_schema: Schema, _key: Item, _given: Expressions, _values: Item) -> Change:
    return lambda _old: None


def _check(_schema: Schema, _key: Item, expressions: Expressions, _values: Item) -> Change:
    if expressions.condition is None:
        raise Invalid("A ConditionCheck needs its ConditionExpression")
    return lambda old: old


_CHANGES = {"Update": _update, "Delete": _delete, "ConditionCheck": _check}
