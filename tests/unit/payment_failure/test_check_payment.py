"""At the end of grace Stripe is asked once more before access is taken away."""

import pytest

from billing.contracts.steps import CheckPaymentInput, FailureOutput
from billing.domain.errors import StripeUnavailable
from billing.timestamps import iso8601
from payment_failure.check_payment import check_payment
from payment_failure.record_failure import record_failure
from tests.support.aws import FakePorts, facts
from tests.support.builders import a_subscription
from tests.support.lifecycle import (
    EXECUTION,
    customer_known,
    payment_fails,
    payment_succeeds,
    request_of,
    stored,
)
from tests.support.stripe import subscription_json

GRACE = 7 * 86_400


def check(ports: FakePorts, execution: str = EXECUTION) -> FailureOutput:
    request = CheckPaymentInput(execution=execution, user_id="user_1", customer_id="cus_1")
    return check_payment(request, ports)


@pytest.fixture(autouse=True)
def _in_dunning(ports: FakePorts) -> None:
    customer_known(ports, subscription=a_subscription(status="past_due"))
    record_failure(request_of(ports, "invoice.payment_failed", payment_fails(ports)), ports)


def test_a_debt_that_stands_restricts_access_and_tells_it_once(ports: FakePorts) -> None:
    ports.clock.advance(GRACE)

    assert check(ports) == FailureOutput(outcome="restricted")
    assert check(ports) == FailureOutput(outcome="restricted")

    assert stored(ports).access_level == "restricted"
    levels = [fact["after"]["level"] for fact in facts() if fact["type"] == "AccessChanged"]
    assert sorted(levels) == ["grace", "restricted"]


def test_a_payment_whose_event_was_lost_is_seen(ports: FakePorts) -> None:
    payment_succeeds(ports)
    ports.clock.advance(GRACE)

    assert check(ports) == FailureOutput(outcome="recovered")
    assert stored(ports).access_level == "full"


def test_too_early_it_waits_on(ports: FakePorts) -> None:
    dunning = stored(ports).dunning
    assert dunning is not None

    assert check(ports) == FailureOutput(outcome="waiting", until=iso8601(dunning.until))


def test_a_debt_that_another_execution_waits_for_is_left_to_it(ports: FakePorts) -> None:
    ports.clock.advance(GRACE)

    assert check(ports, execution="another") == FailureOutput(outcome="applied")


def test_a_debt_that_ended_with_the_subscription_is_not_recovered_from(ports: FakePorts) -> None:
    ports.stripe.put(subscription_json(status="canceled"))
    ports.clock.advance(GRACE)

    assert check(ports) == FailureOutput(outcome="applied")
    assert stored(ports).access_level == "none"


def test_while_stripe_is_down_access_stays(ports: FakePorts) -> None:
    ports.clock.advance(GRACE)
    ports.stripe.failure = StripeUnavailable("503")

    with pytest.raises(StripeUnavailable):
        check(ports)

    assert stored(ports).access_level == "grace"
