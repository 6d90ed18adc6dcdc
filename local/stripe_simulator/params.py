"""Form parameters: decoding bracketed keys, and checking them against what a route accepts.

Nothing is ignored silently: a parameter that a route doesn't name is refused, as Stripe does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from local.stripe_simulator.errors import invalid, not_simulated

Params = dict[str, Any]
Converter = Callable[[Any, str], Any]

URL = re.compile(r"^https?://[^\s/]+")
KEY_PART = re.compile(r"\[([^\]]*)\]")
POSITION = re.compile(r"[0-9]{1,4}")
INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
DECIMAL = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,12})?")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
LATEST = 32503680000  # the year 3000: nothing that is reckoned from it leaves the calendar
MAX_METADATA = 50
MAX_DEPTH = 10  # deeper than any parameter that Stripe has


@dataclass(frozen=True)
class Field:
    """How one parameter is read; `clearable` ones take the empty string as null."""

    convert: Converter
    required: bool = False
    clearable: bool = False


Spec = Mapping[str, Field]


def decode(encoded: str) -> Params:
    """Decode `a[b]=1&c[0]=2&c[]=3` into nested dicts; list positions are keys like "0"."""
    tree: Params = {}
    for key, value in parse_qsl(encoded, keep_blank_values=True, errors="replace"):
        head, bracket, rest = key.partition("[")
        path = [head, *KEY_PART.findall(bracket + rest)]
        if len(path) > MAX_DEPTH:
            raise invalid(f"Invalid parameter: {head} is nested too deeply.", head)
        _put(tree, path, value)
    return tree


def _put(tree: Params, path: list[str], value: str) -> None:
    node = tree
    for depth, part in enumerate(path[:-1]):
        child = node.setdefault(_position(node, part, path[depth + 1]), {})
        if not isinstance(child, dict):
            raise invalid(f"Invalid parameter: {path[0]}", path[0])
        node = child
    node[_position(node, path[-1])] = value


def _position(node: Params, part: str, following: str | None = None) -> str:
    """The key that `part` means: `[]` is a new element, or the last while `following` is unset."""
    if part:
        return part
    last = node.get(str(len(node) - 1))
    if following and isinstance(last, dict) and following not in last:
        return str(len(node) - 1)
    return str(len(node))


def parse(params: Mapping[str, Any], spec: Spec, path: str = "") -> Params:
    """Check `params` against `spec`; what isn't given is absent from the answer."""
    unknown = [_join(path, name) for name in params if name not in spec]
    if unknown:
        plural = "s" if len(unknown) > 1 else ""
        message = f"Received unknown parameter{plural}: {', '.join(unknown)}"
        raise invalid(message, unknown[0], "parameter_unknown")
    parsed: Params = {}
    for name, field in spec.items():
        value = params.get(name)
        if value is not None:
            parsed[name] = _convert(value, field, _join(path, name))
        elif field.required:
            where = _join(path, name)
            raise invalid(f"Missing required param: {where}.", where, "parameter_missing")
    return parsed


def _convert(value: Any, field: Field, path: str) -> Any:
    if value != "":
        return field.convert(value, path)
    if field.clearable:
        return None
    raise invalid(
        f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset "
        f"a field; however '{path}' cannot be unset. You should remove '{path}' from your request "
        "or supply a non-empty value.",
        path,
        "parameter_invalid_empty",
    )


