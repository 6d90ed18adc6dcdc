"""``GET /openapi.json`` and ``GET /docs``: the API's document, and the same for people. Public.

The document is ``openapi.json`` beside this file, as ``make openapi`` writes it. The page is
Swagger UI as Powertools ships it. Guards that nothing else runs there: the page is whole in itself,
and its Content-Security-Policy names each script and style by its hash.
"""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.content_types import APPLICATION_JSON, TEXT_HTML
from aws_lambda_powertools.event_handler.openapi import swagger_ui
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

router = APIGatewayHttpRouter()

DOCUMENT = Path(__file__).with_name("openapi.json")

CACHED = "public, max-age=300"

# Nothing to choose among one server, no links, room between lines; what is wide scrolls by itself.
_STYLE = """
body { margin: 0; background: #fff; }
html.dark-mode body { background: #1c2022; }
.swagger-ui .info { margin: 24px 0; }
.swagger-ui .info .renderedMarkdown p { max-width: 80ch; margin-inline: 0; line-height: 1.6; }
.swagger-ui .info .renderedMarkdown code { padding: 1px 4px; }
.swagger-ui .scheme-container .schemes .schemes-server-container { display: none; }
.swagger-ui .response-col_links { display: none; }
html.dark-mode .swagger-ui table.headers td { color: inherit; }
.swagger-ui .opblock-body { overflow-x: auto; }
"""

# The address is relative: the API may sit under a path of its own.
_START = """
document.documentElement.classList.toggle(
  "dark-mode", matchMedia("(prefers-color-scheme: dark)").matches);
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
});
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>SCAI Billing API</title>
<link rel="icon" href="data:,">
{styles}
</head>
<body>
<div id="swagger-ui"></div>
{scripts}
</body>
</html>
"""


def _answers(content_type: str, schema_type: str) -> dict[int, OpenAPIResponse]:
    success: OpenAPIResponse = {
        "description": "Success",
        "content": {content_type: {"schema": {"type": schema_type}}},
    }
    return {200: success}


@router.get(
    "/openapi.json",
    compress=True,
    cache_control=CACHED,
    responses=_answers(APPLICATION_JSON, "object"),
)
def openapi_document() -> Response[str]:
    """Give this document."""
    return Response(200, APPLICATION_JSON, _document(), headers={"Vary": "Accept-Encoding"})


@router.get("/docs", compress=True, cache_control=CACHED, responses=_answers(TEXT_HTML, "string"))
def docs() -> Response[str]:
    """Show this document as a page, from which requests can be tried."""
    page, policy = _page()
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Vary": "Accept-Encoding",
    }
    return Response(200, f"{TEXT_HTML}; charset=utf-8", page, headers=headers)


@cache
def _document() -> str:
    return DOCUMENT.read_text(encoding="utf-8")


@cache
def _page() -> tuple[str, str]:
    """The page and the policy that lets it work."""
    styles = [_shipped("swagger-ui.min.css"), _STYLE]
    scripts = [_shipped("swagger-ui-bundle.min.js"), _START]
    page = _PAGE.format(styles=_inlined("style", styles), scripts=_inlined("script", scripts))
    policy = {
        "default-src": "'none'",
        "script-src": _hashes(scripts),
        "style-src": _hashes(styles),
        "img-src": "data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return page, "; ".join(f"{name} {sources}" for name, sources in policy.items())


def _shipped(name: str) -> str:
    return (files(swagger_ui) / name).read_text(encoding="utf-8")


def _inlined(tag: str, texts: list[str]) -> str:
    return "\n".join(f"<{tag}>{text}</{tag}>" for text in texts)


def _hashes(texts: list[str]) -> str:
    digests = (b64encode(sha256(text.encode()).digest()).decode() for text in texts)
    return " ".join(f"'sha256-{digest}'" for digest in digests)
