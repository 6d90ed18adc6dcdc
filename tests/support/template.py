"""``template.yaml`` as data: its intrinsic functions resolved with parameters as on a deploy.

Tests read tables, environments and rules from here, so that they can't drift from what is deployed.
"""

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]

_PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "scai-billing",
    "AWS::URLSuffix": "amazonaws.com",
}
_NO_VALUE = object()
_CONDITIONS: dict[str, Callable[[list[Any]], bool]] = {
    "Equals": lambda sides: sides[0] == sides[1],
    "Not": lambda sides: not sides[0],
    "Or": any,
}


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, read as their long ones."""


def _intrinsic(loader: _Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.SequenceNode):
        value: Any = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_scalar(node)  # type: ignore[arg-type]  # no short form takes a map
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _intrinsic)


class Template:
    """The template as deployed with ``parameters``; the others have their defaults.

    A resource's ``Ref`` and ``GetAtt`` give its name where it declares one, else its logical id.
    """

    def __init__(self, parameters: Mapping[str, str] | None = None) -> None:
        self._source: dict[str, Any] = yaml.load(
            (ROOT / "template.yaml").read_text(encoding="utf-8"), _Loader
        )
        declared: dict[str, dict[str, Any]] = self._source["Parameters"]
        self._parameters = {name: _default(p) for name, p in declared.items()}
        for name, value in (parameters or {}).items():
            if name not in declared:
                raise KeyError(f"template.yaml has no parameter {name}")
            self._parameters[name] = _typed(declared[name], value)

    @cached_property
    def resources(self) -> dict[str, dict[str, Any]]:
        """All resources whose condition holds, resolved, by logical id."""
        return {
            name: self._resolve(resource)
            for name, resource in self._source["Resources"].items()
            if self._holds(resource.get("Condition"))
        }

    @cached_property
    def function_defaults(self) -> dict[str, Any]:
        """What every function has by ``Globals``."""
        defaults: dict[str, Any] = self._resolve(self._source["Globals"]["Function"])
        return defaults

    @cached_property
    def outputs(self) -> dict[str, Any]:
        """The values of all outputs whose condition holds, by name."""
        return {
            name: self._resolve(output["Value"])
            for name, output in self._source["Outputs"].items()
            if self._holds(output.get("Condition"))
        }

    def of_type(self, type_: str) -> dict[str, dict[str, Any]]:
        """The properties of all resources of a type, by logical id."""
        return {
            name: resource["Properties"]
            for name, resource in self.resources.items()
            if resource["Type"] == type_
        }

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What it is deployed with, by parameter."""
        return self._parameters

    def allowed_values(self, parameter: str) -> list[str]:
        """What a parameter may be, where the template lists it."""
        values: list[str] = self._source["Parameters"][parameter]["AllowedValues"]
        return values

    def greatest(self, parameter: str) -> str:
        """The greatest number that a parameter may be."""
        return str(self._source["Parameters"][parameter]["MaxValue"])

    def environment(self, function: str | None = None) -> dict[str, str]:
        """The environment of a function (a logical id), or what all functions have."""
        variables = self.function_defaults["Environment"]["Variables"]
        if function is not None:
            own = self.resources[function]["Properties"].get("Environment", {})
            variables = {**variables, **own.get("Variables", {})}
        return {name: str(value) for name, value in variables.items()}

    def statements(self, function: str) -> list[dict[str, Any]]:
        """What a function (a logical id) may do, by policies of its own."""
        policies = self.resources[function]["Properties"].get("Policies", [])
        return [s for policy in policies for s in policy.get("Statement", ())]

    def _holds(self, condition: str | None) -> bool:
        return condition is None or bool(self._resolve(self._source["Conditions"][condition]))

    def _resolve(self, value: Any) -> Any:
        if isinstance(value, list):
            resolved = [self._resolve(item) for item in value]
            return [item for item in resolved if item is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._call(name.removeprefix("Fn::"), argument)
        resolved_items = {key: self._resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved_items.items() if item is not _NO_VALUE}

    def _call(self, function: str, argument: Any) -> Any:
        if function == "If":
            condition, held, not_held = argument
            return self._resolve(held if self._holds(condition) else not_held)
        if function == "Sub":
            text, own = argument if isinstance(argument, list) else (argument, {})
            values = self._resolve(own)
            return re.sub(
                r"\$\{([\w:.]+)\}",
                lambda m: str(values[m[1]] if m[1] in values else self._ref(m[1])),
                text,
            )
        if function == "Join":
            separator, parts = self._resolve(argument)
            return separator.join(parts)
        if function in ("Ref", "GetAtt"):
            name, *attribute = [argument] if function == "Ref" else argument
            return ".".join([self._ref(name), *attribute]) if attribute else self._ref(name)
        return _CONDITIONS[function](self._resolve(argument))

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in _PSEUDO:
            return _PSEUDO[name]
        if name in self._parameters:
            return self._parameters[name]
        properties = self._source["Resources"].get(name, {}).get("Properties", {})
        return self._resolve(properties.get("TableName") or properties.get("Name") or name)


def _default(parameter: dict[str, Any]) -> Any:
    return _typed(parameter, parameter.get("Default", ""))


def _typed(parameter: dict[str, Any], value: Any) -> Any:
    return str(value).split(",") if parameter["Type"] == "CommaDelimitedList" else value
