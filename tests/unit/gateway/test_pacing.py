"""The pace of calls: steady, and no faster than it is set."""

import pytest

from billing.gateway.paced_gateway import PacedGateway
from billing.pacing import Pacer
from tests.support.api import EnginePorts


class Time:
    """Time that passes only by sleeping, and by what a test lets pass."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


def test_calls_one_after_another_wait_for_their_turn(time: Time) -> None:
    pacer = Pacer(10, time.monotonic, time.sleep)

    for _ in range(21):
        pacer.wait()

    assert time.now == pytest.approx(102.0)
    assert time.slept == pytest.approx([0.1] * 20)


def test_a_call_that_comes_late_does_not_wait_and_saves_nothing_up(time: Time) -> None:
    pacer = Pacer(10, time.monotonic, time.sleep)
    pacer.wait()
    time.now += 60

    pacer.wait()
    assert time.slept == []

    pacer.wait()
    assert time.slept == pytest.approx([0.1])


def test_every_call_of_the_gateway_waits_its_turn(aws: None, time: Time) -> None:
    ports = EnginePorts()
    pacer = Pacer(4, time.monotonic, time.sleep)
    gateway = PacedGateway(ports.secrets, ports.settings.stripe_api_base, pacer, ports.wire)

    gateway.subscriptions_page(None)
    gateway.events_page(["invoice.paid"], 0, 1, None)
    gateway.prices(["standard_monthly"])

    assert time.slept == pytest.approx([0.25, 0.25])
