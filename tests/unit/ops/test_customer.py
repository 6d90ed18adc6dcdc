"""One customer at a glance: what they have, owe and may use, and what somebody should look at."""

from typing import Any

import pytest

from billing.contracts.stripe_events import StripeEvent
from billing.domain.access import Access
from billing.domain.record import (
    CustomerState,
    Dunning,
    PaymentMethod,
    PlannedChange,
    Record,
)
from billing.mailer import Delivery
from ops.customer import CustomerView, customer, why
from ops.people import find_person
from ops.stripe_dashboard import StripeDashboard
from tests.support.api import EnginePorts, Trouble
from tests.support.aws import add_user, put_secret
from tests.support.builders import NOW, a_purchase, a_record, a_subscription, an_invoice
from tests.support.reconcile import Account
from tests.support.stepfunctions import Stage
from tests.support.story import Story
from tests.support.stripe import event_json


@pytest.fixture
def ports(stage: Stage) -> EnginePorts:
    ports = EnginePorts()
    stage.ports = ports
    stage.target = stage.new_target()
    return ports


def held(stage: Stage, **fields: Any) -> Record:
    """Have user_1's record be so."""
    record = a_record(version=1, access_level="full", **fields)
    assert stage.ports.records.save(record, 0)
    return record


def seen(stage: Stage) -> CustomerView:
    return customer(stage.target, find_person(stage.target, "user_1"))


def concerns(stage: Stage) -> list[str]:
    return [concern.what for concern in seen(stage).concerns]


def test_a_subscriber_is_shown_with_their_plan_by_name(stage: Stage, ports: EnginePorts) -> None:
    subscription = Account(ports).known("user_1")

    view = seen(stage)

    assert view.subscription is not None
    assert view.subscription.id == subscription
    plan = view.subscription.plan
    assert (plan.lookup_key, plan.interval) == ("standard_monthly", "month")
    assert plan.price is not None
    assert plan.price.text == "19.00 USD"
    assert view.access.why == "full: the subscription is paid for"
    assert view.subscription.stripe_url == (
        f"https://dashboard.stripe.com/test/subscriptions/{subscription}"
    )
    assert [m.is_default for m in view.payment_methods] == [True]
    assert (view.concerns, view.owed, view.dunning) == ((), (), None)


def test_where_stripe_is_silent_the_plan_is_shown_by_its_id(
    stage: Stage, ports: EnginePorts
) -> None:
    add_user()
    held(stage, subscription=a_subscription())
    ports.wire.troubles.append(Trouble("GET", "/v1/prices", None, times=9))

    view = seen(stage)

    assert view.subscription is not None
    assert (view.subscription.plan.price_id, view.subscription.plan.name) == (
        "price_standard",
        None,
    )


def test_what_is_owed_is_summed_by_currency_and_dunning_is_told(
    stage: Stage, ports: EnginePorts
) -> None:
    add_user()
    waiter = stage.put("payment_failure", "waiter", status="RUNNING")
    invoices = {
        "in_1": an_invoice(failed_attempts=2, error="card_declined"),
        "in_2": an_invoice(invoice_id="in_2", amount_paid=900, status="uncollectible"),
        "in_3": an_invoice(invoice_id="in_3", currency="jpy"),
        "in_4": an_invoice(invoice_id="in_4", status="paid", amount_paid=2900),
    }
    dunning = Dunning(invoice_id="in_1", since=NOW - 60, until=NOW + 60, execution=waiter)
    held(stage, subscription=a_subscription(status="past_due"), invoices=invoices, dunning=dunning)

    view = seen(stage)

    assert [amount.text for amount in view.owed] == ["49.00 USD", "2,900 JPY"]
    assert {invoice.id for invoice in view.open_invoices} == {"in_1", "in_2", "in_3"}
    assert view.dunning is not None
    assert view.dunning.owed is not None
    assert (view.dunning.owed.text, view.dunning.failed_attempts) == ("29.00 USD", 2)
    assert view.dunning.waiter is not None
    assert view.dunning.waiter.state == "waiting"
    assert (view.access.level, view.access.announced) == ("restricted", "full")
    assert concerns(stage) == ["access is restricted by now, and full was announced last"]


def test_purchases_methods_and_a_planned_change_are_shown(stage: Stage, ports: EnginePorts) -> None:
    add_user()
    card = PaymentMethod(payment_method_id="pm_1", type="card", brand="visa", last4="4242")
    debit = PaymentMethod(payment_method_id="pm_2", type="sepa_debit")
    held(
        stage,
        subscription=a_subscription(default_payment_method_id="pm_2"),
        planned=PlannedChange(schedule_id="sched_1", price_id="price_agency", at=NOW + 100),
        purchases={"pi_1": a_purchase(amount_refunded=100)},
        customer=CustomerState(
            customer_id="cus_1", default_payment_method_id="pm_1", payment_methods=(card, debit)
        ),
    )

    view = seen(stage)

    (bought,) = view.purchases
    assert (bought.what, bought.paid.text, bought.stands) == ("self_hosted", "199.00 USD", True)
    assert bought.refunded is not None
    assert bought.refunded.text == "1.00 USD"
    assert view.planned_change is not None
    assert view.planned_change.plan.price_id == "price_agency"
    assert {m.id: m.is_default for m in view.payment_methods} == {"pm_1": False, "pm_2": True}


