"""Every object that exists, by id, in order of creation.

Invariant: a stored object is never changed in place. `update` stores a new version and leaves
the old one as it was, so an event that holds a version holds a snapshot, without copying.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.stripe_simulator.errors import no_such
from local.stripe_simulator.journal import Journal

Json = dict[str, Any]

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
    "price": ("lookup_key", "product"),
}


class Store:
    """Objects by id; lists by type, and by the fields named in `INDEXED`."""

    def __init__(self) -> None:
        self._objects: Journal[Json] = Journal()
        self._lists: dict[tuple[str, ...], dict[str, None]] = {}

    def insert(self, obj: Json) -> Json:
        object_id = obj["id"]
        self._objects[object_id] = obj
        listed = self._lists.setdefault((obj["object"],), {})
        listed.pop(object_id, None)  # a former object of that id
        listed[object_id] = None
        self._index(obj)
        return obj

    def update(self, obj: Json, **changes: Any) -> Json:
        """Store the current version of `obj` with `changes`, and return it."""
        new = {**self._objects[obj["id"]], **changes}
        self._objects[obj["id"]] = new
        self._index(new)
        return new

    def delete(self, obj: Json, *, keep_stub: bool = False) -> Json:
        """Remove `obj`; a stub, where Stripe keeps one, is found by id but never listed."""
        stub = {"id": obj["id"], "object": obj["object"], "deleted": True}
        if keep_stub:
            self._objects[obj["id"]] = stub
        else:
            del self._objects[obj["id"]]
        return stub

    def mark(self) -> None:
        """Begin what `undo` takes back."""
        self._objects.mark()

    def undo(self) -> None:
        """Take back all since the mark; the lists keep the ids, and skip what isn't there."""
        self._objects.undo()

    def find(self, object_id: str) -> Json | None:
        return self._objects.get(object_id)

    def get(self, kind: str, object_id: str, param: str = "id") -> Json:
        """The live object of that type, or Stripe's "No such …"."""
        found = self._objects.get(object_id)
        if found is None or found["object"] != kind or found.get("deleted"):
            raise no_such(kind, object_id, param)
        return found

    def any(self, kind: str) -> bool:
        """Whether an object of that type was ever stored."""
        return (kind,) in self._lists

    def newest_first(self, kind: str, **where: str) -> Iterator[Json]:
        """All objects of a type whose fields equal `where` (its first field must be indexed)."""
        return self._walk(kind, where, newest=True)

    def oldest_first(self, kind: str, **where: str) -> Iterator[Json]:
        return self._walk(kind, where, newest=False)

    def _walk(self, kind: str, where: dict[str, str], *, newest: bool) -> Iterator[Json]:
        key = (kind, *next(iter(where.items()))) if where else (kind,)
        ids = self._lists.get(key, {})
        for object_id in reversed(ids) if newest else ids:
            obj = self._objects.get(object_id)
            if (
                obj
                and not obj.get("deleted")
                and all(obj.get(field) == value for field, value in where.items())
            ):
                yield obj

    def _index(self, obj: Json) -> None:
        for field in INDEXED.get(obj["object"], ()):
            value = obj.get(field)
            if value is not None:
                self._lists.setdefault((obj["object"], field, value), {})[obj["id"]] = None
