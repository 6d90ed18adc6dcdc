"""Writes ``docs/events/``: the facts' JSON Schemas and the AsyncAPI document, from the contracts.

``make schemas`` runs it. Guards that the documents say what is sent: a test compares the two.
The dialect is draft-07, the newest that AsyncAPI 3.0's own tools read.
"""

import inspect
import json
from pathlib import Path
from typing import Any, get_args

import yaml

from billing.contracts.facts import SCHEMA_VERSION, SOURCE, FactEnvelope, FactEvent

DIALECT = "http://json-schema.org/draft-07/schema#"
FOLDER = Path(__file__).resolve().parents[1] / "docs" / "events"

Json = dict[str, Any]


def documents() -> dict[str, str]:
    """Every document's text, by its path under ``docs/events/``."""
    schemas = {_path(model): _schema(model) for model in contracts()}
    rendered = {path: json.dumps(schema, indent=2) + "\n" for path, schema in schemas.items()}
    return rendered | {"asyncapi.yaml": yaml.safe_dump(_asyncapi(), sort_keys=False, width=100)}


def contracts() -> tuple[type[FactEnvelope], ...]:
    """The contract of each fact type."""
    union, _discriminator = get_args(FactEvent)
    models: tuple[type[FactEnvelope], ...] = get_args(union)
    return models


def write(folder: Path = FOLDER) -> None:
    """Write them all, and remove the schemas of this version that no contract has any more."""
    texts = documents()
    for path in folder.glob(f"v{SCHEMA_VERSION}/*.schema.json"):
        if path.relative_to(folder).as_posix() not in texts:
            path.unlink()
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _path(model: type[FactEnvelope]) -> str:
    return f"v{SCHEMA_VERSION}/{model.__name__}.schema.json"


def _schema(model: type[FactEnvelope]) -> Json:
    """As a consumer reads it: what a version has added since has a default, and may be missing.

    And none is closed, so that a consumer with an older copy takes what was added.
    """
    schema = model.model_json_schema(ref_template="#/definitions/{model}")
    definitions = schema.pop("$defs", {})
    named = {
        "$schema": DIALECT,
        "$id": f"urn:scai:billing:v{SCHEMA_VERSION}:{model.__name__}",
        **schema,
    }
    opened: Json = _opened(named | ({"definitions": definitions} if definitions else {}))
    documented: Json = _plain_text(opened)
    return documented


def _asyncapi() -> Json:
    names = [model.__name__ for model in contracts()]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "SCAI Billing: facts",
            "version": f"{SCHEMA_VERSION}.0.0",
            "description": (
                "What changed in a customer's billing, for the rest of the product. Delivery is at"
                " least once: the same fact has the same `id`, so remember the ids that you have"
                " seen. Order is not kept: a user's facts chain by `version`. README.md, beside"
                " this document, says what a consumer must know."
            ),
        },
        "defaultContentType": "application/json",
        "channels": {
            "billingBus": {
                "address": None,
                "title": "The stack's own EventBridge bus",
                "description": (
                    "Its name is the stack's output EventBusName. A rule on it selects facts by"
                    f" `source` ({SOURCE}) and by `detail-type` (the fact's type); the payloads"
                    " below are the event's `detail`."
                ),
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
            }
        },
        "operations": {
            "tellFacts": {
                "action": "send",
                "channel": {"$ref": "#/channels/billingBus"},
                "title": "Tell what changed",
                "description": (
                    "Committed with the record in one transaction and published from the ledger's"
                    " stream: at least once, in no order."
                ),
                "messages": [{"$ref": f"#/channels/billingBus/messages/{name}"} for name in names],
            }
        },
        "components": {"messages": {model.__name__: _message(model) for model in contracts()}},
    }


def _message(model: type[FactEnvelope]) -> Json:
    summary, _, details = _plain_text(inspect.getdoc(model) or "").partition("\n\n")
    return {
        "name": model.__name__,
        "title": model.__name__,
        "summary": " ".join(summary.split()),
        "description": " ".join(details.split()),
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-07",
            "schema": {"$ref": f"./{_path(model)}"},
        },
        "x-eventbridge": {"source": SOURCE, "detail-type": model.__name__},
    }


def _opened(value: Any) -> Any:
    if isinstance(value, dict):
        closed = ("additionalProperties", False)
        return {name: _opened(inner) for name, inner in value.items() if (name, inner) != closed}
    return [_opened(inner) for inner in value] if isinstance(value, list) else value


def _plain_text(value: Any) -> Any:
    """The docstrings' double backticks as Markdown has them."""
    if isinstance(value, dict):
        return {name: _plain_text(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain_text(inner) for inner in value]
    return value.replace("``", "`") if isinstance(value, str) else value


if __name__ == "__main__":
    write()
