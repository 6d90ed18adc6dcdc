"""A dict that can go back to where it was: what a refused request did is undone.

It keeps the former value of each key changed since `mark`, so going back costs what was changed,
not what exists. Values are replaced, never changed in place.
"""

from __future__ import annotations

from typing import Any, TypeVar

V = TypeVar("V")


class Journal(dict[str, V]):
    """Changed by `journal[key] = value` and `del journal[key]` only."""

    def __init__(self) -> None:
        super().__init__()
        self._former: dict[str, V | None] = {}

    def __setitem__(self, key: str, value: V) -> None:
        self._former.setdefault(key, self.get(key))
        super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        self._former.setdefault(key, self.get(key))
        super().__delitem__(key)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (), None, None, iter(self.items())

    def mark(self) -> None:
        self._former = {}

    def undo(self) -> None:
        """Go back to the last mark."""
        for key, value in self._former.items():
            if value is None:
                self.pop(key, None)
            else:
                super().__setitem__(key, value)
        self._former = {}
