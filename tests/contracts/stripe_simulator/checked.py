"""Accounts on which everything that is served was used, each answer checked as it came."""

from __future__ import annotations

from functools import cache

from stripe import ErrorObject

from local.stripe_simulator.engine import Response
from local.stripe_simulator.registry import ROUTER
from tests.contracts.stripe_simulator.shapes import Json, check, check_as
from tests.contracts.stripe_simulator.usage import TOPICS
from tests.unit.stripe_simulator.account import Account

# Of no SDK, so there is no class to hold it to: `test_cli_listen` holds it to the CLI itself.
OF_THE_CLI = {"/v1/stripecli/sessions"}


class CheckedAccount(Account):
    """An account whose every answer is checked, and which remembers what was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[tuple[str, str]] = set()

    def request(self, method: str, path: str, params: Json | str, **headers: str) -> Response:
        response = super().request(method, path, params, **headers)
        body = response.json()
        if response.status == 200:
            self.asked.add((method, _pattern(path)))
            assert path in OF_THE_CLI or check(body) == [], path
        else:
            assert list(body) == ["error"]
            assert check_as(body["error"], ErrorObject) == [], path
        return response

    def stored(self) -> list[Json]:
        """Every object of every kind that it has, events too."""
        return [obj for obj in self.engine.world.store._objects.values() if not obj.get("deleted")]


def _pattern(path: str) -> str:
    """The route of a path: `payment_methods` and the like are no ids."""
    words = {part for route in ROUTER.routes for part in route.path.split("/")}
    return "/".join("{}" if part and part not in words else part for part in path.split("/"))


@cache
def used(topic: str) -> CheckedAccount:
    """An account of its own, on which everything that belongs to a topic was used."""
    stripe = CheckedAccount()
    TOPICS[topic].use(stripe)
    return stripe
