"""Guards that no page of another site changes anything here through a visitor's browser.

Browsers say where a request comes from (`Sec-Fetch-Site`, `Origin`); programs don't, and may.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Endpoint = Callable[[Request], Awaitable[Response]]


def changing(path: str, endpoint: Endpoint, method: str = "POST") -> Route:
    """The route of something that changes the account: not for other sites' pages."""

    async def guarded(request: Request) -> Response:
        if is_foreign(request):
            detail = "Pages of another site may not use the local Stripe."
            return JSONResponse({"detail": detail}, status_code=403)
        return await endpoint(request)

    return Route(path, guarded, methods=[method])


def is_foreign(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin not in (None, f"{request.url.scheme}://{request.url.netloc}")
