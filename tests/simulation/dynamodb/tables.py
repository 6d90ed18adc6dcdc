"""One table: its schema, its items, its indexes' view of them, and its stream."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.simulation.dynamodb.errors import Invalid
from tests.simulation.dynamodb.values import Item, Value, admitted, check_size, comparable
from tests.simulation.errors import NotSimulated

#: An item's primary key: its key attributes' contents.
Key = tuple[str, ...]
#: A record of a stream, as Lambda gets it.
Record = dict[str, Any]
#: The key attributes of a table or an index and their types: the partition's, then the order's.
KeySchema = Mapping[str, str]


@dataclass(frozen=True)
class Index:
    """What is read by a key: an index, or the table itself. ``attributes`` is None for all."""

    key: KeySchema
    attributes: frozenset[str] | None = None

    def shows(self, item: Item) -> Item:
        """The part of an item that it holds."""
        if self.attributes is None:
            return item
        return {name: value for name, value in item.items() if name in self.attributes}


@dataclass(frozen=True)
class Schema:
    """What the template says of a table."""

    name: str
    key: KeySchema
    indexes: Mapping[str, Index]
    streams: bool

    @classmethod
    def of(cls, declared: Mapping[str, Any]) -> "Schema":
        """Read the properties of an ``AWS::DynamoDB::Table``."""
        types = {a["AttributeName"]: a["AttributeType"] for a in declared["AttributeDefinitions"]}
        key = _key_schema(declared, types)
        indexes = declared.get("GlobalSecondaryIndexes", ())
        view = declared.get("StreamSpecification", {"StreamViewType": "NEW_IMAGE"})
        if view != {"StreamViewType": "NEW_IMAGE"}:
            raise NotSimulated("streams of anything but new images")
        return cls(
            declared["TableName"],
            key,
            {index["IndexName"]: _index(index, key, types) for index in indexes},
            "StreamSpecification" in declared,
        )

    def key_of(self, item: Item) -> Key:
        """The key of an item that has one."""
        return tuple([item[name][type_] for name, type_ in self.key.items()])

    def given_key(self, key: Item) -> Key:
        """Check a key as a request names it."""
        if {name: type_ for name, value in key.items() for type_ in value} != self.key:
            raise Invalid("The provided key element does not match the schema")
        self._check_types(key)
        return self.key_of(key)

    def check(self, item: Item) -> None:
        """Refuse an item with a key that is missing, empty or of another type, and a large one."""
        for name in self.key:
            if name not in item:
                raise Invalid(
                    f"One or more parameter values were invalid: Missing the key {name} in the item"
                )
        self._check_types(item)
        check_size(item)

    def _check_types(self, item: Item) -> None:
        """Check what stands for a key: no index takes a value of another type, or an empty one."""
        for name, type_ in self._typed:
            value = item.get(name)
            if value is not None and not value.get(type_):
                raise _mistyped(name, value)

    @cached_property
    def _typed(self) -> tuple[tuple[str, str], ...]:
        """The attributes of all keys, with their types."""
        keys = (self.key, *(index.key for index in self.indexes.values()))
        return tuple({name: type_ for key in keys for name, type_ in key.items()}.items())


def _mistyped(name: str, value: Value) -> Invalid:
    """What is wrong with a key's value."""
    if value == {"S": ""}:
        return Invalid(
            "One or more parameter values are not valid. The AttributeValue for a key attribute"
            f" cannot contain an empty string value. Key: {name}"
        )
    return Invalid(f"One or more parameter values were invalid: Type mismatch for key {name}")


def _index(declared: Mapping[str, Any], table_key: KeySchema, types: Mapping[str, str]) -> Index:
    key = _key_schema(declared, types)
    projection = declared["Projection"]
    if projection["ProjectionType"] == "ALL":
        return Index(key)
    return Index(key, frozenset({*table_key, *key, *projection.get("NonKeyAttributes", ())}))


def _key_schema(declared: Mapping[str, Any], types: Mapping[str, str]) -> KeySchema:
    names = [part["AttributeName"] for part in declared["KeySchema"]]
    if any(types[name] not in ("S", "N") for name in names):
        raise NotSimulated("binary keys")
    return {name: types[name] for name in names}


@dataclass
class Table:
    """The items are never changed, only replaced, so a shallow copy of ``items`` is a snapshot.

    So are the stream's ``records``, which show the items themselves.
    """

    schema: Schema
    items: dict[Key, Item] = field(default_factory=dict)
    held: dict[Key, Item] | None = None
    records: list[Record] = field(default_factory=list)

    def store(self, key: Key, item: Item | None) -> None:
        """Replace an item, or delete it; a write that changes nothing is not told."""
        old = self.items.get(key)
        if item is None:
            self.items.pop(key, None)
        else:
            self.items[key] = item
        if self.schema.streams and old != item:
            self._tell(old, item)

    def _tell(self, old: Item | None, new: Item | None) -> None:
        event = "INSERT" if old is None else "REMOVE" if new is None else "MODIFY"
        item = new or old or {}
        number = len(self.records) + 1
        told = {
            "Keys": {name: item[name] for name in self.schema.key},
            "SequenceNumber": f"{number:021d}",
            "StreamViewType": "NEW_IMAGE",
        }
        if new is not None:
            told["NewImage"] = new
        self.records.append(
            {
                "eventID": f"{number:032x}",
                "eventName": event,
                "eventSource": "aws:dynamodb",
                "dynamodb": told,
            }
        )

    def view(self, *, consistent: bool) -> Mapping[Key, Item]:
        """The items as a read sees them."""
        return self.items if consistent or self.held is None else self.held


@dataclass(frozen=True)
class Page:
    """A page of a query or a scan: of which table or index, from where, how much, which way."""

    schema: Schema
    index: Index
    start: Item | None
    limit: int | None
    forward: bool

    def of(
        self, items: Mapping[Key, Item], wanted: Callable[[Item], bool]
    ) -> tuple[list[Item], Item | None]:
        """The page's items, and where the next one starts."""
        chosen = [
            self.index.shows(item)
            for item in items.values()
            if all(name in item for name in self.index.key) and wanted(item)
        ]
        chosen.sort(key=self._place, reverse=not self.forward)
        if self.start is not None:
            chosen = list(self._beyond(chosen, self.start))
        if self.limit is None or len(chosen) < self.limit:
            return chosen, None
        page = chosen[: self.limit]
        return page, {name: page[-1][name] for name in self._key_names()}

    def _place(self, item: Item) -> tuple[Any, ...]:
        """Where an item stands: by the order's attribute, among equals by its primary key."""
        order = [comparable(item[name]) for name in list(self.index.key)[1:]]
        return (*order, *self.schema.key_of(item))

    def _beyond(self, chosen: list[Item], start: Item) -> Iterator[Item]:
        if start.keys() != set(self._key_names()):
            raise Invalid("The provided starting key is invalid")
        place = self._place({name: admitted(value) for name, value in start.items()})
        for item in chosen:
            if self._place(item) > place if self.forward else self._place(item) < place:
                yield item

    def _key_names(self) -> dict[str, str]:
        return {**self.schema.key, **self.index.key}
