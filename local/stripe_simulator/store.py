"""Every object that exists, by id, in order of creation.

Invariant: a stored object is never changed in place. `update` stores a new version and leaves
the old one as it was, so an event that holds a version holds a snapshot, without copying.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from local.stripe_simulator.errors import no_such
from local.stripe_simulator.shelf import UNPACKED, Shelf

Json = dict[str, Any]

# What an object is found by, besides its id. Events can't be, for they are forgotten.
INDEXED = {
    "customer": ("test_clock",),
    "subscription": ("customer",),
    "subscription_schedule": ("customer",),
    "invoice": ("customer",),
    "invoiceitem": ("customer", "invoice"),
    "customer_balance_transaction": ("customer", "invoice"),
    "payment_method": ("customer",),
    "payment_intent": ("customer",),
    "charge": ("customer", "payment_intent"),
    "checkout.session": ("customer", "subscription", "payment_intent"),
    "invoice_payment": ("invoice",),
    "setup_attempt": ("setup_intent",),
    "dispute": ("charge", "payment_intent"),
    "refund": ("charge", "payment_intent"),
    "price": ("lookup_key", "product"),
}


class Listed(NamedTuple):
    """A change of a list: an id put at its end, or taken out from a place."""

    key: tuple[str, ...]
    object_id: str
    taken_from: int | None = None


class Store:
    """Objects by id; lists by type, and by the fields named in `INDEXED`."""

    def __init__(self, unpacked: int = UNPACKED) -> None:
        self._objects = Shelf(unpacked)
        self._lists: dict[tuple[str, ...], list[str]] = {}
        self._former: dict[str, Json | None] = {}  # what was changed since the mark
        self._listed: list[Listed] = []

    def insert(self, obj: Json) -> Json:
        object_id = obj["id"]
        former = self._objects.get(object_id)
        listed = _keys(former) if former and not former.get("deleted") else []
        self._put(object_id, obj)
        for key in _keys(obj):
            if key not in listed:
                self._list(key, object_id)
        return obj

    def update(self, obj: Json, **changes: Any) -> Json:
        """Store the current version of `obj` with `changes`, and return it."""
        object_id = obj["id"]
        former = self._objects.get(object_id)
        assert former is not None, f"{object_id} was deleted"
        new = {**former, **changes}
        self._put(object_id, new)
        for field in INDEXED.get(new["object"], ()):
            value = new.get(field)
            if value is not None and value != former.get(field):
                key = (new["object"], field, value)
                if object_id not in self._lists.get(key, ()):
                    self._list(key, object_id)
        return new

    def delete(self, obj: Json, *, keep_stub: bool = False) -> Json:
        """Remove `obj`; a stub, where Stripe keeps one, is found by id but never listed."""
        object_id = obj["id"]
        stub = {"id": object_id, "object": obj["object"], "deleted": True}
        for key in _keys(self._objects.get(object_id) or obj):
            self._unlist(key, object_id)
        self._put(object_id, stub if keep_stub else None)
        return stub

    def mark(self) -> None:
        """Begin what `undo` takes back."""
        self._former = {}
        self._listed = []

    def undo(self) -> None:
        """Take back all since the mark."""
        for object_id, former in self._former.items():
            self._replace(object_id, former)
        for key, object_id, taken_from in reversed(self._listed):
            if taken_from is None:
                self._lists[key].pop()
            else:
                self._lists[key].insert(taken_from, object_id)
        self.mark()

    def tidy(self) -> None:
        """Pack what isn't in use; not between a mark and its undo."""
        self._objects.tidy()

    def forget_oldest(self, kind: str, count: int) -> None:
        """Remove the oldest objects of a type, for good."""
        ids = self._lists.get((kind,), [])
        for object_id in ids[:count]:
            self._objects.remove(object_id)
        del ids[:count]

    def everything(self) -> Iterator[Json]:
        return self._objects.values()

    def find(self, object_id: str) -> Json | None:
        return self._objects.get(object_id)

    def get(self, kind: str, object_id: str, param: str = "id") -> Json:
        """The live object of that type, or Stripe's "No such …"."""
        found = self._objects.get(object_id)
        if found is None or found["object"] != kind or found.get("deleted"):
            raise no_such(kind, object_id, param)
        return found

    def any(self, kind: str) -> bool:
        """Whether there is an object of that type."""
        return bool(self._lists.get((kind,)))

    def counts(self) -> dict[str, int]:
        """How many objects there are of each type."""
        return {key[0]: len(ids) for key, ids in self._lists.items() if len(key) == 1 and ids}

    def newest_first(self, kind: str, **where: Any) -> Iterator[Json]:
        """All objects of a type whose fields equal `where`."""
        return self._walk(kind, where, newest=True)

    def oldest_first(self, kind: str, **where: Any) -> Iterator[Json]:
        return self._walk(kind, where, newest=False)

    def _walk(self, kind: str, where: dict[str, Any], *, newest: bool) -> Iterator[Json]:
        indexed = INDEXED.get(kind, ())
        key = (kind, *next((each for each in where.items() if each[0] in indexed), ()))
        ids = self._lists.get(key, [])
        for object_id in reversed(ids) if newest else ids:
            obj = self._objects.get(object_id)
            if obj and not obj.get("deleted") and where.items() <= obj.items():
                yield obj

    def _put(self, object_id: str, obj: Json | None) -> None:
        self._former.setdefault(object_id, self._objects.get(object_id))
        self._replace(object_id, obj)

    def _replace(self, object_id: str, obj: Json | None) -> None:
        if obj is None:
            self._objects.remove(object_id)
        else:
            self._objects.put(object_id, obj)

    def _list(self, key: tuple[str, ...], object_id: str) -> None:
        self._lists.setdefault(key, []).append(object_id)
        self._listed.append(Listed(key, object_id))

    def _unlist(self, key: tuple[str, ...], object_id: str) -> None:
        ids = self._lists.get(key, [])
        if object_id in ids:
            place = ids.index(object_id)
            del ids[place]
            self._listed.append(Listed(key, object_id, place))


def _keys(obj: Json) -> list[tuple[str, ...]]:
    """The lists that an object is in: that of its type first."""
    kind = obj["object"]
    fields = [(field, obj.get(field)) for field in INDEXED.get(kind, ())]
    return [(kind,), *((kind, field, value) for field, value in fields if value is not None)]
