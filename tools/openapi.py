"""Writes ``functions/api/openapi.json``, the API's OpenAPI document, from the routes' code.

``make openapi`` runs it. Powertools makes the paths and schemas; added here is what it can't say:
readable names, who may call, the ``Idempotency-Key``, what any route may answer, and ``/webhook``,
which is a Lambda of its own. Guards that the document says what the API does: a test compares.
"""

import inspect
import json
from functools import reduce
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.event_handler.exceptions import (
    NotFoundError,
    RequestEntityTooLargeError,
)
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pydantic.alias_generators import to_camel
from pydantic.json_schema import models_json_schema

from api.app import app
from api.documentation import DOCUMENT
from api.errors import answers
from api.idempotency import KEPT
from billing.contracts.problems import (
    DeclinedProblem,
    GatewayProblem,
    Problem,
    ValidationProblem,
)
from billing.domain.errors import (
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    RequestInProgress,
    StripeUnavailable,
)
from tools import openapi_texts as texts
from tools.references import REF, reachable

Json = dict[str, Any]


_GATEWAY_PROBLEM = {"$ref": REF + GatewayProblem.__name__}

PROBLEMS = (DeclinedProblem, GatewayProblem, Problem, ValidationProblem)


def document() -> str:
    """Render the whole document."""
    made: Json = json.loads(app.get_openapi_json_schema(title=texts.TITLE))
    paths = _paths(made["paths"])
    described = {
        "openapi": "3.1.0",
        "info": {
            "title": texts.TITLE,
            "version": texts.VERSION,
            "description": texts.DESCRIPTION,
        },
        "servers": [{"url": ".", "description": "Where this document comes from"}],
        "security": [{"accessToken": []}],
        "tags": _tags(paths),
        "paths": _tidy(paths),
        "components": {
            "schemas": _tidy(_schemas(paths, made["components"]["schemas"])),
            "securitySchemes": {
                "accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
    }
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"


def write() -> None:
    """Write it to where the API serves it from."""
    DOCUMENT.write_text(document(), encoding="utf-8")


def _paths(made: Json) -> Json:
    """Complete each operation, and put them in the order of their tags."""
    # Powertools has no public way from a route to its function, whose name and docstring we show.
    routes = app._static_routes + app._dynamic_routes  # noqa: SLF001
    operations = [
        (route.openapi_path, route.method.lower(), _operation(route, made)) for route in routes
    ]
    operations.append(("/webhook", "post", _webhook()))
    order = [name for name, _ in texts.TAGS.values()]
    paths: Json = {}
    for path, method, operation in sorted(operations, key=lambda each: order.index(_tag(each[2]))):
        paths.setdefault(path, {})[method] = operation
    return paths


def _tag(operation: Json) -> str:
    tag: str = operation["tags"][0]
    return tag


def _tags(paths: Json) -> list[Json]:
    used = {_tag(operation) for path in paths.values() for operation in path.values()}
    return [
        {"name": name, "description": text} for name, text in texts.TAGS.values() if name in used
    ]


def _operation(route: Route, made: Json) -> Json:
    """Name and describe a route, and say what holds for any of its kind."""
    method = route.method.lower()
    operation: Json = made[route.openapi_path][method]
    summary, _, description = (inspect.getdoc(route.func) or "").partition("\n\n")
    tag, _ = texts.TAGS[route.func.__module__.rpartition(".")[2]]
    name = route.func.__name__
    public = route.openapi_path in texts.PUBLIC
    parameters = [_parameter(parameter) for parameter in operation.get("parameters", [])]
    own = {str(status): operation["responses"][str(status)] for status in route.responses or [200]}
    return {
        "operationId": to_camel(name if method == "post" else f"get_{name}"),
        "summary": " ".join(summary.split()).rstrip("."),
        **({"description": description} if description else {}),
        "tags": [tag],
        **({"security": []} if public else {}),
        "parameters": parameters + ([texts.IDEMPOTENCY_KEY] if method == "post" else []),
        **({"requestBody": operation["requestBody"]} if "requestBody" in operation else {}),
        "responses": _responses(own, operation, method, public=public),
    }


def _parameter(made: Json) -> Json:
    """Say a parameter's schema as it is on the wire: there is no null, it is absent."""
    schema = {key: value for key, value in made["schema"].items() if key != "description"}
    kinds = [kind for kind in schema.pop("anyOf", []) if kind != {"type": "null"}]
    return made | {"schema": {**schema, **(kinds[0] if kinds else {})}}


def _webhook() -> Json:
    tag, _ = texts.TAGS["webhook"]
    own = texts.WEBHOOK["responses"]
    gateway = _gateway(413, 429, 500, 503)
    responses = _merged(own, gateway)
    return texts.WEBHOOK | {"tags": [tag], "security": [], "responses": responses}


def _responses(own: Json, operation: Json, method: str, *, public: bool) -> Json:
    """Add to a route's own answers what any route of its kind may answer."""
    places = {parameter["in"] for parameter in operation.get("parameters", [])}
    added = [_told(StripeUnavailable, Exception), _gateway(429, 500, 503)]
    if not public:
        added.append(_gateway(401, 403))
    if "path" in places:  # a slash in it, or what can't be an id, makes it another path
        added += [_told(NotFoundError), _gateway(404)]
    if "query" in places or "requestBody" in operation:
        added.append(_invalid("body" if "requestBody" in operation else "query"))
    if "requestBody" in operation:
        added += [_told(RequestEntityTooLargeError), _gateway(413)]
    if method == "post":
        added.append(_told(RequestInProgress, IdempotencyKeyInvalid, IdempotencyKeyReused))
    merged = _merged(own, *added)
    responses = {status: _with_codes(response) for status, response in merged.items()}
    if method == "post":
        for status in {str(kept) for kept in KEPT} & responses.keys():
            headers = responses[status].get("headers", {}) | texts.REPLAYED
            responses[status] = responses[status] | {"headers": headers}
    return responses


def _told(*error_classes: type[Exception]) -> Json:
    return {str(status): said for status, said in answers(*error_classes).items() if status != 200}


def _invalid(place: str) -> Json:
    """The answer to a request that isn't as documented, by an example of its own kind."""
    (response,) = _told(RequestValidationError).values()
    content: Json = response["content"]["application/json"]
    (example,) = content["examples"].values()
    value = example["value"] | {"detail": [texts.FAULTS[place]]}
    examples = {RequestValidationError.__name__: {"value": value}}
    return {"422": response | {"content": {"application/json": content | {"examples": examples}}}}


def _with_codes(response: Json) -> Json:
    """Name the codes that a problem may have here: they are those of the examples."""
    media = response.get("content", {}).get("application/json", {})
    examples = [example["value"] for example in media.get("examples", {}).values()]
    codes = sorted({value["code"] for value in examples})
    if not codes:
        return response
    narrowed = {
        "type": "object",
        "properties": {"code": {"type": "string", "enum": codes}},
        "required": ["code"],
    }
    kinds = [
        kind if kind == _GATEWAY_PROBLEM else {"allOf": [kind, narrowed]}
        for kind in media["schema"].get("anyOf", [media["schema"]])
    ]
    schema = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    return response | {"content": {"application/json": media | {"schema": schema}}}


def _gateway(*statuses: int) -> Json:
    return {
        str(status): {
            "description": texts.GATEWAY[status],
            "content": {"application/json": {"schema": _GATEWAY_PROBLEM}},
        }
        for status in statuses
    }


def _merged(*parts: Json) -> Json:
    """Join what several say of each status."""
    statuses = sorted({status for part in parts for status in part})
    return {
        status: reduce(_joined, [part[status] for part in parts if status in part])
        for status in statuses
    }


def _joined(one: Json, other: Json) -> Json:
    """Either answer: its body is one of both schemas."""
    media = [response["content"]["application/json"] for response in (one, other)]
    schemas = [each for part in media for each in part["schema"].get("anyOf", [part["schema"]])]
    distinct = [each for at, each in enumerate(schemas) if each not in schemas[:at]]
    joined_media = {
        "schema": distinct[0] if len(distinct) == 1 else {"anyOf": distinct},
        "examples": media[0].get("examples", {}) | media[1].get("examples", {}),
    }
    joined = {
        "description": f"{one['description']}\n\n{other['description']}",
        "content": {"application/json": joined_media},
    }
    headers = one.get("headers", {}) | other.get("headers", {})
    return joined | ({"headers": headers} if headers else {})


def _schemas(paths: Json, made: Json) -> Json:
    """The schemas in use. What only answers have is always sent whole: Powertools omits nothing."""
    _, problems = models_json_schema(
        [(model, "serialization") for model in PROBLEMS], ref_template=REF + "{model}"
    )
    known = made | problems["$defs"]
    bodies = [o.get("requestBody") for path in paths.values() for o in path.values()]
    asked, used = reachable(bodies, known), reachable(paths, known)
    return {
        name: known[name]
        if name in asked or "properties" not in known[name]
        else known[name] | {"required": list(known[name]["properties"])}
        for name in sorted(used)
    }


def _tidy(node: Any) -> Any:
    """Leave out the titles that pydantic makes up; write whole numbers and Markdown as such."""
    if isinstance(node, dict):
        return {
            key: _tidy(value)
            for key, value in node.items()
            if not (key == "title" and isinstance(value, str))
        }
    if isinstance(node, list):
        return [_tidy(each) for each in node]
    if isinstance(node, str):
        return node.replace("``", "`")
    if isinstance(node, float) and node.is_integer():
        return int(node)
    return node


if __name__ == "__main__":
    write()
