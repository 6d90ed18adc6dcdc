"""The routes as the OpenAPI document tells them, a request to each, and what each may answer."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator

from api.documentation import DOCUMENT

Json = dict[str, Any]

#: What names another object of the user than the user.
OBJECTS = ("paymentMethodId", "id", "quote", "cursor")


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Json
    body: Json | None


@dataclass(frozen=True)
class Operation:
    """One route."""

    method: str
    path: str
    declared: Json
    document: Json

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def is_open(self) -> bool:
        return not self.declared.get("security", self.document.get("security"))

    @property
    def parameters(self) -> set[str]:
        """What a request may name, wherever it stands."""
        return {parameter["name"] for parameter in self._declared()} | set(self._properties)

    @property
    def takes_input(self) -> bool:
        return bool(self.declared.get("parameters") or self.body_schema)

    @property
    def contents(self) -> list[tuple[int, Json]]:
        """What may be answered, by status; the errors among them stand there as examples."""
        return [
            (int(status), content)
            for status, response in self.declared["responses"].items()
            for content in self._resolved(response).get("content", {}).values()
        ]

    def request(self, values: Mapping[str, str], *optional: str) -> Request:
        """Ask with these values of all that is required, and of what is named besides."""
        path, query = self.path, {}
        for parameter in self._declared():
            name = parameter["name"]
            if parameter["in"] == "path":
                path = path.replace(f"{{{name}}}", values[name])
            elif parameter["in"] == "query" and (parameter.get("required") or name in optional):
                query[name] = values[name]
        wanted = [*self.body_schema.get("required", []), *(set(optional) & set(self._properties))]
        body = {name: values[name] for name in wanted}
        return Request(self.method.upper(), path, query, body if self.body_schema else None)

    def problem_of(self, status: int, content_type: str, body: Any) -> str | None:
        """Say how an answer differs from what is documented, if it does."""
        response = self.declared["responses"].get(str(status))
        if response is None:
            return f"{status} is not documented"
        content = self._resolved(response).get("content", {})
        if content_type not in content:
            return f"{content_type} is not documented for {status}"
        schema = content[content_type].get("schema", {})
        errors = self._validator(status, content_type, schema).iter_errors(body)
        return next((f"{error.json_path}: {error.message}" for error in errors), None)

    def has(self, method: str, path: str) -> bool:
        """Whether a request is one to this route."""
        return self.method == method.lower() and self._paths.fullmatch(path) is not None

    @cached_property
    def _paths(self) -> re.Pattern[str]:
        literals = re.split(r"\{\w+\}", self.path)
        return re.compile("[^/]+".join(map(re.escape, literals)))

    def _validator(self, status: int, content_type: str, schema: Json) -> Validator:
        """Compile a schema once: it is needed for thousands of answers."""
        if (status, content_type) not in self._validators:
            whole = schema | {"components": self.document["components"]}
            self._validators[status, content_type] = Draft202012Validator(whole)
        return self._validators[status, content_type]

    @cached_property
    def _validators(self) -> dict[tuple[int, str], Validator]:
        return {}

    def _declared(self) -> list[Json]:
        return [self._resolved(parameter) for parameter in self.declared.get("parameters", [])]

    @property
    def _properties(self) -> Json:
        properties: Json = self.body_schema.get("properties", {})
        return properties

    @property
    def body_schema(self) -> Json:
        """The schema of the request's body, empty where there is none."""
        content = self.declared.get("requestBody", {}).get("content", {})
        return self._resolved(content.get("application/json", {}).get("schema", {}))

    def _resolved(self, node: Json) -> Json:
        if "$ref" not in node:
            return node
        found = self.document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return self._resolved(found)


@cache
def operations() -> tuple[Operation, ...]:
    """Every route of the document."""
    document: Json = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    return tuple(
        Operation(method, path, declared, document)
        for path, methods in document["paths"].items()
        for method, declared in methods.items()
    )


def operation_at(method: str, path: str) -> Operation | None:
    """The route that a request is to, if there is one."""
    return next((operation for operation in operations() if operation.has(method, path)), None)
