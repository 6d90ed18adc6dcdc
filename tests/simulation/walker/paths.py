"""Paths of the JSONPath dialect, compiled: ``$.a.b``, ``$.a[0]``, ``$$.Execution.Id``.

Guards that a path that finds nothing is an error, never a null.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from tests.simulation.errors import NotSimulated

#: Reads from a state's data and the context object.
Read = Callable[[Any, Any], Any]

_PATH = re.compile(r"\$\$?((\.[A-Za-z_]\w*)|(\[\d+\]))*", re.ASCII)
_PART = re.compile(r"\.(\w+)|\[(\d+)\]", re.ASCII)


class StateError(Exception):
    """A state that can't be run as written, which no Retry or Catch covers."""

    name = "States.Runtime"


@cache
def reader(path: str) -> Read:
    """Compile a path, of the state's data (``$``) or of the context (``$$``)."""
    if not _PATH.fullmatch(path):
        raise NotSimulated(f"the path or intrinsic function {path}")
    parts = [name or int(index) for name, index in _PART.findall(path)]
    of_context = path.startswith("$$")

    def read(data: Any, context: Any) -> Any:
        found = context if of_context else data
        try:
            for part in parts:
                found = found[part]
        except (KeyError, IndexError, TypeError):
            raise StateError(f"The JSONPath {path!r} could not be found") from None
        return found

    return read


def is_present(read: Read, data: Any, context: Any) -> bool:
    try:
        read(data, context)
    except StateError:
        return False
    return True


def template(parameters: Any) -> Read:
    """Compile Parameters or a ResultSelector: keys in ``.$`` name what is read."""
    if isinstance(parameters, list):
        elements = [template(element) for element in parameters]
        return lambda data, context: [fill(data, context) for fill in elements]
    if not isinstance(parameters, dict):
        return lambda _data, _context: parameters
    members = {
        key.removesuffix(".$"): reader(value) if key.endswith(".$") else template(value)
        for key, value in parameters.items()
    }
    return lambda data, context: {name: fill(data, context) for name, fill in members.items()}


def placer(path: str | None) -> Callable[[Any, Any], Any]:
    """Compile a ResultPath: where a result goes; ``$`` replaces the data, null drops it."""
    if path is None:
        return lambda data, _result: data
    reader(path)
    names = [name for name, _ in _PART.findall(path)]
    if not all(names) or path.startswith("$$"):
        raise NotSimulated(f"the ResultPath {path}")
    return lambda data, result: _placed(data, names, result)


def _placed(data: Any, names: list[str], result: Any) -> Any:
    """The data with the result in its place; the given one is left as it was."""
    if not names:
        return result
    if not isinstance(data, dict):
        raise StateError(f"A ResultPath puts nothing into {type(data).__name__}")
    name, *inner = names
    return {**data, name: _placed(data.get(name, {}), inner, result)}
