"""Read DynamoDB's expressions: tokens, placeholders, document paths and operands.

What is read becomes closures over an item and the expression's values. Guards that every
placeholder that is named is given, and that names are spelled as DynamoDB lets them be.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache

from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from tests.simulation.dynamodb.errors import Invalid
from tests.simulation.dynamodb.values import Item, Value

#: The attributes that an expression's placeholders stand for.
Names = Mapping[str, str]
Path = tuple[str | int, ...]
#: Reads a value from an item and the values given; None where there is none.
Operand = Callable[[Item, Item], Value | None]

_TOKEN = re.compile(r"\s*([A-Za-z]\w*|[#:]\w+|\d+|<>|<=|>=|[=<>()\[\],.+-])", re.ASCII)
_COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")


class Parser:
    """One expression, read from left to right. Subclasses know the grammars."""

    def __init__(self, kind: str, text: str, names: Names) -> None:
        self._kind = kind
        self._tokens = self._split(text)
        self._position = 0
        self._names = names
        self.used_names: set[str] = set()
        self.used_values: set[str] = set()

    def _split(self, text: str) -> list[str]:
        tokens, position = [], 0
        text = text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise self.invalid(f"Syntax error; near: {text[position:]!r}")
            tokens.append(match[1])
            position = match.end()
        if not tokens:
            raise self.invalid("The expression can not be empty")
        return tokens

    def invalid(self, why: str) -> Invalid:
        return Invalid(f"Invalid {self._kind}: {why}")

    @property
    def next(self) -> str:
        """The token to come; empty at the end."""
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    @property
    def calls(self) -> bool:
        """Whether a function's name and its parenthesis come."""
        return self._tokens[self._position + 1 : self._position + 2] == ["("]

    def take(self) -> str:
        token = self.next
        if not token:
            raise self.invalid("Syntax error; the expression ends too early")
        self._position += 1
        return token

    def take_if(self, *tokens: str) -> str:
        """Take one of these (keywords in any case), or nothing."""
        if self.next.upper() not in tokens:
            return ""
        return self.take().upper()

    def expect(self, token: str) -> None:
        if self.take().upper() != token:
            raise self.invalid(f"Syntax error; {token!r} expected before {self.next!r}")

    def end(self) -> None:
        if self.next:
            raise self.invalid(f"Syntax error; token: {self.next!r}")

    def comparator(self) -> str:
        token = self.take()
        if token not in _COMPARATORS:
            raise self.invalid(f"Syntax error; token: {token!r}")
        return token

    def path(self) -> Path:
        """``a``, ``#b.c`` or ``a[1].b``."""
        parts: list[str | int] = [self._name()]
        while step := self.take_if(".", "["):
            if step == ".":
                parts.append(self._name())
            else:
                parts.append(int(self.take()))
                self.expect("]")
        return tuple(parts)

    def _name(self) -> str:
        token = self.take()
        if token.startswith("#"):
            if token not in self._names:
                raise self.invalid(f"An expression attribute name is not defined: {token}")
            self.used_names.add(token)
            return self._names[token]
        if not token[0].isalpha():
            raise self.invalid(f"Syntax error; token: {token!r}")
        if token.upper() in _reserved():
            raise self.invalid(f"Attribute name is a reserved keyword; reserved keyword: {token}")
        return token

    def value_name(self) -> str:
        token = self.take()
        if not token.startswith(":"):
            raise self.invalid(f"Syntax error; token: {token!r}")
        self.used_values.add(token)
        return token

    def operand(self) -> Operand:
        """A value or a document path."""
        if self.next.startswith(":"):
            name = self.value_name()
            return lambda _item, values: values[name]
        return reading(self.path())


def reading(path: Path) -> Operand:
    """Read what stands at a path."""
    if len(path) == 1:
        name = str(path[0])
        return lambda item, _values: item.get(name)
    return lambda item, _values: found(item, path)


def found(item: Item, path: Path) -> Value | None:
    """Follow a path into maps and lists; None where it ends before its end."""
    value: Value | None = {"M": item}
    for part in path:
        value = _member(value, part) if value else None
    return value


def _member(value: Value, part: str | int) -> Value | None:
    if isinstance(part, str):
        member: Value | None = value.get("M", {}).get(part)
        return member
    elements: list[Value] = value.get("L", [])
    return elements[part] if part < len(elements) else None


@cache
def _reserved() -> frozenset[str]:
    return frozenset(ReservedKeywords.get_reserved_keywords())
