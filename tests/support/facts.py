"""Changes of a record, by what they are, and the facts that they amount to: every type once."""

from typing import Any

from billing.contracts.facts import FactEvent, fact_event
from billing.domain.facts import Fact, facts_between, facts_of_healing
from billing.domain.policy import Policy
from billing.domain.record import Dunning, Record
from tests.support.builders import NOW, a_purchase, a_record, a_subscription, an_invoice

PAID = an_invoice(status="paid", amount_paid=2900)
DUNNING = Dunning(invoice_id="in_1", since=NOW, until=NOW + 1000)

NOTHING = a_record()
ACTIVE = a_record(subscription=a_subscription(), access_level="full")
ENDING = a_record(subscription=a_subscription(cancel_at=NOW + 1000), access_level="full")
BOUGHT = a_record(purchases={"pi_1": a_purchase()})
PAST_DUE = a_record(
    subscription=a_subscription(status="past_due"), invoices={"in_1": an_invoice()}, dunning=DUNNING
)

CHANGES: dict[str, tuple[Record, Record]] = {
    "first subscription": (NOTHING, ACTIVE),
    "another plan": (
        ACTIVE,
        ACTIVE.model_copy(update={"subscription": a_subscription(price_id="price_agency")}),
    ),
    "set to end": (ACTIVE, ENDING),
    "goes on": (ENDING, ACTIVE),
    "over": (ACTIVE, a_record(subscription=a_subscription(status="canceled", ended_at=NOW))),
    "replaced": (ACTIVE, a_record(subscription=a_subscription(subscription_id="sub_2"))),
    "a second one": (
        ACTIVE,
        ACTIVE.model_copy(
            update={"other_live": (a_subscription(subscription_id="sub_2"),)},
        ),
    ),
    "its trial ends soon": (
        a_record(subscription=a_subscription(status="trialing", trial_end=NOW)),
        a_record(
            subscription=a_subscription(status="trialing", trial_end=NOW), trial_notice=NOW + 9
        ),
    ),
    "paid": (ACTIVE, ACTIVE.model_copy(update={"invoices": {"in_1": PAID}})),
    "failed": (
        ACTIVE,
        ACTIVE.model_copy(
            update={
                "invoices": {
                    "in_1": an_invoice(attempts=1, failed_attempts=1, action_required_attempt=1)
                }
            }
        ),
    ),
    "recovered": (PAST_DUE, ACTIVE.model_copy(update={"invoices": {"in_1": PAID}})),
    "bought": (NOTHING, BOUGHT),
    "refunded": (BOUGHT, a_record(purchases={"pi_1": a_purchase(amount_refunded=500)})),
    "disputed and lost": (BOUGHT, a_record(purchases={"pi_1": a_purchase(dispute="lost")})),
}

#: Told by reconciliation besides.
(HEALED,) = facts_of_healing(ACTIVE, ENDING.model_copy(update={"version": 1}), "reconcile:1", NOW)


def facts_of(change: str) -> list[Fact]:
    before, after = CHANGES[change]
    led_to = after.model_copy(update={"version": 1})
    return facts_between(before, led_to, "evt_1", Policy(), NOW)


def a_fact(type_: str, key: str = "user_1:1", **fields: Any) -> FactEvent:
    """A fact as a consumer parses it."""
    return fact_event.validate_python(
        {
            "schema_version": 1,
            "type": type_,
            "id": f"{type_}:{key}",
            "user_id": "user_1",
            "customer_id": "cus_1",
            "version": 1,
            "cause": "evt_1",
            "occurred_at": NOW,
            "before": None,
            **fields,
        }
    )
