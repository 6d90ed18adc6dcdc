"""The official Python SDK on the simulator in all the ways in which programs use it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import Any

import pytest
from stripe import HTTPXClient, StripeClient

from local.stripe_simulator.engine import Engine
from local.stripe_simulator.inprocess import EngineClient
from tests.contracts.stripe_simulator.server import served

KEY = "sk_test_sdk"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as url:
        yield url


class Awaiting:
    """Calls the asynchronous twin of each method that has one, and waits for it."""

    def __init__(self, target: Any, runner: asyncio.Runner) -> None:
        self._target = target
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        twin = getattr(self._target, f"{name}_async", None)
        if twin is not None:
            return lambda *args, **kwargs: self._runner.run(twin(*args, **kwargs))
        return Awaiting(getattr(self._target, name), self._runner)


@pytest.fixture(params=["http", "in process", "async"])
def client(request: pytest.FixtureRequest, address: str) -> Iterator[Any]:
    if request.param == "http":
        yield StripeClient(KEY, base_addresses={"api": address})
    elif request.param == "in process":
        yield StripeClient(KEY, http_client=EngineClient(Engine(rng=random.Random(3))))
    else:
        http_client = HTTPXClient(allow_sync_methods=True)  # for what has no twin: turning pages
        with asyncio.Runner() as runner:
            target = StripeClient(KEY, base_addresses={"api": address}, http_client=http_client)
            yield Awaiting(target, runner)
            runner.run(http_client.close_async())
        http_client.close()
