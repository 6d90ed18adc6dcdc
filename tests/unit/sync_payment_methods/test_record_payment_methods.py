"""The record shows the payment methods that Stripe has, whichever event told of one."""

import pytest

from sync_payment_methods.record_payment_methods import record_payment_methods
from tests.support.aws import FakePorts
from tests.support.builders import NOW
from tests.support.lifecycle import customer_known, request_of, stored

CARD = {
    "id": "pm_1",
    "object": "payment_method",
    "type": "card",
    "customer": "cus_1",
    "card": {"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2034},
}
ATTACHED = "payment_method.attached"


def default(ports: FakePorts) -> str | None:
    customer = stored(ports).customer
    return customer.default_payment_method_id if customer else None


@pytest.fixture(autouse=True)
def _known(ports: FakePorts) -> None:
    customer_known(ports)
    ports.stripe.put_customer(id="cus_1", invoice_settings={"default_payment_method": "pm_1"})


@pytest.mark.parametrize(
    "type_", [ATTACHED, "payment_method.updated", "payment_method.automatically_updated"]
)
def test_an_event_of_one_makes_us_read_all(ports: FakePorts, type_: str) -> None:
    output = record_payment_methods(request_of(ports, type_, CARD), ports)

    assert (output.outcome, output.facts) == ("applied", ())
    assert default(ports) == "pm_1"
    assert ports.stripe.calls == ["cus_1"]


def test_another_default_is_recorded(ports: FakePorts) -> None:
    customer = {"id": "cus_1", "object": "customer"}
    record_payment_methods(request_of(ports, ATTACHED, CARD), ports)
    ports.stripe.put_customer(id="cus_1", invoice_settings={"default_payment_method": "pm_2"})

    record_payment_methods(request_of(ports, "customer.updated", customer, id="evt_2"), ports)

    assert default(ports) == "pm_2"


def test_an_event_from_before_the_last_look_costs_no_call(ports: FakePorts) -> None:
    record_payment_methods(request_of(ports, ATTACHED, CARD), ports)
    calls = len(ports.stripe.calls)

    late = request_of(ports, ATTACHED, CARD, id="evt_0", created=NOW - 60)

    assert record_payment_methods(late, ports).outcome == "stale"
    assert len(ports.stripe.calls) == calls
