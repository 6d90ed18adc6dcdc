"""Objects by id: those used lately as they are, the others packed small.

A year of monthly billing is some fifty objects and a hundred events for each customer; as Python
dicts they would take a megabyte. Guards that an object comes back equal to what was put there.
"""

from __future__ import annotations

import json
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from local.stripe_simulator.encoding import encode

Json = dict[str, Any]

UNPACKED = 5000  # how many objects stay as they are
LEVEL, WINDOW_BITS, MEMORY_LEVEL = 6, -13, 5  # quick on the few kilobytes that an object has


class Shelf:
    """A mapping that only packs when told to, by `tidy`.

    Objects of a kind are alike, so each is compressed against the first of its kind.
    """

    def __init__(self, unpacked: int = UNPACKED) -> None:
        self._unpacked = unpacked
        self._hot: OrderedDict[str, Json] = OrderedDict()  # the last used at the end
        self._packed: dict[str, bytes] = {}
        self._samples: list[bytes] = []
        self._sample_numbers: dict[tuple[str, str | None], int] = {}

    def get(self, object_id: str) -> Json | None:
        found = self._hot.get(object_id)
        if found is not None:
            self._hot.move_to_end(object_id)
        elif (packed := self._packed.get(object_id)) is not None:
            found = self._hot[object_id] = self._unpack(packed)  # stays packed too, until changed
        return found

    def peek(self, object_id: str) -> Json | None:
        """The object, without counting that as use."""
        found = self._hot.get(object_id)
        if found is None and (packed := self._packed.get(object_id)) is not None:
            found = self._unpack(packed)
        return found

    def put(self, object_id: str, obj: Json) -> None:
        self._hot[object_id] = obj
        self._hot.move_to_end(object_id, last=obj["object"] != "event")  # hardly read again
        self._packed.pop(object_id, None)

    def remove(self, object_id: str) -> None:
        self._hot.pop(object_id, None)
        self._packed.pop(object_id, None)

    def __contains__(self, object_id: str) -> bool:
        return object_id in self._hot or object_id in self._packed

    def values(self) -> Iterator[Json]:
        for object_id in {**self._packed, **self._hot}:
            if (found := self.peek(object_id)) is not None:
                yield found

    def tidy(self) -> None:
        """Pack what wasn't used for longest, as far as there is too much."""
        while len(self._hot) > self._unpacked:
            object_id, obj = self._hot.popitem(last=False)
            if object_id not in self._packed:
                self._packed[object_id] = self._pack(obj)

    def _pack(self, obj: Json) -> bytes:
        encoded = encode(obj)
        number = self._sample_number(obj, encoded)
        packer = zlib.compressobj(
            LEVEL, zlib.DEFLATED, WINDOW_BITS, MEMORY_LEVEL, zdict=self._samples[number]
        )
        return number.to_bytes(2) + packer.compress(encoded) + packer.flush()

    def _unpack(self, packed: bytes) -> Json:
        sample = self._samples[int.from_bytes(packed[:2])]
        unpacked: Json = json.loads(
            zlib.decompressobj(WINDOW_BITS, zdict=sample).decompress(packed[2:])
        )
        return unpacked

    def _sample_number(self, obj: Json, encoded: bytes) -> int:
        kind = obj["object"], obj.get("type")
        number = self._sample_numbers.setdefault(kind, len(self._samples))
        if number == len(self._samples):
            self._samples.append(encoded)
        return number
