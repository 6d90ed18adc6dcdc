"""At the end of grace Stripe is asked once more before access is taken away."""

import pytest

from billing.contracts.steps import CheckPaymentInput, FailureOutput
from billing.contracts.stripe_objects import StripeSubscription
from billing.domain.errors import StripeUnavailable
from billing.gateway.fetched import Fetched
from billing.store.ledger import Failure
from billing.timestamps import iso8601
from payment_failure.check_payment import check_payment
from payment_failure.record_failure import record_failure
from tests.support.aws import FakePorts, facts, ledger_item
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
from upgrade.record_change import record_change

GRACE = 7 * 86_400


def check(ports: FakePorts, execution: str = EXECUTION) -> FailureOutput:
    request = CheckPaymentInput(
        event_id="evt_1", execution=execution, user_id="user_1", customer_id="cus_1"
    )
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


def test_a_node_whose_clock_is_behind_gives_no_grace_back(ports: FakePorts) -> None:
    """Nobody waits for the end of grace any more, so nobody would take it away again."""
    dunning = stored(ports).dunning
    assert dunning is not None
    ports.clock.now = dunning.until
    check(ports)

    ports.clock.advance(-5)
    third_try = payment_fails(ports) | {"attempt_count": 3}
    record_failure(request_of(ports, "invoice.payment_failed", third_try, id="evt_3"), ports)

    assert stored(ports).access_level == "restricted"


def test_a_payment_whose_event_was_lost_is_seen(ports: FakePorts) -> None:
    payment_succeeds(ports)
    ports.clock.advance(GRACE)

    assert check(ports) == FailureOutput(outcome="recovered")
    assert stored(ports).access_level == "full"


def test_too_early_it_waits_on(ports: FakePorts) -> None:
    dunning = stored(ports).dunning
    assert dunning is not None

    assert check(ports) == FailureOutput(outcome="waiting", until=iso8601(dunning.until))


def test_where_grace_ends_while_stripe_is_asked_it_looks_again(
    ports: FakePorts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would end having announced nothing."""
    dunning = stored(ports).dunning
    assert dunning is not None
    ports.clock.now = dunning.until - 1
    answer = ports.stripe.subscription

    def slowly(subscription_id: str) -> Fetched[StripeSubscription]:
        ports.clock.advance(2)
        return answer(subscription_id)

    monkeypatch.setattr(ports.stripe, "subscription", slowly)

    assert check(ports).outcome == "waiting"
    assert check(ports).outcome == "restricted"
    assert stored(ports).access_level == "restricted"


def test_a_debt_that_stripe_holds_against_nobody_restricts_nothing(ports: FakePorts) -> None:
    """An account may leave subscriptions active whatever is unpaid, as where invoices are sent."""
    ports.stripe.put(subscription_json(status="active"))
    ports.clock.advance(GRACE)

    assert check(ports) == FailureOutput(outcome="applied")
    assert (stored(ports).access_level, stored(ports).dunning is None) == ("full", False)


def test_a_debt_that_another_execution_waits_for_is_left_to_it(ports: FakePorts) -> None:
    ports.clock.advance(GRACE)

    assert check(ports, execution="another") == FailureOutput(outcome="applied")


def test_a_debt_that_ended_with_the_subscription_is_not_recovered_from(ports: FakePorts) -> None:
    ports.stripe.put(subscription_json(status="canceled"))
    ports.clock.advance(GRACE)

    assert check(ports) == FailureOutput(outcome="applied")
    assert stored(ports).access_level == "none"


def test_a_failure_after_the_event_was_done_is_listed_until_the_check_succeeds(
    ports: FakePorts,
) -> None:
    ports.clock.advance(GRACE)
    failure = Failure(
        execution=EXECUTION,
        status="FAILED",
        error="StripeUnavailable",
        cause="503",
        redrive_count=0,
        at=ports.now() * 1000,
    )
    assert ports.ledger.mark_failed("evt_1", failure)
    assert ledger_item("evt_1")["attention"] == "failed"
    assert ledger_item("evt_1")["outcome"] == "applied", "the event itself was"

    check(ports)

    assert "attention" not in ledger_item("evt_1")
    assert not ports.ledger.mark_failed("evt_1", failure), "a late hint"


def test_a_paid_debt_whose_past_due_word_comes_late_restricts_nobody(ports: FakePorts) -> None:
    """It was held up for minutes: newer than the record, and yet not the truth any more."""
    payment_succeeds(ports)
    check(ports)
    ports.clock.advance(600)
    late = subscription_json(status="past_due")

    record_change(
        request_of(
            ports, "customer.subscription.updated", late, id="evt_late", created=ports.now()
        ),
        ports,
    )

    assert stored(ports).access_level == "full"


def test_while_stripe_is_down_access_stays(ports: FakePorts) -> None:
    ports.clock.advance(GRACE)
    ports.stripe.failure = StripeUnavailable("503")

    with pytest.raises(StripeUnavailable):
        check(ports)

    assert stored(ports).access_level == "grace"
