"""What was bought once counts from its payment to its reversal."""

from typing import Any

import pytest

from billing.contracts.steps import LifecycleOutput
from purchase.record_purchase import record_purchase
from tests.support.aws import FakePorts
from tests.support.builders import a_purchase
from tests.support.lifecycle import customer_known, request_of, stored, told
from tests.support.stripe import session_json

SESSION = session_json(id="cs_1", mode="payment", subscription=None, payment_intent="pi_1")
REFUNDED_CHARGE = {"id": "ch_1", "object": "charge", "customer": "cus_1", "payment_intent": "pi_1"}
DISPUTE = {"id": "du_1", "object": "dispute", "charge": "ch_1", "payment_intent": "pi_1"}
REFUND = {"id": "re_1", "object": "refund", "charge": "ch_1", "payment_intent": "pi_1"}


def record(
    ports: FakePorts, type_: str, stripe_object: dict[str, Any], **truth: Any
) -> LifecycleOutput:
    """Let a purchase stand so at Stripe, and apply an event about it."""
    ports.stripe.put_purchase(a_purchase(**truth))
    return record_purchase(request_of(ports, type_, stripe_object, id=f"evt_{type_}"), ports)


@pytest.fixture(autouse=True)
def _known(ports: FakePorts) -> None:
    customer_known(ports)


def test_a_paid_session_completes_the_purchase(ports: FakePorts) -> None:
    output = record(ports, "checkout.session.completed", SESSION)

    assert output.facts == ("PurchaseCompleted:pi_1",)
    assert stored(ports).purchases["pi_1"].status == "paid"


def test_a_delayed_payment_completes_it_when_it_arrives(ports: FakePorts) -> None:
    waiting = record(ports, "checkout.session.completed", SESSION, status="pending")
    assert told(waiting) == []

    arrived = record(ports, "checkout.session.async_payment_succeeded", SESSION)

    assert told(arrived) == ["PurchaseCompleted"]


def test_a_delayed_payment_that_fails_completes_nothing(ports: FakePorts) -> None:
    output = record(ports, "checkout.session.async_payment_failed", SESSION, status="failed")

    assert (output.outcome, told(output)) == ("applied", [])


def test_an_expired_session_bought_nothing(ports: FakePorts) -> None:
    expired = SESSION | {"status": "expired", "payment_intent": None}

    output = record_purchase(request_of(ports, "checkout.session.expired", expired), ports)

    assert (output.outcome, stored(ports).purchases) == ("stale", {})


def test_each_further_part_that_is_refunded_is_told(ports: FakePorts) -> None:
    record(ports, "checkout.session.completed", SESSION)

    part = record(ports, "charge.refunded", REFUNDED_CHARGE, amount_refunded=5000)
    all_of_it = record_purchase(_refunded(ports, 19900), ports)

    assert part.facts == ("PurchaseReversed:ch_1:5000",)
    assert all_of_it.facts == ("PurchaseReversed:ch_1:19900",)
    assert stored(ports).purchases["pi_1"].refunded


def _refunded(ports: FakePorts, amount: int) -> Any:
    ports.stripe.put_purchase(a_purchase(amount_refunded=amount))
    return request_of(ports, "charge.refunded", REFUNDED_CHARGE, id="evt_rest")


def test_a_refund_that_fails_gives_the_purchase_back(ports: FakePorts) -> None:
    record(ports, "checkout.session.completed", SESSION)
    record(ports, "charge.refunded", REFUNDED_CHARGE, amount_refunded=19900)

    record(ports, "refund.failed", REFUND, amount_refunded=0)

    assert not stored(ports).purchases["pi_1"].refunded


@pytest.mark.parametrize(
    ("status", "facts"), [("lost", ["PurchaseReversed"]), ("won", []), ("warning_closed", [])]
)
def test_only_a_lost_dispute_takes_the_purchase_back(
    ports: FakePorts, status: str, facts: list[str]
) -> None:
    record(ports, "checkout.session.completed", SESSION)
    opened = record(ports, "charge.dispute.created", DISPUTE, dispute="needs_response")
    assert told(opened) == []

    closed = record(ports, "charge.dispute.closed", DISPUTE, dispute=status)

    assert told(closed) == facts
    assert stored(ports).purchases["pi_1"].dispute == status
