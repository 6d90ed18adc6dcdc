"""Puts the console together: the guard, the API over ``ops``, and the page.

``create_app`` is what is served; ``api`` alone is what the page's client is generated from.
"""

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from ops.console.dependencies import leave_of
from ops.console.guard import Guard
from ops.console.page import BUILT, page_router
from ops.console.problems import Problem, handle_problems
from ops.console.routes import ROUTERS
from ops.target import Target

_PROBLEM: dict[int | str, dict[str, Any]] = {
    "default": {"model": Problem, "description": "What is wrong, and what to do about it."}
}


def create_app(
    target: Target, *, allow_writes: bool, key: str | None, built: Path = BUILT
) -> Guard:
    """The console of a stack. On AWS nothing can be changed unless ``allow_writes``.

    Who doesn't show the ``key`` sees nothing. There need be none for a stack that is open to
    everybody on this machine by itself.
    """
    app = api()
    app.state.target = target
    app.state.leave = leave_of(target, allow_writes=allow_writes)
    app.include_router(page_router(built))
    return Guard(app, key)


def api() -> FastAPI:
    """The console's API, with its OpenAPI document."""
    app = FastAPI(
        title="SCAI Billing operations",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        generate_unique_id_function=_operation_id,
        responses=_PROBLEM,
    )
    handle_problems(app)
    for router in ROUTERS:
        app.include_router(router, prefix="/api")
    return app


def _operation_id(route: APIRoute) -> str:
    """The page's function for a route is named as the route's own is."""
    return route.name
