"""Faults of time and of the connection, as a client meets them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
import stripe

from local.stripe_simulator.engine import Engine
from local.stripe_simulator.faults import Fault
from tests.contracts.stripe_simulator.server import DEADLINE, served
from tests.support.waiting import eventually

KEY = {"Idempotency-Key": "op-1"}
DELAY = 2.0  # what is to happen meanwhile takes milliseconds


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def http(engine: Engine) -> Iterator[httpx.Client]:
    headers = {"Authorization": "Bearer sk_test_faults"}
    with (
        served(engine) as url,
        httpx.Client(base_url=url, headers=headers, timeout=DEADLINE) as client,
    ):
        yield client


def create(http: httpx.Client, patience: float = DEADLINE) -> httpx.Response:
    timeout = httpx.Timeout(DEADLINE, read=patience)
    return http.post("/v1/products", data={"name": "Standard"}, headers=KEY, timeout=timeout)


def made(http: httpx.Client) -> int:
    return len(http.get("/v1/products").json()["data"])


@contextmanager
def delayed(engine: Engine, http: httpx.Client) -> Iterator[Future[httpx.Response]]:
    """A request that has come in and is being delayed."""
    engine.faults.add(Fault("delay", "POST", seconds=DELAY))
    with ThreadPoolExecutor(1) as pool:
        request = pool.submit(create, http)
        eventually(lambda: not any(engine.faults))
        yield request


def test_a_second_request_with_the_key_of_one_in_progress_is_a_conflict(
    engine: Engine, http: httpx.Client
) -> None:
    with delayed(engine, http) as first:
        second = create(http)
    assert first.result().status_code == 200
    assert second.status_code == 409
    assert second.json()["error"]["code"] == "idempotency_key_in_use"
    assert made(http) == 1


def test_a_delayed_request_does_not_hold_up_others(engine: Engine, http: httpx.Client) -> None:
    with delayed(engine, http) as request:
        assert made(http) == 0
        assert not request.done()
    assert request.result().status_code == 200


def test_what_a_client_did_not_wait_for_happens_all_the_same(
    engine: Engine, http: httpx.Client
) -> None:
    engine.faults.add(Fault("delay", seconds=DELAY))
    with pytest.raises(httpx.ReadTimeout):
        create(http, patience=0.1)
    eventually(lambda: not any(engine.faults))  # it has come in, before the next

    def answer() -> httpx.Response | None:
        again = create(http)
        return again if again.status_code != 409 else None

    assert eventually(answer).headers["idempotent-replayed"] == "true"
    assert made(http) == 1


@pytest.mark.parametrize(("kind", "effects"), [("reset_before", 0), ("reset_after", 1)])
def test_a_connection_is_really_reset(
    engine: Engine, http: httpx.Client, kind: str, effects: int
) -> None:
    engine.faults.add(Fault(kind))  # type: ignore[arg-type]
    with pytest.raises(httpx.ReadError):
        create(http)
    assert made(http) == effects


def test_the_official_sdk_comes_through_a_reset_without_doing_things_twice(
    engine: Engine, http: httpx.Client
) -> None:
    engine.faults.add(Fault("reset_after"))
    client = stripe.StripeClient(
        "sk_test_faults",
        base_addresses={"api": str(http.base_url).rstrip("/")},
        max_network_retries=1,
    )
    client.v1.products.create({"name": "Standard"})
    assert made(http) == 1
