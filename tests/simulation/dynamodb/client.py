"""DynamoDB in memory, behind the boto3 client's methods: the real stores run on it unchanged.

Deterministic and single-threaded: every call happens at once and as a whole. What it does not know
it refuses loudly (:class:`NotSimulated`), so that nothing passes here that DynamoDB would refuse.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any

from tests.simulation.dynamodb.conditions import KeyCondition, Projection
from tests.simulation.dynamodb.errors import (
    Invalid,
    NoSuchTable,
    cancelled,
    client_error,
    condition_failed,
)
from tests.simulation.dynamodb.expressions import Expressions, expressions_of
from tests.simulation.dynamodb.tables import Index, Key, Page, Record, Schema, Table
from tests.simulation.dynamodb.values import Item, copied
from tests.simulation.dynamodb.writes import Call, Write, check_parameters, table_of, write_of
from tests.simulation.errors import NotSimulated
from tests.support.template import Template

Answer = dict[str, Any]

MAX_OPERATIONS = 100

_GET = {
    "TableName",
    "Key",
    "ConsistentRead",
    "ProjectionExpression",
    "ExpressionAttributeNames",
}
_PAGE = {
    "TableName",
    "IndexName",
    "Select",
    "Limit",
    "ExclusiveStartKey",
    "ConsistentRead",
    "FilterExpression",
    "ProjectionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
}
_QUERY = _PAGE | {"KeyConditionExpression", "ScanIndexForward"}


@cache
def schemas() -> tuple[Schema, ...]:
    """The template's tables, the users' included."""
    declared = Template({"CreateUsersTable": "true"}).of_type("AWS::DynamoDB::Table")
    return tuple(Schema.of(properties) for properties in declared.values())


@dataclass(frozen=True)
class Snapshot:
    """Everything that a client knew at a moment."""

    tables: Mapping[str, tuple[dict[Key, Item], dict[Key, Item] | None, list[Record]]]
    tokens: Mapping[str, Any]


def _operation(name: str) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Refuse as boto3 does: by a ClientError of this operation."""

    def decorate(method: Callable[..., Answer]) -> Callable[..., Answer]:
        @wraps(method)
        def called(self: "MemoryDynamoDB", **call: Any) -> Answer:
            try:
                return method(self, **call)
            except Invalid as error:
                raise client_error(name, "ValidationException", str(error)) from None
            except NoSuchTable:
                message = "Requested resource not found"
                raise client_error(name, "ResourceNotFoundException", message) from None

        return called

    return decorate


