"""The table of what is served: method and path, the parameters accepted, the function that acts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from local.stripe_simulator.errors import no_such_url, not_simulated
from local.stripe_simulator.params import Spec
from local.stripe_simulator.store import Json

SEARCHES = {
    f"v1/{plural}/search"
    for plural in (
        "charges",
        "customers",
        "invoices",
        "payment_intents",
        "prices",
        "products",
        "subscriptions",
    )
}
Handler = Callable[..., Json]  # (world, params, *the path's ids) -> what to answer


@dataclass(frozen=True)
class Route:
    """One endpoint; `{}` in its path stands for an id."""

    method: str
    path: str
    handler: Handler
    spec: Spec

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        literals = self.path.strip("/").split("{}")
        return re.compile("([^/]*)".join(re.escape(literal) for literal in literals))


class Router:
    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._by_resource: dict[tuple[str, str], list[Route]] = {}
        for route in self.routes:
            resource = _resource(route.path.strip("/"))
            self._by_resource.setdefault((route.method, resource), []).append(route)

    def match(self, method: str, path: str) -> tuple[Route, list[str]]:
        """The route of a request, and the ids in its path; `search` is none of them."""
        given = path.strip("/")
        if method == "GET" and given in SEARCHES:
            raise not_simulated("search; list with filters")
        for route in self._by_resource.get((method, _resource(given)), ()):
            if found := route.pattern.fullmatch(given):
                return route, list(found.groups())
        raise no_such_url(method, path)


def _resource(path: str) -> str:
    """How a path begins, up to what may be an id: `v1/customers`."""
    return "/".join(path.split("/", 2)[:2])
