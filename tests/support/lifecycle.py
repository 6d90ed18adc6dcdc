"""Run a lifecycle's step as its machine would: on a claimed event of a customer whom we know.

``customer_known`` puts one on record, ``request_of`` makes the step's input, ``told`` names the
facts of its output, ``stored`` is the record afterwards.
"""

from typing import Any

from billing.contracts.steps import FailureOutput, LifecycleInput, LifecycleOutput
from billing.contracts.stripe_events import StripeEvent
from billing.domain.record import Record, Stamp
from tests.support.aws import FakePorts
from tests.support.builders import NOW, a_record, a_subscription, an_invoice
from tests.support.stripe import event_json, invoice_json, subscription_json

EXECUTION = "arn:aws:states:us-east-1:1:execution:m:first"
MONTH = 2_600_000


def customer_known(ports: FakePorts, **fields: Any) -> None:
    """Put a customer on record who pays every month, as Stripe said ten minutes ago."""
    paid = an_invoice(invoice_id="in_0", status="paid", invoice_created=NOW - MONTH)
    seen = Stamp(lo=NOW - 600, hi=NOW - 600)
    record = {
        "version": 1,
        "subscription": a_subscription(),
        "stamp": seen,
        "customer_stamp": seen,
        "access_level": "full",
        "invoices": {"in_0": paid},
    }
    ports.records.save(a_record(**(record | fields)), replacing=0)
    ports.stripe.put(subscription_json())


def payment_fails(ports: FakePorts) -> dict[str, Any]:
    """Let a renewal's payment fail at Stripe, and give the invoice."""
    ports.stripe.put(subscription_json(status="past_due", latest_invoice="in_1"))
    ports.stripe.put_invoice(id="in_1")
    return invoice_json(id="in_1")


def payment_succeeds(ports: FakePorts) -> dict[str, Any]:
    """Let the renewal be paid at Stripe after all, and give the invoice."""
    paid = {"id": "in_1", "status": "paid", "amount_paid": 1900, "attempt_count": 2}
    ports.stripe.put(subscription_json(latest_invoice="in_1"))
    ports.stripe.put_invoice(**paid)
    return invoice_json(**paid)


def request_of(
    ports: FakePorts,
    type_: str,
    stripe_object: dict[str, Any],
    execution: str = EXECUTION,
    **event: Any,
) -> LifecycleInput:
    """Claim an event and make the step's input."""
    parsed = StripeEvent.model_validate(event_json(type_, stripe_object, **event))
    ports.ledger.open(parsed, "scai.stripe", execution, ports.now())
    return LifecycleInput(event=parsed, execution=execution, user_id="user_1", customer_id="cus_1")


def told(output: LifecycleOutput | FailureOutput) -> list[str]:
    """The types of an output's facts."""
    return [key.split(":")[0] for key in output.facts]


def stored(ports: FakePorts) -> Record:
    return ports.records.load("user_1")
