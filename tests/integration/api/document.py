"""The routes as the OpenAPI document tells them, and a request to each made of known values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator

from local.stack.settings import PROJECT_ROOT
from tests.support.deployed import Json

DOCUMENT = PROJECT_ROOT / "functions" / "api" / "openapi.json"

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
        schema = content[content_type].get("schema", {}) | {
            "components": self.document["components"]
        }
        errors = Draft202012Validator(schema).iter_errors(body)
        return next((error.message for error in errors), None)

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


def operations() -> list[Operation]:
    """Every route of the document."""
    document: Json = json.loads(DOCUMENT.read_text())
    return [
        Operation(method, path, declared, document)
        for path, methods in document["paths"].items()
        for method, declared in methods.items()
    ]