def test_somebody_should_look_at_what_only_people_can_mend(
    stage: Stage, ports: EnginePorts
) -> None:
    second = a_subscription(subscription_id="sub_2")
    draft = an_invoice(status="draft", error="customer_tax_location_invalid")
    held(
        stage,
        subscription=a_subscription(),
        other_live=(second,),
        invoices={"in_1": draft},
        customer=CustomerState(customer_id="cus_1", deleted=True),
    )

    assert concerns(stage) == [
        "the users table doesn't have this user (any more)",
        "customer cus_1 is deleted at Stripe",
        "pays for a further subscription, sub_2 (active)",
        "invoice in_1 can't be finalized: customer_tax_location_invalid",
    ]
    assert [held.id for held in seen(stage).other_subscriptions] == ["sub_2"]


def test_somebody_should_look_at_what_got_stuck(stage: Stage, ports: EnginePorts) -> None:
    add_user()
    lost = Dunning(invoice_id="in_1", since=0, until=NOW + 9_999, execution="arn:of:a:gone:one")
    held(
        stage,
        subscription=a_subscription(),
        invoices={"in_1": an_invoice(failed_attempts=1)},
        dunning=lost,
    )
    story = Story(stage.ports)
    story.claim("evt_1")
    story.fail("evt_1")
    story.event("evt_2", "PaymentRecovered")
    story.mail("PaymentRecovered", "evt_2", delivery=None)
    story.ports.ledger.open(waiting_event(), "scai.stripe", "arn:aws:x:1", NOW)
    story.ports.ledger.set_aside("evt_3", "arn:aws:x:1", "unattributed", "cus_1")

    assert not any("bus" in what or "mail" in what for what in concerns(stage))
    story.ports.clock.advance(600)
    found = concerns(stage)

    assert found[0].startswith("nobody waits for the end of grace")
    assert sorted(found[1:]) == [
        "1 events wait until this customer is linked: evt_3",
        "PaymentRecovered:in_evt_2 is not on the bus yet",
        "invoice.paid evt_1 failed: ContractViolation",
        "mail recovered: not known whether it left",
    ]
    retry = next(c.do for c in seen(stage).concerns if "evt_1 failed" in c.what)
    assert retry == "scai-ops retry of-evt_1"


def test_only_a_mail_that_isnt_tried_again_is_to_be_written_by_hand(
    stage: Stage, ports: EnginePorts
) -> None:
    add_user()
    story = Story(stage.ports)
    for number, outcome in enumerate(("refused", "deferred"), start=1):
        story.event(f"evt_{number}", "PaymentRecovered")
        story.publish("PaymentRecovered", f"evt_{number}")
        delivery = Delivery.model_validate({"outcome": outcome})
        story.mail("PaymentRecovered", f"evt_{number}", delivery=delivery)
    story.ports.clock.advance(600)

    does = {c.what: c.do.partition(" ")[0] for c in seen(stage).concerns if "mail" in c.what}

    assert does == {"mail recovered: refused": "write", "mail recovered: deferred": "nothing"}


def waiting_event() -> StripeEvent:
    payload = {"object": "invoice", "id": "in_1", "customer": "cus_1"}
    return StripeEvent.model_validate(event_json("invoice.paid", payload, id="evt_3"))


def test_a_user_who_never_bought_has_nothing_and_no_concern(
    stage: Stage, ports: EnginePorts
) -> None:
    add_user()
    view = seen(stage)
    assert (view.access.why, view.subscription) == ("none: there never was a subscription", None)
    assert (view.concerns, view.last_chapters) == ((), ())


@pytest.mark.parametrize(
    ("key", "base", "url"),
    [
        ("sk_test_1", "https://api.stripe.com", "https://dashboard.stripe.com/test/invoices/in_1"),
        ("rk_live_1", "https://api.stripe.com", "https://dashboard.stripe.com/invoices/in_1"),
        ("sk_test_1", "http://127.0.0.1:1", None),
    ],
)
def test_links_lead_to_the_dashboard_of_the_keys_mode(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, key: str, base: str, url: str | None
) -> None:
    put_secret(["whsec_1"], api_key=key)
    monkeypatch.setenv("STRIPE_API_BASE", base)
    dashboard = StripeDashboard(stage.target)
    assert dashboard.url("in_1") == url
    assert dashboard.url("si_1") is None


def test_why_says_until_when() -> None:
    access = Access(level="grace", until=1_780_000_000, reason="past_due")
    assert why(access) == "grace until 2026-05-28 20:26 UTC: a payment is overdue"
