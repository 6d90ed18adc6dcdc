"""The table of what is served: method and path, the parameters accepted, the function that acts."""

from __future__ import annotations

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
    def parts(self) -> tuple[str, ...]:
        return tuple(self.path.strip("/").split("/"))


class Router:
    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._by_length: dict[tuple[str, int], list[Route]] = {}
        for route in self.routes:
            self._by_length.setdefault((route.method, len(route.parts)), []).append(route)

    def match(self, method: str, path: str) -> tuple[Route, list[str]]:
        """The route of a request, and the ids in its path; `search` is none of them."""
        if method == "GET" and path.strip("/") in SEARCHES:
            raise not_simulated("search; list with filters")
        given = path.strip("/").split("/")
        for route in self._by_length.get((method, len(given)), ()):
            pairs = list(zip(route.parts, given, strict=True))
            if all(part in ("{}", value) for part, value in pairs):
                return route, [value for part, value in pairs if part == "{}"]
        raise no_such_url(method, path)
