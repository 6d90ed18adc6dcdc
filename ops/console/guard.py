"""What every request must be before anything is done for it, and what every answer carries.

Guards an operator's credentials from the other pages that they have open, and from the other users
of their machine: only a page of our own, under our own address and with this console's key, can
read or change anything (no rebound DNS name, no form or script of another origin, no program that
merely reaches the port). It runs nothing but its own files, and nobody can frame it or keep its
answers.
"""

import secrets
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ops.console.problems import Problem

#: What the page sends with every question and change: the console's key, where it has one. A script
#: of another origin can't send it, without our leave.
KEY_HEADER = "X-SCAI-Console"
#: Where a request's nonce for the page's styles is, in the ASGI scope's state.
NONCE = "style_nonce"
_READS = ("GET", "HEAD")

_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """Lets through what our own page asks; answers everything else itself."""

    def __init__(self, app: ASGIApp, key: str | None) -> None:
        self._app = app
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # the server's start and end
            await self._app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})[NONCE] = nonce

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = _policy(nonce)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = _refusal(scope, self._key)
        answer = refusal.as_response() if refusal else self._app
        await answer(scope, receive, send_guarded)


def _refusal(scope: Scope, key: str | None) -> Problem | None:
    """Why a request isn't let through, if it isn't."""
    headers = Headers(scope=scope)
    _, port = scope["server"]
    hosts = (f"127.0.0.1:{port}", f"localhost:{port}")
    if headers.get("host") not in hosts:
        return _refused("wrong_host", "The console answers under its own address only.", hosts[0])
    if scope["method"] not in _READS:
        return _refused_write(headers, hosts[0]) or _refused_key(headers, key)
    if not scope["path"].startswith("/api/"):
        return None  # the page and its files, which hold nothing: a link from elsewhere may open it
    return _refused_read(headers, hosts[0]) or _refused_key(headers, key)


def _refused_read(headers: Headers, address: str) -> Problem | None:
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return _refused("wrong_origin", "Another page asked for the console's data.", address)
    return None


def _refused_write(headers: Headers, address: str) -> Problem | None:
    own = f"http://{headers['host']}"
    foreign = headers.get("sec-fetch-site", "same-origin") != "same-origin"
    if foreign or headers.get("origin", own) != own:
        return _refused("wrong_origin", "Another page tried to change something.", address)
    if KEY_HEADER not in headers:
        return _refused("wrong_origin", f"A change needs the header {KEY_HEADER}.", address)
    if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return Problem(
            status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            code="wrong_media_type",
            message="A change is sent as application/json.",
            what_to_do="Send JSON with its Content-Type.",
        )
    return None


def _refused_key(headers: Headers, key: str | None) -> Problem | None:
    given = headers.get(KEY_HEADER, "")
    if key is None or secrets.compare_digest(given.encode(), key.encode()):
        return None
    return Problem(
        status=HTTPStatus.UNAUTHORIZED,
        code="wrong_key",
        message="This page was opened without this console's key.",
        what_to_do="Open the whole address that scai-ops console has printed, with its #key.",
    )


def _refused(code: str, message: str, address: str) -> Problem:
    return Problem(
        status=HTTPStatus.FORBIDDEN,
        code=code,
        message=message,
        what_to_do=f"Open http://{address} and do it there.",
    )


def _policy(nonce: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
