"""Stripe sends what a rule wants."""

from typing import Any

import pytest

from local.stack.routing import named_event_types

PAID = {"detail-type": ["invoice.paid"]}
FAILED = {"detail-type": ["invoice.payment_failed", "invoice.overdue"]}


@pytest.mark.parametrize(
    ("pattern", "types"),
    [
        ({"source": ["scai.stripe"], **FAILED}, ["invoice.payment_failed", "invoice.overdue"]),
        (
            {"source": ["scai.stripe"], "$or": [PAID, FAILED]},
            ["invoice.paid", "invoice.payment_failed", "invoice.overdue"],
        ),
        ({"source": ["scai.stripe", {"prefix": "aws.partner/"}], **PAID}, ["invoice.paid"]),
        (
            {"source": ["scai.stripe"], "detail-type": [{"prefix": "subscription_schedule."}]},
            ["subscription_schedule.*"],
        ),
        ({"source": ["scai.billing"], "detail-type": ["PaymentSucceeded"]}, []),
        ({}, []),
    ],
)
def test_a_rule_on_stripes_events_wants_the_types_that_it_names(
    pattern: dict[str, Any], types: list[str]
) -> None:
    assert list(named_event_types(pattern)) == types