class MemoryDynamoDB:
    """The tables of ``template.yaml``, empty.

    Usage::

        dynamodb = MemoryDynamoDB()
        client = cast("DynamoDBClient", dynamodb)  # or wrapped by whoever injects faults
        ledger = Ledger(client, "scai_billing_events", ttl_days=400)

    Errors are botocore's own ``ClientError``, with DynamoDB's codes. Items are copied on their way
    in and out.
    """

    def __init__(self) -> None:
        self._tables = {schema.name: Table(schema) for schema in schemas()}
        self._tokens: dict[str, Any] = {}

    @_operation("GetItem")
    def get_item(self, **call: Any) -> Answer:
        """Without ``ConsistentRead`` it is served like an index: see :meth:`hold_indexes`."""
        check_parameters(call, _GET)
        table = table_of(self._tables, call)
        expressions, _ = expressions_of(call)
        view = table.view(consistent=call.get("ConsistentRead", False))
        item = view.get(table.schema.given_key(call["Key"]))
        return {} if item is None else {"Item": _shown(item, expressions.projection)}

    @_operation("BatchGetItem")
    def batch_get_item(self, **call: Any) -> Answer:
        check_parameters(call, {"RequestItems"})
        wanted: dict[str, Any] = call["RequestItems"]
        if not 1 <= sum(len(request["Keys"]) for request in wanted.values()) <= MAX_OPERATIONS:
            raise Invalid("Too many items requested for the BatchGetItem call, or none")
        answers = {name: self._batch(name, request) for name, request in wanted.items()}
        return {"Responses": answers, "UnprocessedKeys": {}}

    def _batch(self, name: str, request: Call) -> list[Item]:
        check_parameters(request, _GET - {"TableName", "Key"} | {"Keys"})
        table = table_of(self._tables, {"TableName": name})
        expressions, _ = expressions_of(request)
        view = table.view(consistent=request.get("ConsistentRead", False))
        keys = [table.schema.given_key(key) for key in request["Keys"]]
        if len(set(keys)) < len(keys):
            raise Invalid("Provided list of item keys contains duplicates")
        return [_shown(view[key], expressions.projection) for key in keys if key in view]

    @_operation("Query")
    def query(self, **call: Any) -> Answer:
        check_parameters(call, _QUERY)
        expressions, values = expressions_of(call)
        index = self._index_of(call)
        keys = _keys(expressions, index)
        return self._page(call, index, expressions, values, lambda item: keys.holds(item, values))

    @_operation("Scan")
    def scan(self, **call: Any) -> Answer:
        check_parameters(call, _PAGE)
        return self._page(call, self._index_of(call), *expressions_of(call), lambda _item: True)

    @_operation("PutItem")
    def put_item(self, **call: Any) -> Answer:
        return self._write("Put", call)

    @_operation("UpdateItem")
    def update_item(self, **call: Any) -> Answer:
        return self._write("Update", call)

    @_operation("DeleteItem")
    def delete_item(self, **call: Any) -> Answer:
        return self._write("Delete", call)

    @_operation("TransactWriteItems")
    def transact_write_items(self, **call: Any) -> Answer:
        """Idempotent under a ``ClientRequestToken``, where one is given."""
        check_parameters(call, {"TransactItems", "ClientRequestToken"})
        token = call.get("ClientRequestToken")
        if token in self._tokens:
            return self._repeated(self._tokens[token], call)
        writes = self._transaction(call["TransactItems"])
        outcomes = [_outcome(write) for write in writes]
        if any(reason["Code"] != "None" for reason, _ in outcomes):
            raise cancelled([reason for reason, _ in outcomes])
        for write, (_, item) in zip(writes, outcomes, strict=True):
            write.table.store(write.key, item)
        if token is not None:
            self._tokens[token] = call["TransactItems"]
        return {}

    def hold_indexes(self, table: str) -> None:
        """From now on eventually consistent reads of this table see it as it is at this moment.

        These are all reads of an index, and those of the table without ``ConsistentRead``.
        """
        self._tables[table].held = dict(self._tables[table].items)

    def catch_up(self, table: str | None = None) -> None:
        """Eventually consistent reads see the present again, of one table or of all."""
        for name in self._tables if table is None else (table,):
            self._tables[name].held = None

    def stream(self, table: str, after: int = 0) -> list[Record]:
        """The records of the table's stream, without the first ``after``, in order.

        In the shape of the ``Records`` of a Lambda's batch; a write that changes nothing has none.
        The next call's ``after`` is this one's plus the number of records that it gave. Cheap, and
        not to be changed.
        """
        return self._tables[table].records[after:]

    def item(self, table: str, *key: str) -> Item | None:
        """One item as it stands, None where there is none; not to be changed."""
        return self._tables[table].items.get(key)

    def items(self, table: str) -> list[Item]:
        """All items, in DynamoDB's format (``billing.store.dynamodb.from_item`` reads them).

        Cheap, and not to be changed.
        """
        return list(self._tables[table].items.values())

    def dump(self) -> Mapping[str, Mapping[Key, Item]]:
        """All items by table and key, for comparison with ``==``; cheap, and not to be changed."""
        return {name: dict(table.items) for name, table in self._tables.items()}

    def snapshot(self) -> Snapshot:
        """Everything (tables, held indexes, streams, tokens), to be given to :meth:`restore`."""
        tables = {
            name: (dict(table.items), table.held, list(table.records))
            for name, table in self._tables.items()
        }
        return Snapshot(tables, dict(self._tokens))

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot, any number of times."""
        for name, (items, held, records) in snapshot.tables.items():
            table = self._tables[name]
            table.items, table.held, table.records = dict(items), held, list(records)
        self._tokens = dict(snapshot.tokens)

    def _index_of(self, call: Call) -> Index:
        """The table or the index that a request reads."""
        schema = table_of(self._tables, call).schema
        if "IndexName" not in call:
            return Index(schema.key)
        if call["IndexName"] not in schema.indexes:
            raise Invalid(f"The table does not have the specified index: {call['IndexName']}")
        if call.get("ConsistentRead"):
            raise Invalid("Consistent reads are not supported on global secondary indexes")
        return schema.indexes[call["IndexName"]]

    def _page(
        self,
        call: Call,
        index: Index,
        expressions: Expressions,
        values: Item,
        wanted: Callable[[Item], bool],
    ) -> Answer:
        _check_projection(call.get("Select"), expressions.projection, index)
        table, filter_ = table_of(self._tables, call), expressions.filter
        page = Page(
            table.schema,
            index,
            call.get("ExclusiveStartKey"),
            _limit(call),
            call.get("ScanIndexForward", True),
        )
        items, last = page.of(table.view(consistent=call.get("ConsistentRead", False)), wanted)
        found = [item for item in items if filter_ is None or filter_.holds(item, values)]
        answer: Answer = {"Count": len(found), "ScannedCount": len(items)}
        if call.get("Select") != "COUNT":
            answer["Items"] = [_shown(item, expressions.projection) for item in found]
        return answer | ({"LastEvaluatedKey": copied(last)} if last else {})

    def _write(self, kind: str, call: dict[str, Any]) -> Answer:
        returned = call.pop("ReturnValues", "NONE")
        write = write_of(self._tables, kind, call)
        if not write.allowed():
            raise condition_failed(f"{kind}Item", copied(write.refused_item()))
        old = write.table.items.get(write.key)
        new = write.changed()
        write.table.store(write.key, new)
        if returned == "NONE":
            return {}
        if returned not in ("ALL_OLD", "ALL_NEW") or (returned, kind) == ("ALL_NEW", "Put"):
            raise NotSimulated(f"ReturnValues={returned}")
        attributes = old if returned == "ALL_OLD" else new
        return {} if attributes is None else {"Attributes": copied(attributes)}

    def _transaction(self, operations: list[dict[str, Any]]) -> list[Write]:
        if not 1 <= len(operations) <= MAX_OPERATIONS:
            raise Invalid(
                "Member must have length less than or equal to 100, and greater than or equal to 1"
            )
        writes = [
            write_of(self._tables, kind, call)
            for operation in operations
            for kind, call in operation.items()
        ]
        if len({(write.table.schema.name, write.key) for write in writes}) < len(operations):
            raise Invalid("Transaction request cannot include multiple operations on one item")
        return writes

    def _repeated(self, done: Any, call: Call) -> Answer:
        if done != call["TransactItems"]:
            raise client_error(
                "TransactWriteItems",
                "IdempotentParameterMismatchException",
                "The token was used with other parameters",
            )
        return {}


def _outcome(write: Write) -> tuple[dict[str, Any], Item | None]:
    """Why an operation can't be done (``None``, as DynamoDB says, if it can), and what it makes."""
    if not write.allowed():
        shown = write.refused_item()
        reason = {
            "Code": "ConditionalCheckFailed",
            "Message": "The conditional request failed",
            **({} if shown is None else {"Item": copied(shown)}),
        }
        return reason, None
    try:
        return {"Code": "None"}, write.changed()
    except Invalid as error:
        return {"Code": "ValidationError", "Message": str(error)}, None


