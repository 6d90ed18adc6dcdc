"""A failed payment opens dunning once, and one execution waits for the end of grace."""

import pytest

from billing.timestamps import iso8601
from payment_failure.record_failure import record_failure
from renew.record_payment import record_payment
from tests.support.aws import FakePorts
from tests.support.builders import NOW
from tests.support.lifecycle import (
    EXECUTION,
    customer_known,
    payment_fails,
    payment_succeeds,
    request_of,
    stored,
    told,
)

FAILED = "invoice.payment_failed"
FINALIZED = NOW - 10
GRACE_ENDS = FINALIZED + 7 * 86_400


@pytest.fixture(autouse=True)
def _known(ports: FakePorts) -> None:
    customer_known(ports)


def test_the_first_failure_waits_until_grace_ends(ports: FakePorts) -> None:
    output = record_failure(request_of(ports, FAILED, payment_fails(ports)), ports)

    assert (output.outcome, output.until) == ("waiting", iso8601(GRACE_ENDS))
    assert "PaymentFailed:in_1:1" in output.facts
    dunning = stored(ports).dunning
    assert dunning is not None
    assert (dunning.invoice_id, dunning.execution, dunning.until) == ("in_1", EXECUTION, GRACE_ENDS)


def test_the_deadline_is_written_as_step_functions_reads_it(ports: FakePorts) -> None:
    output = record_failure(request_of(ports, FAILED, payment_fails(ports)), ports)

    assert output.until == "2026-06-04T20:26:30Z"


def test_the_failure_alone_changes_no_access(ports: FakePorts) -> None:
    """The subscription's status decides, and its own event tells that."""
    output = record_failure(request_of(ports, FAILED, payment_fails(ports)), ports)

    assert told(output) == ["PaymentFailed"]
    assert stored(ports).access_level == "full"


def test_a_further_failed_attempt_is_recorded_and_doesnt_wait(ports: FakePorts) -> None:
    first = payment_fails(ports)
    record_failure(request_of(ports, FAILED, first), ports)

    second = first | {"attempt_count": 2}
    output = record_failure(request_of(ports, FAILED, second, "another", id="evt_2"), ports)

    assert output.outcome == "applied"
    assert output.facts == ("PaymentFailed:in_1:2",)
    dunning = stored(ports).dunning
    assert dunning is not None
    assert (dunning.execution, dunning.until) == (EXECUTION, GRACE_ENDS)


def test_run_again_it_still_waits(ports: FakePorts) -> None:
    request = request_of(ports, FAILED, payment_fails(ports))
    first = record_failure(request, ports)

    assert record_failure(request, ports) == first


def test_a_failure_that_is_told_after_the_payment_waits_for_nothing(ports: FakePorts) -> None:
    failed = payment_fails(ports)
    paid = request_of(ports, "invoice.paid", payment_succeeds(ports), id="evt_2")
    record_payment(paid, ports)

    output = record_failure(request_of(ports, FAILED, failed), ports)

    assert (output.outcome, output.until) == ("applied", None)
    assert stored(ports).dunning is None


def test_a_wanted_confirmation_is_told(ports: FakePorts) -> None:
    invoice = payment_fails(ports)

    output = record_failure(request_of(ports, "invoice.payment_action_required", invoice), ports)

    assert "PaymentActionRequired:in_1:1" in output.facts
