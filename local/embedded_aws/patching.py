"""Change functions of the pinned package from outside, or refuse to start.

Guards against a silently half-applied correction: whatever no longer matches the package raises
`PackageChangedError`, which `__main__` turns into one line and a non-zero exit.
"""

import inspect
import linecache
from collections.abc import Callable
from importlib.metadata import version
from itertools import count
from textwrap import dedent
from types import FunctionType, ModuleType
from typing import Any

EXPECTED_VERSION = "1.5.33"

_revision = count(1)


class PackageChangedError(Exception):
    """The installed package is not the one that the corrections were written for."""


def require_version(found: str | None = None) -> None:
    """Refuse any other version than the pinned one."""
    found = found or version("ministack")
    if found != EXPECTED_VERSION:
        raise PackageChangedError(
            f"embedded AWS: ministack {EXPECTED_VERSION} is expected, found {found}: install "
            "requirements-dev.txt, or re-check every module of local/embedded_aws"
        )


def rewrite(owner: ModuleType | type, name: str, *substitutions: tuple[str, str]) -> None:
    """Re-compile a function with each `(old, new)` text replaced; each must occur exactly once."""
    function = _function(owner, name)
    source = substitute(name, _source(function), *substitutions)
    filename = f"<{function.__module__}.{name}, rewritten {next(_revision)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    defined: dict[str, Any] = {}
    exec(  # noqa: S102  the package's own source, changed at start
        compile(source, filename, "exec", dont_inherit=True), function.__globals__, defined
    )
    setattr(owner, name, defined[name])


def substitute(name: str, text: str, *substitutions: tuple[str, str]) -> str:
    """Replace each `old` in a text by its `new`; each must occur exactly once."""
    for old, new in substitutions:
        occurrences = text.count(old)
        if occurrences != 1:
            raise PackageChangedError(f"{name}: {old.strip()!r} occurs {occurrences} times, not 1")
        text = text.replace(old, new)
    return text


def replace(owner: ModuleType, name: str, substitute_for: Callable[..., Any]) -> None:
    """Put a function of ours in place of the package's, if it still takes the same parameters."""
    expected = list(inspect.signature(substitute_for).parameters)
    found = list(inspect.signature(_function(owner, name)).parameters)
    if found != expected:
        raise PackageChangedError(f"{name}: takes {found}, not {expected}")
    setattr(owner, name, substitute_for)


def provide(owner: ModuleType, **values: object) -> None:
    """Give a module of the package new names, for its rewritten functions to use."""
    for name, value in values.items():
        if hasattr(owner, name):
            raise PackageChangedError(f"{name}: {owner.__name__} has one of its own")
        setattr(owner, name, value)


def _source(function: FunctionType) -> str:
    try:
        return dedent(inspect.getsource(function))
    except OSError as error:
        raise PackageChangedError(f"{function.__name__}: its source can't be read") from error


def _function(owner: ModuleType | type, name: str) -> FunctionType:
    function = getattr(owner, name, None)
    if not isinstance(function, FunctionType):
        raise PackageChangedError(f"{name}: {owner.__name__} has no such function")
    return function
