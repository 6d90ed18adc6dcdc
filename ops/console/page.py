"""Serves the page as ``make`` has built it: its files, and one document for every address of it."""

from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from ops.console.guard import NONCE

BUILT = Path(__file__).parent / "web" / "dist"
#: What stands in the built document for the nonce of its styles.
_PLACEHOLDER = "STYLE_NONCE"
_NOT_BUILT = "<!doctype html><title>Console</title><p>The page isn't built yet: make console"


def page_router(built: Path) -> APIRouter:
    """The page under every address that isn't the API's."""
    router = APIRouter(include_in_schema=False)
    router.mount("/assets", StaticFiles(directory=built / "assets", check_dir=False))

    @router.get("/{path:path}")
    def page(request: Request, path: str) -> HTMLResponse:
        if path.partition("/")[0] in ("api", "assets"):
            raise HTTPException(HTTPStatus.NOT_FOUND, f"There is no /{path}.")
        document = built / "index.html"
        if not document.exists():
            return HTMLResponse(_NOT_BUILT, HTTPStatus.SERVICE_UNAVAILABLE)
        nonce = request.scope["state"][NONCE]
        return HTMLResponse(document.read_text("utf-8").replace(_PLACEHOLDER, nonce))

    return router
