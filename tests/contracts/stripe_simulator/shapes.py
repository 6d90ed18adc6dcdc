"""Does a JSON answer have the shape of the official SDK's class for it?

Two sources, neither of them ours: the annotations of stripe-python (types, literals, which keys
exist) and `presence.json`, read off Stripe's Node SDK (which keys are always there, as null if
need be, and which are left out instead). Guards that nothing is dropped, renamed, mistyped or
made up anywhere in an answer, however deep.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import sys
import types
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, Union, get_args, get_origin

from stripe import Event
from stripe._list_object import ListObject
from stripe._object_classes import OBJECT_CLASSES
from stripe._stripe_object import StripeObject, UntypedStripeObject

Json = dict[str, Any]
Class = Any  # a subclass of StripeObject

PRESENCE = json.loads(Path(__file__).with_name("presence.json").read_text())
# Of the keys that are declared both nullable and optional, Stripe sends all but these: they are
# there only when expanded, or for accounts with a permission that ours doesn't have.
SPECIAL = {
    "Account": {"groups"},
    "BillingPortal.Configuration.Features.SubscriptionUpdate": {"products"},
    "BillingPortal.Session": {"after_expiration"},
    "Charge": {"refunds"},
    "Charge.PaymentMethodDetails.Card": {"description", "iin", "issuer", "moto"},
    "Checkout.Session": {"optional_items"},
    "Customer": {"cash_balance"},
    "Customer.Shipping": {"carrier", "tracking_number"},
    "Dispute": {"network_reason_code"},
    "Dispute.Evidence": {"appeal"},
    "Invoice": {"confirmation_secret"},
    "Invoice.CustomerShipping": {"carrier", "tracking_number"},
    "PaymentMethod.Card": {"description", "iin", "issuer"},
    "SetupAttempt.PaymentMethodDetails.Card": {"description", "iin", "issuer"},
}
# Keys that the types call optional, though Stripe sends them in all objects that ours can be.
CERTAIN = {
    "Charge": {"radar_options"},
    "Charge.Outcome": {"risk_level", "risk_score"},
    "Charge.PaymentMethodDetails.Card": {
        "extended_authorization",
        "incremental_authorization",
        "multicapture",
        "overcapture",
    },
    "Checkout.Session": {"phone_number_collection"},
    "Customer": {"next_invoice_sequence"},
    "Customer.Shipping": {"address", "name"},
    "Invoice": {"auto_advance"},
    "PaymentIntent": {"amount_details"},
    "PaymentIntent.AmountDetails": {"tip"},
    "PaymentIntent.LastPaymentError": {"code", "doc_url", "message"},
    "PaymentMethod": {"allow_redisplay"},
    "Product.MarketingFeature": {"name"},
    "SetupAttempt.SetupError": {"code", "doc_url", "message"},
    "SetupIntent.LastSetupError": {"code", "doc_url", "message"},
    "Subscription.BillingMode.Flexible": {"proration_discounts"},
    "SubscriptionSchedule.BillingMode.Flexible": {"proration_discounts"},
    "SubscriptionSchedule.DefaultSettings": {"automatic_tax"},
}
LIST_KEYS: dict[str, type] = {"object": str, "data": list, "has_more": bool, "url": str}
STUB_KEYS = {"id", "object", "deleted"}
WHOLE_WHEN_DELETED = {"discount"}


class Problem(NamedTuple):
    path: str
    kind: str
    detail: str


class Field(NamedTuple):
    """A key of a class: its type, and what is sent where there is nothing to say."""

    declared: Declared
    always_sent: bool
    null_allowed: bool


class Declared(NamedTuple):
    """An annotation, and the module in which its names mean something."""

    annotation: Any
    module: str


def check(value: Any) -> list[Problem]:
    """What is wrong with an answer; its class is the one that its `object` names."""
    return list(_named_object(value, "$"))


def check_as(value: Any, cls: Class) -> list[Problem]:
    return list(_object(value, cls, "$"))


def _named_object(value: Any, path: str) -> Iterator[Problem]:
    name = str(value.get("object")) if isinstance(value, dict) else ""
    if name == "list":
        yield from _list(value, None, path)
    elif cls := _class_of(name):
        yield from _object(value, cls, path)
    else:
        yield Problem(path, "unknown object", f"no class for {str(value)[:60]}")


@cache
def _class_of(name: str) -> Class | None:
    module, attribute = OBJECT_CLASSES.get(name, ("", ""))
    return getattr(importlib.import_module(module), attribute) if module else None


@cache
def _fields(cls: Class) -> dict[str, Field]:
    """The keys of a class, and what is known of each."""
    name = _node_name(cls)
    presence, special = _presence(name), SPECIAL.get(name, set())
    fields = {}
    for key, declared in _annotations(cls).items():
        omitted = presence is not None and key in presence.get("omitted", ())
        always = not (omitted or key in special) if presence else not _is_optional(declared)
        certain = always or key in CERTAIN.get(name, ())
        fields[key] = Field(declared, always_sent=certain, null_allowed=not omitted)
    return fields


def _presence(name: str) -> dict[str, list[str]] | None:
    """What is known of a class's keys; the Node SDK has one class for all addresses."""
    classes: dict[str, dict[str, list[str]]] = PRESENCE["classes"]
    return classes.get(name) or (classes["Address"] if name.endswith("Address") else None)


