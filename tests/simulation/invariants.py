"""The invariants, by the names and numbers that they have in the design, and how one is broken."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]

#: The numbered invariants, by name.
SUCCESS_MEANS_STORED = "1 success means stored"
NEVER_BACK = "2 never back"
CONVERGES = "3 converges"
ACCESS = "4 access"
FACTS = "5 facts"
MONEY = "6 money"
OUTCOMES = "7 outcomes"
OWN_OBJECTS = "8 own objects"
USERS_TABLE = "users table"
NOTHING_CHANGES = "replay changes nothing"


class Violation(AssertionError):
    """Something that must never be."""

    def __init__(self, invariant: str, what: str) -> None:
        super().__init__(invariant, what)
        self.invariant = invariant
        self.struck: frozenset[str] = frozenset()  # the faults that had struck until then

    def __str__(self) -> str:
        return "[{}] {}".format(*self.args)


def difference(expected: Json, found: Json) -> str:
    """In which attributes two states differ."""
    names = sorted(expected.keys() | found.keys())
    return ", ".join(
        f"{name} is {found.get(name)!r}, not {expected.get(name)!r}"
        for name in names
        if found.get(name) != expected.get(name)
    )


def said(objects: Iterable[Json]) -> str:
    return ", ".join(f"{each['id']} {each['status']}" for each in objects) or "nothing"