def _limit(call: Call) -> int | None:
    limit: int | None = call.get("Limit")
    if limit is not None and limit < 1:
        raise Invalid("Limit must be at least 1")
    return limit


def _keys(expressions: Expressions, index: Index) -> KeyCondition:
    """A query's condition, which names the index's partition and nothing but its keys."""
    keys, partition = expressions.keys, next(iter(index.key))
    if keys is None:
        raise Invalid("Either the KeyConditions or KeyConditionExpression parameter is needed")
    if keys.operators.get(partition) != "=" or not keys.operators.keys() <= index.key.keys():
        raise Invalid(f"Query condition missed key schema element: {partition}")
    return keys


def _shown(item: Item, projection: Projection | None) -> Item:
    """What a read gives of an item."""
    return copied(item if projection is None else projection.of(item))


def _check_projection(select: str | None, chosen: Projection | None, index: Index) -> None:
    """What a read asks for must be what the index holds."""
    if select is not None and (select == "SPECIFIC_ATTRIBUTES") != (chosen is not None):
        raise Invalid("Select and ProjectionExpression do not agree")
    held = index.attributes
    if held is None:
        return
    if select == "ALL_ATTRIBUTES" or not (chosen is None or chosen.attributes <= held):
        raise Invalid("The global secondary index does not project the attributes asked for")
