"""When a delivery is retried, and when it is given up."""

from collections.abc import Callable

import pytest

from local.embedded_aws.delivery import DeliveryError, Failure, deliver
from tests.integration.embedded_aws.account import Json


class Deliveries:
    """Run a delivery with all its retries at once, and remember what happened."""

    def __init__(self, *outcomes: Exception | None):
        self.outcomes = list(outcomes)
        self.sent = 0
        self.pauses: list[float] = []
        self.failures: list[Failure] = []

    def run(self, policy: Json) -> "Deliveries":
        deliver(self._send, policy, give_up=self.failures.append, later=self._later)
        return self

    def _send(self) -> None:
        self.sent += 1
        if outcome := self.outcomes.pop(0):
            raise outcome

    def _later(self, pause: float, action: Callable[[], None]) -> None:
        self.pauses.append(pause)
        action()


def busy() -> DeliveryError:
    return DeliveryError("THROTTLING", "later", retryable=True)


def test_a_delivery_that_succeeds_on_a_retry_is_not_given_up() -> None:
    deliveries = Deliveries(busy(), RuntimeError("?"), None).run({"MaximumRetryAttempts": 5})
    assert (deliveries.sent, deliveries.failures) == (3, [])
    assert deliveries.pauses == sorted(set(deliveries.pauses))


def test_a_delivery_is_given_up_after_the_policys_retries() -> None:
    deliveries = Deliveries(*[busy() for _ in range(3)]).run({"MaximumRetryAttempts": 2})
    (failure,) = deliveries.failures
    assert (failure.attempts, failure.exhausted) == (2, "MaximumRetryAttempts")


def test_a_delivery_is_given_up_when_the_event_is_too_old() -> None:
    deliveries = Deliveries(busy()).run({"MaximumEventAgeInSeconds": -1})
    assert [failure.exhausted for failure in deliveries.failures] == ["MaximumEventAgeInSeconds"]


@pytest.mark.parametrize("code", ["NO_RESOURCE", "NO_PERMISSIONS"])
def test_an_error_that_a_retry_cannot_heal_is_given_up_at_once(code: str) -> None:
    deliveries = Deliveries(DeliveryError(code, "never")).run({})
    (failure,) = deliveries.failures
    assert (failure.attempts, failure.exhausted, deliveries.pauses) == (0, None, [])
