"""A settled invoice is recorded, and ends the debt if it was one."""

from payment_failure.record_failure import record_failure
from renew.record_payment import record_payment
from tests.support.aws import FakePorts
from tests.support.builders import NOW, a_subscription
from tests.support.lifecycle import (
    customer_known,
    payment_fails,
    payment_succeeds,
    request_of,
    stored,
    told,
)
from tests.support.stripe import invoice_json

PAID = {"status": "paid", "amount_paid": 1900}


def in_dunning(ports: FakePorts) -> None:
    customer_known(ports, subscription=a_subscription(status="past_due"))
    record_failure(request_of(ports, "invoice.payment_failed", payment_fails(ports)), ports)


def test_a_renewal_is_told_without_asking_stripe(ports: FakePorts) -> None:
    customer_known(ports)

    output = record_payment(request_of(ports, "invoice.paid", invoice_json(**PAID)), ports)

    assert output.facts == ("PaymentSucceeded:in_1",)
    assert stored(ports).invoices["in_1"].status == "paid"
    assert ports.stripe.calls == []


def test_the_same_payment_is_told_once(ports: FakePorts) -> None:
    customer_known(ports)
    invoice = invoice_json(**PAID)
    record_payment(request_of(ports, "invoice.paid", invoice), ports)

    again = record_payment(request_of(ports, "invoice.paid", invoice, id="evt_2"), ports)

    assert (again.outcome, told(again)) == ("stale", [])


def test_a_payment_after_dunning_gives_access_back_at_once(ports: FakePorts) -> None:
    in_dunning(ports)
    ports.clock.advance(8 * 86_400)
    paid = request_of(
        ports, "invoice.paid", payment_succeeds(ports), id="evt_2", created=ports.now()
    )

    output = record_payment(paid, ports)

    assert set(told(output)) == {"PaymentSucceeded", "PaymentRecovered", "AccessChanged"}
    assert stored(ports).dunning is None
    assert stored(ports).access_level == "full"


def test_a_voided_invoice_is_no_debt_any_more(ports: FakePorts) -> None:
    in_dunning(ports)
    payment_succeeds(ports)
    ports.stripe.put_invoice(id="in_1", status="void")
    ports.clock.advance(60)
    voided = invoice_json(status="void")

    output = record_payment(
        request_of(ports, "invoice.voided", voided, id="evt_2", created=NOW + 60), ports
    )

    assert "PaymentSucceeded" not in told(output)
    assert stored(ports).dunning is None