def _join(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name


def required(field: Field) -> Field:
    return replace(field, required=True, clearable=False)


def clearable(field: Field) -> Field:
    return replace(field, clearable=True)


def text(max_length: int = 5000) -> Field:
    def convert(value: Any, path: str) -> str:
        if not isinstance(value, str):
            raise invalid(f"Invalid string: {value}", path)
        if len(value) > max_length:
            message = f"Invalid string: must be at most {max_length} characters"
            raise invalid(message, path, "parameter_invalid_string_length")
        return value

    return Field(convert, clearable=True)


def _url(value: Any, path: str) -> str:
    if isinstance(value, str) and URL.match(value) and len(value) <= 5000:
        return value
    raise invalid("Not a valid URL", path, "url_invalid")


def one_of(*choices: str) -> Field:
    def convert(value: Any, path: str) -> str:
        if value in choices:
            return str(value)
        allowed = " or ".join(", ".join(choices).rsplit(", ", 1))
        raise invalid(f"Invalid {path}: must be one of {allowed}", path)

    return Field(convert)


def integer(minimum: int | None = None, maximum: int | None = None) -> Field:
    def convert(value: Any, path: str) -> int:
        number = _integer(value, path)
        if minimum is not None and number < minimum:
            message = f"This value must be greater than or equal to {minimum}."
            raise invalid(message, path, "parameter_invalid_integer")
        if maximum is not None and number > maximum:
            message = f"This value must be less than or equal to {maximum}."
            raise invalid(message, path, "parameter_invalid_integer")
        return number

    return Field(convert)


def _integer(value: Any, path: str) -> int:
    if not isinstance(value, bool) and INTEGER.fullmatch(str(value)):
        return int(value)
    raise invalid(f"Invalid integer: {value}", path, "parameter_invalid_integer")


def moment(*words: str) -> Field:
    """A time in seconds since the epoch, or one of `words` that stand for one."""

    def convert(value: Any, path: str) -> int | str:
        return str(value) if value in words else int(timestamp.convert(value, path))

    return Field(convert, clearable=True)


def _boolean(value: Any, path: str) -> bool:
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    raise invalid(f"Invalid boolean: {value}", path)


def _decimal(value: Any, path: str) -> Decimal:
    if DECIMAL.fullmatch(str(value)):
        return Decimal(str(value))
    raise invalid(f"Invalid decimal: {value}", path)


def _metadata(value: Any, path: str) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise invalid(f"Invalid object: {path}", path)
    _refuse_many(value, path)
    for key, item in value.items():
        if isinstance(item, Mapping):
            raise invalid(f"Invalid string: {path}[{key}]", f"{path}[{key}]")
        if len(key) > 40 or len(str(item)) > 500:
            message = "Metadata keys may have 40 characters, values 500."
            raise invalid(message, f"{path}[{key}]", "parameter_invalid_string_length")
    return {key: str(item) for key, item in value.items()}


def _refuse_many(given: Mapping[str, Any], path: str) -> None:
    if len(given) > MAX_METADATA:
        raise invalid(f"Metadata can have up to {MAX_METADATA} keys.", path)


def _email(value: Any, path: str) -> str:
    if isinstance(value, str) and EMAIL.fullmatch(value) and len(value) <= 512:
        return value
    raise invalid(f"Invalid email address: {value}", path, "email_invalid")


boolean = Field(_boolean)
decimal = Field(_decimal)
url = Field(_url, clearable=True)
email = Field(_email, clearable=True)
timestamp = integer(minimum=0, maximum=LATEST)
metadata = Field(_metadata, clearable=True)


def unsupported(what: str) -> Field:
    """A parameter that Stripe has and the simulator refuses."""

    def convert(_value: Any, path: str) -> Any:
        raise not_simulated(what, path)

    return Field(convert, clearable=True)


def hash_of(spec: Spec) -> Field:
    def convert(value: Any, path: str) -> Params:
        if not isinstance(value, Mapping):
            raise invalid(f"Invalid object: {path}", path)
        return parse(value, spec, path)

    return Field(convert)


def list_of(field: Field, maximum: int = 100) -> Field:
    def convert(value: Any, path: str) -> list[Any]:
        if isinstance(value, Mapping) and all(map(POSITION.fullmatch, value)):
            value = [value[key] for key in sorted(value, key=int)]
        if not isinstance(value, list | tuple):
            raise invalid(f"Invalid array: {path}", path)
        if len(value) > maximum:
            raise invalid(f"Array {path} may have at most {maximum} elements.", path)
        return [_convert(item, field, f"{path}[{index}]") for index, item in enumerate(value)]

    return Field(convert)


def either(first: Field, second: Field) -> Field:
    """A parameter of two forms: a scalar (`first`) or a hash (`second`)."""

    def convert(value: Any, path: str) -> Any:
        return (second if isinstance(value, Mapping) else first).convert(value, path)

    return Field(convert)


def merged(old: Mapping[str, str] | None, new: Mapping[str, str] | None) -> dict[str, str]:
    """Metadata after an update: keys merge, an empty value removes one, null removes all."""
    if new is None:
        return {}
    both = {**(old or {}), **new}
    kept = {key: value for key, value in both.items() if value != ""}
    _refuse_many(kept, "metadata")
    return kept


def changes_of(before: Mapping[str, Any], params: Params) -> Params:
    """What an update changes: its parameters, with metadata merged into what was there."""
    if "metadata" not in params:
        return dict(params)
    return {**params, "metadata": merged(before["metadata"], params["metadata"])}


ADDRESS = ("line1", "line2", "city", "state", "postal_code", "country")
address = hash_of({name: text(200) for name in ADDRESS})
shipping = hash_of(
    {
        "address": required(address),
        "carrier": text(),
        "name": required(text()),
        "phone": text(),
        "tracking_number": text(),
    }
)
created = either(timestamp, hash_of(dict.fromkeys(("gt", "gte", "lt", "lte"), timestamp)))
