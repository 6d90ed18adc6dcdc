"""What ``template.yaml`` deploys, as far as events and machines go: rules, inputs, functions.

Read once and compiled, because it is asked for each event and each step of every history.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast, get_type_hints

from moto.events.models import EventPattern
from pydantic import BaseModel

from local.stripe_simulator.events import matches
from tests.support.template import Template

Json = dict[str, Any]

PARTNER = "aws.partner/stripe.com/ed_simulation"
WEBHOOK = "scai.stripe"
STATE_MACHINE = "AWS::Serverless::StateMachine"


@dataclass(frozen=True)
class Rule:
    """A rule of our bus that starts a machine."""

    name: str
    machine: str
    types: tuple[str, ...]  # of which some end in "*"
    pattern: EventPattern | None  # None where the type decides
    read: Json  # the members of an event that the pattern reads
    paths: tuple[tuple[str, tuple[str, ...]], ...]
    template: Json  # the input, with a placeholder for each value that the event gives

    def wants(self, envelope: Json) -> bool:
        """Whether it matches an event of one of its types."""
        if self.pattern is None:
            return True
        return self.pattern.matches_event(cast("Any", _only(envelope, self.read)))

    def input_for(self, envelope: Json) -> Json:
        """What the rule's transformer makes of an event. A path that isn't there is an error."""
        values = {name: _at(envelope, path) for name, path in self.paths}
        made: Json = _filled(self.template, values)
        return made


@dataclass(frozen=True)
class Function:
    """A step's Lambda: the step itself, looked up at each call, and the model of its input."""

    module: Any
    name: str
    input_model: type[BaseModel]
    life: float  # seconds

    @property
    def step(self) -> Callable[[Any, Any], BaseModel]:
        step: Callable[[Any, Any], BaseModel] = getattr(self.module, self.name)
        return step


@cache
def template() -> Template:
    """As a fresh environment with Stripe's partner event source deploys it."""
    return Template({"CreateUsersTable": "true", "StripeEventSource": PARTNER})


@cache
def rules() -> tuple[Rule, ...]:
    """The rules by which Stripe's events start machines."""
    bus = template().resources["BillingBus"]["Properties"]["Name"]
    machines = {
        properties["Name"]: _machine(properties)
        for properties in template().of_type(STATE_MACHINE).values()
    }
    return tuple(
        _rule(name, rule, machines[rule["Targets"][0]["Arn"]])
        for name, rule in template().of_type("AWS::Events::Rule").items()
        if rule.get("EventBusName") == bus and rule["Targets"][0]["Arn"] in machines
    )


@cache
def rules_for(type_: str) -> tuple[Rule, ...]:
    """The rules that may want an event of this type."""
    return tuple(rule for rule in rules() if matches(type_, rule.types))


@cache
def wanted_types() -> tuple[str, ...]:
    """The event types that some rule names: what Stripe's destination is set up to send."""
    return tuple(sorted({type_ for rule in rules() for type_ in rule.types}))


@cache
def function(resource: str) -> Function:
    """The function of a Task's Resource as written: ``${StepsClaimEventFunctionArn}``."""
    logical_id = resource.removeprefix("${").removesuffix("Arn}")
    properties = template().function_defaults | template().resources[logical_id]["Properties"]
    path = str(properties["Handler"]).rsplit(".", 1)[0]
    module, name = importlib.import_module(path), path.rsplit(".", 1)[-1]
    model = get_type_hints(getattr(module, name))["request"]
    return Function(module, name, model, float(properties["Timeout"]))


def _machine(properties: Json) -> str:
    return str(properties["DefinitionUri"]).split("/")[-1].removesuffix(".asl.json")


def _rule(name: str, rule: Json, machine: str) -> Rule:
    transformer = rule["Targets"][0]["InputTransformer"]
    by_type = rule["EventPattern"].keys() == {"source", "detail-type"}
    return Rule(
        name=name,
        machine=machine,
        types=tuple(_types(rule["EventPattern"])),
        pattern=None if by_type else EventPattern.load(json.dumps(rule["EventPattern"])),
        read=_read([rule["EventPattern"]]),
        paths=tuple(
            (variable, tuple(path.removeprefix("$.").split(".")))
            for variable, path in transformer["InputPathsMap"].items()
        ),
        template=json.loads(re.sub(r"<(\w+)>", r'"<\1>"', transformer["InputTemplate"])),
    )


def _types(pattern: Any) -> list[str]:
    """The detail-types that a pattern names, at any depth; a prefix ends in "*"."""
    if isinstance(pattern, list):
        return [type_ for part in pattern for type_ in _types(part)]
    if not isinstance(pattern, dict):
        return []
    wanted = pattern.get("detail-type", [])
    named = [each if isinstance(each, str) else f"{each['prefix']}*" for each in wanted]
    return named + [type_ for value in pattern.values() for type_ in _types(value)]


def _read(patterns: Sequence[Any]) -> Json:
    """The members that these patterns read; none of a value that is asked for as a whole."""
    asked: dict[str, list[Any]] = {}
    if not any(isinstance(pattern, list) for pattern in patterns):
        for name, part in (member for pattern in patterns for member in _members(pattern)):
            asked.setdefault(name, []).append(part)
    return {name: _read(parts) for name, parts in asked.items()}


def _members(pattern: Json) -> Iterator[tuple[str, Any]]:
    """What a pattern asks for in any of its alternatives."""
    for name, part in pattern.items():
        if name == "$or":
            yield from (member for alternative in part for member in _members(alternative))
        else:
            yield name, part


def _only(event: Any, members: Json) -> Any:
    """These members of an event, as far as it has them; all of it where none are named."""
    if not members or not isinstance(event, dict):
        return event
    return {name: _only(event[name], inner) for name, inner in members.items() if name in event}


def _filled(template: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(template, dict):
        return {name: _filled(part, values) for name, part in template.items()}
    return values[template[1:-1]] if template.startswith("<") else template


def _at(envelope: Json, path: tuple[str, ...]) -> Any:
    value: Any = envelope
    for name in path:
        value = value[name]
    return value
