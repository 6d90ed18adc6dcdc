"""Attribute values in DynamoDB's format: checked, brought to one form, copied, measured.

Guards that equal values are equal dicts (numbers in one spelling, sets sorted), so that conditions
and comparisons of whole tables are plain ``==``.
"""

import marshal
from collections.abc import Callable, Iterable
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, TypeVar

from botocore.exceptions import ParamValidationError

from tests.simulation.dynamodb.errors import Invalid
from tests.simulation.errors import NotSimulated

#: ``{"S": "text"}``
Value = dict[str, Any]
#: Attributes by name. One that is stored is never changed, only replaced.
Item = dict[str, Value]

MAX_ITEM_BYTES = 409_600
_DIGITS = 38
_EXACT = Context(prec=_DIGITS)

Data = TypeVar("Data")


def copied(data: Data) -> Data:
    """Copy plain data through and through; marshal does it several times faster than deepcopy."""
    plain: Any = data
    copy: Data = marshal.loads(marshal.dumps(plain))
    return copy


def admitted(value: Value) -> Value:
    """Check a value on its way in and copy it in its one form."""
    return admitted_all({"": value})[""]


def admitted_all(values: Item) -> Item:
    """Check and copy attributes, or an expression's values; most are strings and numbers."""
    taken: Item = {}
    for name, value in values.items():
        if not isinstance(value, dict) or len(value) != 1:
            raise ParamValidationError(report=f"Invalid attribute value: {value!r}")
        if "S" in value:
            taken[name] = {"S": _text(value["S"])}
        elif "N" in value:
            taken[name] = {"N": _number(value["N"])}
        else:
            taken[name] = _admitted_other(value)
    return taken


def _admitted_other(value: Value) -> Value:
    ((kind, content),) = value.items()
    admit = _ADMIT.get(kind)
    if admit is None:
        raise NotSimulated(f"attribute values of type {kind}")
    return {kind: admit(content)}


def comparable(value: Value) -> Any:
    """What ``<`` compares: numbers by amount, strings by their bytes, nothing else."""
    return Decimal(value["N"]) if "N" in value else value["S"]


def check_size(item: Item) -> None:
    """Refuse an item of more than 400 KB.

    Its marshalled form spells out all that counts, so it is never smaller than DynamoDB's measure.
    """
    if len(marshal.dumps(item, 2)) > MAX_ITEM_BYTES and _members(item) > MAX_ITEM_BYTES:
        raise Invalid("Item size has exceeded the maximum allowed size")


def _members(attributes: Item) -> int:
    return sum(len(name.encode()) + _bytes(value) for name, value in attributes.items())


def _bytes(value: Value) -> int:
    """A value's size: "DynamoDB item sizes and formats"."""
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return len(content.strip("-0.")) // 2 + 2
    if kind in ("SS", "NS"):
        return sum(_bytes({kind[0]: element}) for element in content)
    if kind == "L":
        return 3 + sum(1 + _bytes(element) for element in content)
    if kind == "M":
        return 3 + len(content) + _members(content)
    return 1


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    raise ParamValidationError(report=f"Invalid type: {content!r} is no string")


def _boolean(content: Any) -> bool:
    if isinstance(content, bool):
        return content
    raise ParamValidationError(report=f"Invalid type: {content!r} is no boolean")


def _null(content: Any) -> bool:
    if content is not True:
        raise Invalid("Null attribute value types must have the value of true")
    return True


def _number(text: Any) -> str:
    return _spelled(_text(text))


@lru_cache(maxsize=100_000)
def _spelled(text: str) -> str:
    """Spell a number as DynamoDB does: no exponent, no zeros at its ends."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise Invalid(f"The parameter cannot be converted to a numeric value: {text}") from None
    if not number.is_finite():
        raise Invalid(f"The parameter cannot be converted to a numeric value: {text}")
    if len(number.normalize(Context(prec=1000)).as_tuple().digits) > _DIGITS:
        raise Invalid("Attempting to store more than 38 significant digits in a Number")
    return format(number.normalize(_EXACT), "f") if number else "0"


def _set(spell: Callable[[Any], str]) -> Callable[[Any], list[str]]:
    def checked(content: Iterable[Any]) -> list[str]:
        elements = [spell(element) for element in content]
        if not elements:
            raise Invalid(
                "One or more parameter values were invalid: An string set may not be empty"
            )
        if len(set(elements)) < len(elements):
            raise Invalid(
                "One or more parameter values were invalid: Input collection has duplicates"
            )
        return sorted(elements)

    return checked


_ADMIT: dict[str, Callable[[Any], Any]] = {
    "BOOL": _boolean,
    "NULL": _null,
    "SS": _set(_text),
    "NS": _set(_number),
    "L": lambda elements: [admitted(element) for element in elements],
    "M": admitted_all,
}
