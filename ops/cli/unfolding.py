"""Options that several commands share, as one value: said once, and given to each.

A command takes a dataclass whose fields are options; ``unfolded`` shows Typer the fields::

    @dataclass(frozen=True)
    class Asked:
        yes: Annotated[bool, typer.Option()] = False

    @unfolded
    def drop(name: str, asked: Asked) -> None: ...
"""

from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any, get_type_hints

Command = Callable[..., None]


def unfolded(command: Command) -> Command:
    """Let a command take options together.

    Raises:
        TypeError: one of the options has a factory of its default.
    """
    parameters = signature(command, eval_str=True).parameters.values()
    together: dict[str, Any] = {
        p.name: p.annotation for p in parameters if is_dataclass(p.annotation)
    }

    @wraps(command)
    def unfolding(**given: Any) -> None:
        for name, kind in together.items():
            given[name] = kind(**{field.name: given.pop(field.name) for field in fields(kind)})
        command(**given)

    single = [
        option
        for parameter in parameters
        for option in (
            _options(together[parameter.name]) if parameter.name in together else [parameter]
        )
    ]
    unfolding.__signature__ = Signature(  # type: ignore[attr-defined]  # which Typer reads
        [each.replace(kind=Parameter.KEYWORD_ONLY) for each in single]
    )
    return unfolding


def _options(kind: Any) -> list[Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return [
        Parameter(
            each.name, Parameter.KEYWORD_ONLY, default=_default(each), annotation=hints[each.name]
        )
        for each in fields(kind)
    ]


def _default(field: "Field[Any]") -> Any:
    if field.default_factory is not MISSING:
        raise TypeError(f"{field.name}: Typer takes a default as a value, not a factory")
    return Parameter.empty if field.default is MISSING else field.default
