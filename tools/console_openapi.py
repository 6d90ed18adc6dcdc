"""Writes ``ops/console/web/openapi.json``, which the console's page is built with.

``make console`` runs it. Guards that the page and the server agree: a test compares.
"""

import json
from pathlib import Path
from typing import Any

from ops.console.app import api
from tools.references import reachable

Json = dict[str, Any]

DOCUMENT = Path(__file__).resolve().parents[1] / "ops" / "console" / "web" / "openapi.json"


def document() -> str:
    """Render the document. What only answers have is always sent whole, so it is required."""
    made = api().openapi()
    schemas: Json = made["components"]["schemas"]
    bodies = [o.get("requestBody") for path in made["paths"].values() for o in path.values()]
    asked = reachable(bodies, schemas)
    for name, schema in schemas.items():
        if name not in asked and "properties" in schema:
            schema["required"] = list(schema["properties"])
    return json.dumps(_untitled(made), indent=2, ensure_ascii=False) + "\n"


def _untitled(node: Any) -> Any:
    """Leave out the titles that pydantic makes up."""
    if isinstance(node, dict):
        return {
            key: _untitled(value)
            for key, value in node.items()
            if not (key == "title" and isinstance(value, str))
        }
    return [_untitled(each) for each in node] if isinstance(node, list) else node


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
