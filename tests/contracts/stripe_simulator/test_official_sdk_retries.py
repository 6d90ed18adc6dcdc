"""What the official SDK makes of Stripe's bad moments: it repeats, and nothing is done twice."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import httpx
import pytest
import stripe
from stripe import HTTPXClient, StripeClient

from tests.contracts.stripe_simulator.conftest import KEY
from tests.contracts.stripe_simulator.server import DEADLINE

# The SDK itself passes bytes in a way that httpx has come to frown on.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=")


class Unlucky:
    """A client to which a fault happens before it is used."""

    def __init__(self, address: str, patience: float = DEADLINE) -> None:
        self._address = address
        timeout = httpx.Timeout(DEADLINE, read=patience)
        self._http_client = HTTPXClient(timeout=timeout, allow_sync_methods=True)

    def close(self) -> None:
        self._http_client.close()

    def with_retries(self, count: int) -> StripeClient:
        return StripeClient(
            KEY,
            base_addresses={"api": self._address},
            http_client=self._http_client,
            max_network_retries=count,
        )

    def meets(self, kind: str, **rule: Any) -> None:
        fault = {"kind": kind, "method": "POST", "path": "/v1/customers", **rule}
        answer = httpx.post(f"{self._address}/_sim/faults", json=fault, timeout=DEADLINE)
        assert answer.status_code == 201

    def made(self, name: str) -> int:
        """How many customers of that name there are."""
        page = self.with_retries(0).v1.customers.list({"limit": 100})
        return sum(customer.name == name for customer in page.auto_paging_iter())


@pytest.fixture
def unlucky(address: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.001)
    monkeypatch.setattr(stripe.HTTPClient, "MAX_DELAY", 0.002)
    with closing(Unlucky(address)) as unlucky:
        yield unlucky
    httpx.delete(f"{address}/_sim/faults", timeout=DEADLINE)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("rate_limit", stripe.RateLimitError),
        ("lock_timeout", stripe.RateLimitError),
        ("idempotency_key_in_use", stripe.APIError),
        ("error_before", stripe.APIError),
        ("reset_before", stripe.APIConnectionError),
    ],
)
def test_without_retries_the_program_is_told(unlucky: Unlucky, kind: str, error: Any) -> None:
    unlucky.meets(kind)
    with pytest.raises(error):
        unlucky.with_retries(0).v1.customers.create({"name": kind})
    assert unlucky.made(kind) == 0


@pytest.mark.parametrize("kind", ["idempotency_key_in_use", "error_before", "reset_before"])
def test_what_was_not_done_is_done_by_the_retry(unlucky: Unlucky, kind: str) -> None:
    unlucky.meets(kind, times=2)
    unlucky.with_retries(2).v1.customers.create({"name": f"again after {kind}"})
    assert unlucky.made(f"again after {kind}") == 1


def test_what_was_done_unheard_is_not_done_again(unlucky: Unlucky) -> None:
    unlucky.meets("reset_after")
    customer = unlucky.with_retries(2).v1.customers.create({"name": "unheard"})
    assert customer.name == "unheard"
    assert unlucky.made("unheard") == 1


def test_an_answer_that_is_late_is_asked_for_again(
    unlucky: Unlucky, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too early the key is still in use: 409, and the SDK asks once more."""
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.3)
    monkeypatch.setattr(stripe.HTTPClient, "MAX_DELAY", 0.6)
    with closing(Unlucky(address, patience=1)) as impatient:
        impatient.meets("delay", seconds=1.4)
        impatient.with_retries(20).v1.customers.create({"name": "late"})
    assert unlucky.made("late") == 1


def test_a_500_that_was_answered_stays_the_answer(unlucky: Unlucky) -> None:
    unlucky.meets("error_after")
    with pytest.raises(stripe.APIError):
        unlucky.with_retries(2).v1.customers.create({"name": "half done"})
    assert unlucky.made("half done") == 1


def test_a_rate_limit_is_retried_only_if_stripe_says_so(unlucky: Unlucky) -> None:
    unlucky.meets("rate_limit", should_retry=True)
    unlucky.with_retries(1).v1.customers.create({"name": "told to retry"})
    assert unlucky.made("told to retry") == 1
    unlucky.meets("rate_limit")
    with pytest.raises(stripe.RateLimitError):
        unlucky.with_retries(1).v1.customers.create({"name": "not told"})
    unlucky.meets("error_before", should_retry=False)
    with pytest.raises(stripe.APIError):
        unlucky.with_retries(1).v1.customers.create({"name": "not told"})
    assert unlucky.made("not told") == 0