def _annotations(cls: Class) -> dict[str, Declared]:
    """What is declared of a class, by the keys as they are on the wire."""
    found: dict[str, Declared] = {}
    for base in reversed(cls.__mro__):
        if not issubclass(base, StripeObject) or base is StripeObject:
            continue
        renamed = vars(base).get("_field_remappings", {})
        for name, annotation in vars(base).get("__annotations__", {}).items():
            if not name.startswith("_") and get_origin(annotation) is not ClassVar:
                found[renamed.get(name, name)] = Declared(annotation, base.__module__)
    return {key: declared for key, declared in found.items() if key != "OBJECT_NAME"}


def _node_name(cls: Class) -> str:
    """The Node SDK's name of a class: stripe.checkout's Session is its Checkout.Session."""
    packages = cls.__module__.split(".")[1:-1]
    camel = ["".join(word.capitalize() for word in package.split("_")) for package in packages]
    return ".".join([*camel, cls.__qualname__])


def _object(value: Any, cls: Class, path: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem(path, "type", f"expected {cls.__qualname__}, got {value!r:.60}")
    elif value.get("deleted") is True and value.get("object") not in WHOLE_WHEN_DELETED:
        yield from (Problem(path, "unknown key", key) for key in value.keys() - STUB_KEYS)
    else:
        yield from _keys(value, cls, path)
    if cls is Event and isinstance(value, dict) and isinstance(value.get("data"), dict):
        told = value["data"].get("object")
        if value.get("type") == "invoice.upcoming":  # there is no such invoice yet, so no id
            told = {"id": "in_upcoming", **told}
        yield from _named_object(told, f"{path}.data.object")


def _keys(value: Json, cls: Class, path: str) -> Iterator[Problem]:
    fields = _fields(cls)
    for key in value.keys() - fields.keys():
        yield Problem(f"{path}.{key}", "unknown key", f"not a field of {cls.__qualname__}")
    for key, field in fields.items():
        where = f"{path}.{key}"
        if key not in value:
            if field.always_sent:
                yield Problem(where, "missing key", "Stripe always sends it")
        elif value[key] is None and not field.null_allowed:
            yield Problem(where, "null", "Stripe leaves it out instead")
        else:
            yield from _value(value[key], field.declared, where)
    yield from _details(value, fields, path)


def _details(value: Json, fields: dict[str, Field], path: str) -> Iterator[Problem]:
    """Where an object's type names one of its own keys, the details are under that key."""
    key = value.get("type")
    if isinstance(key, str) and key in fields.keys() - value.keys() and not fields[key].always_sent:
        yield Problem(f"{path}.{key}", "missing key", f"its type is {key!r}")


def _is_optional(declared: Declared) -> bool:
    return type(None) in get_args(_resolved(declared).annotation)


def _value(value: Any, declared: Declared, path: str) -> Iterator[Problem]:
    annotation, module = _resolved(declared)
    origin, arguments = get_origin(annotation) or annotation, get_args(annotation)
    if origin in (Union, types.UnionType):
        yield from _union(value, [Declared(each, module) for each in arguments], path)
    elif origin is Literal:
        if not any(value == each and type(value) is type(each) for each in arguments):
            yield Problem(path, "literal", f"{value!r} is none of {arguments[:8]}")
    elif origin in CONTAINERS:
        yield from CONTAINERS[origin](value, Declared(arguments[0], module), path)
    elif isinstance(origin, type) and issubclass(origin, StripeObject):
        yield from _object(value, origin, path)
    elif origin is not Any and not _is_scalar(value, origin):
        yield Problem(path, "type", f"expected {origin.__name__}, got {value!r:.60}")


def _union(value: Any, choices: list[Declared], path: str) -> Iterator[Problem]:
    """Nothing, if one choice fits; otherwise what is wrong by the nearest one."""
    choices = [_resolved(choice) for choice in choices]
    if value is None:
        if not any(choice.annotation is type(None) for choice in choices):
            yield Problem(path, "null", "null is not allowed")
        return
    # `Literal[...] | str` is an enum that may grow; ours must use what is known today.
    literals = [choice for choice in choices if get_origin(choice.annotation) is Literal]
    candidates = literals if literals and isinstance(value, str) else choices
    found = (
        list(_value(value, choice, path))
        for choice in candidates
        if choice.annotation is not type(None) and _may_be(value, choice.annotation)
    )
    nothing_fits = [Problem(path, "type", f"{value!r:.60} fits no alternative")]
    yield from min(found, key=len, default=nothing_fits)


def _may_be(value: Any, annotation: Any) -> bool:
    """Objects are told apart by their `object`."""
    expected = getattr(annotation, "OBJECT_NAME", None)
    given = value.get("object") if isinstance(value, dict) else None
    return expected is None or given is None or expected == given


def _items(value: Any, declared: Declared, path: str) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield Problem(path, "type", f"expected a list, got {value!r:.60}")
        return
    for index, item in enumerate(value):
        yield from _value(item, declared, f"{path}[{index}]")


def _list(value: Any, declared: Declared | None, path: str) -> Iterator[Problem]:
    """Stripe's list object; its items are of the declared class, or of the one they name."""
    if not isinstance(value, dict) or value.get("object") != "list":
        yield Problem(path, "type", f"expected a list object, got {value!r:.60}")
        return
    for key in value.keys() ^ LIST_KEYS.keys():
        yield Problem(f"{path}.{key}", "missing key" if key in LIST_KEYS else "unknown key", "")
    for key, expected in LIST_KEYS.items():
        if key in value and not isinstance(value[key], expected):
            yield Problem(f"{path}.{key}", "type", f"expected {expected.__name__}")
    items = value.get("data")
    for index, item in enumerate(items if isinstance(items, list) else []):
        where = f"{path}.data[{index}]"
        yield from _value(item, declared, where) if declared else _named_object(item, where)


def _map(value: Any, declared: Declared, path: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem(path, "type", f"expected a hash, got {value!r:.60}")
        return
    for key, item in value.items():
        yield from _value(item, declared, f"{path}.{key}")


CONTAINERS = {list: _items, ListObject: _list, UntypedStripeObject: _map}


def _is_scalar(value: Any, expected: type) -> bool:
    if expected is Decimal:  # a string on the wire
        try:
            return isinstance(value, str) and Decimal(value).is_finite()
        except InvalidOperation:
            return False
    if expected is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, expected) and (expected is bool or not isinstance(value, bool))


@cache
def _resolved(declared: Declared) -> Declared:
    """The annotation, with a name in quotes looked up where it was written."""
    annotation, module = declared
    name = getattr(annotation, "__forward_arg__", annotation)
    if not isinstance(name, str):
        return declared
    return Declared(_named(name, module), module)


@cache
def _named(name: str, module: str) -> Any:
    """What a quoted annotation means: the SDK imports most classes for type checkers only."""
    if name in _imports(module):
        origin, attribute = _imports(module)[name]
        return getattr(importlib.import_module(origin), attribute)
    return eval(name, vars(sys.modules[module]))  # "ListObject[Thing]", "Session.Thing"


@cache
def _imports(module: str) -> dict[str, tuple[str, str]]:
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {
        alias.asname or alias.name: (node.module or "", alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
