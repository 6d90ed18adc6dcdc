"""Every lifecycle as deployed, by either door: Stripe's own events, real Lambdas, the real bus.

``settled`` holds the record to what Stripe has, and gives the facts that the bus carried.
"""

import pytest

from tests.support.customer import DAY, Customer, NewCustomer
from tests.support.deployed import Door

SUBSCRIBED = ["AccessChanged", "PaymentSucceeded", "SubscriptionActivated"]

pytestmark = pytest.mark.usefixtures("door")


@pytest.fixture
def subscriber(new_customer: NewCustomer) -> Customer:
    customer = new_customer()
    customer.subscribe()
    assert customer.settled() == SUBSCRIBED
    return customer


def test_a_checkout_gives_what_was_paid_for(new_customer: NewCustomer, door: Door) -> None:
    customer = new_customer()
    assert customer.access == "none"

    customer.check_out()

    assert customer.settled() == SUBSCRIBED
    assert customer.access == "full"
    stack = customer.deployed.stack
    source = {"relay": "scai.stripe", "partner": stack.partner_event_source}[door]
    assert {entry["source"] for entry in customer.entries()} == {source}


def test_a_trial_is_announced_to_end_and_is_then_paid(new_customer: NewCustomer) -> None:
    customer = new_customer()
    customer.check_out(trialDays=7)
    assert customer.settled() == ["AccessChanged", "SubscriptionActivated"]
    assert customer.record["status"] == "trialing"

    customer.advance_to(customer.time + 5 * DAY)
    assert customer.settled() == ["TrialEnding"]

    customer.renew()
    assert customer.settled() == ["PaymentSucceeded"]
    assert customer.record["status"] == "active"


def test_an_upgrade_is_prorated_and_paid_at_once(subscriber: Customer) -> None:
    subscriber.switch_to("agency_monthly", proration_behavior="always_invoice")

    assert subscriber.settled() == ["PaymentSucceeded", "SubscriptionChanged"]
    assert subscriber.record["price_id"] == subscriber.price("agency_monthly")


def test_an_upgrade_that_is_not_paid_leaves_the_plan_as_it_is(subscriber: Customer) -> None:
    subscriber.card_declines("insufficient_funds")
    subscriber.switch_to(
        "agency_monthly",
        proration_behavior="always_invoice",
        payment_behavior="pending_if_incomplete",
    )

    assert subscriber.settled() == ["PaymentFailed"]
    assert subscriber.record["price_id"] == subscriber.price("standard_monthly")
    assert subscriber.access == "full"


def test_a_downgrade_waits_for_the_period_to_end(subscriber: Customer) -> None:
    schedule = subscriber.post(
        "/v1/subscription_schedules", from_subscription=subscriber.subscription["id"]
    )
    subscriber.switch_to("agency_monthly", proration_behavior="none")
    assert subscriber.settled() == ["SubscriptionChanged"]
    now = schedule["phases"][0]
    subscriber.post(
        f"/v1/subscription_schedules/{schedule['id']}",
        end_behavior="release",
        phases=[
            {
                "start_date": now["start_date"],
                "end_date": now["end_date"],
                "items": [{"price": subscriber.price("agency_monthly")}],
            },
            {
                "items": [{"price": subscriber.price("standard_monthly")}],
                "duration": {"interval": "month", "interval_count": 1},
            },
        ],
    )
    assert subscriber.settled() == []
    assert subscriber.record["schedule_id"] == schedule["id"]

    subscriber.renew()

    assert subscriber.settled() == ["PaymentSucceeded", "SubscriptionChanged"]
    assert subscriber.record["price_id"] == subscriber.price("standard_monthly")


def test_a_quantity_and_a_pause_are_changes_of_what_the_customer_has(subscriber: Customer) -> None:
    item = subscriber.subscription["items"]["data"][0]["id"]
    subscriber.change(items=[{"id": item, "quantity": 3}], proration_behavior="create_prorations")
    assert subscriber.settled() == ["SubscriptionChanged"]
    assert subscriber.record["quantity"] == 3

    subscriber.change(pause_collection={"behavior": "void"})
    assert subscriber.settled() == ["SubscriptionChanged"]
    subscriber.change(pause_collection="")
    assert subscriber.settled() == ["SubscriptionChanged"]


def test_a_paused_subscription_gives_no_access_until_it_is_resumed(subscriber: Customer) -> None:
    path = f"/v1/subscriptions/{subscriber.subscription['id']}"
    subscriber.post(f"{path}/pause", type="subscription")
    assert subscriber.settled() == ["AccessChanged"]
    assert subscriber.access == "restricted"

    subscriber.post(f"{path}/resume")

    assert "AccessChanged" in subscriber.settled()
    assert subscriber.access == "full"


def test_a_renewal_is_paid(subscriber: Customer) -> None:
    before = subscriber.period_end()

    subscriber.renew()

    assert subscriber.settled() == ["PaymentSucceeded"]
    assert subscriber.record["current_period_start"] == before


@pytest.mark.parametrize("mode", ["flexible", "classic"])
def test_a_cancellation_is_scheduled_undone_scheduled_again_and_done(
    new_customer: NewCustomer, mode: str
) -> None:
    """Flexible billing says so by ``cancel_at``, classic by ``cancel_at_period_end``."""
    customer = new_customer()
    customer.subscribe(billing_mode={"type": mode})
    assert customer.settled() == SUBSCRIBED

    customer.change(cancel_at_period_end=True)
    assert customer.settled() == ["CancellationScheduled"]
    assert customer.record["cancel_at_period_end"] is (mode == "classic")
    customer.change(cancel_at_period_end=False)
    assert customer.settled() == ["CancellationUndone"]
    customer.change(cancel_at=customer.period_end())
    assert customer.settled() == ["CancellationScheduled"]

    customer.advance_to(customer.period_end() + 60)

    assert customer.settled() == ["AccessChanged", "SubscriptionEnded"]
    assert customer.access == "none"
    assert customer.dashboard["subscription"] is None


def test_a_subscription_that_is_cancelled_at_once_ends_at_once(subscriber: Customer) -> None:
    subscriber.deployed.ask("delete", f"/v1/subscriptions/{subscriber.subscription['id']}")

    assert subscriber.settled() == ["AccessChanged", "SubscriptionEnded"]
    assert subscriber.record["status"] == "canceled"


def test_a_deleted_customer_has_nothing_any_more(subscriber: Customer) -> None:
    subscriber.deployed.ask("delete", f"/v1/customers/{subscriber.id}")

    assert subscriber.settled() == ["AccessChanged", "SubscriptionEnded"]
    assert subscriber.record["customer"]["deleted"] is True


def test_payment_methods_are_recorded_as_they_come_and_go(subscriber: Customer) -> None:
    first = subscriber.card_id
    second = subscriber.attach("pm_card_mastercard")
    assert subscriber.settled() == []
    assert set(on_file(subscriber)) == {first, second}
    assert subscriber.record["customer"]["default_payment_method_id"] == second

    subscriber.deployed.control(
        "POST", f"/payment_methods/{first}/renew", {"exp_month": 7, "exp_year": 2041}
    )
    assert subscriber.settled() == []
    assert on_file(subscriber)[first]["exp_year"] == 2041

    subscriber.prefer(first)
    subscriber.post(f"/v1/payment_methods/{second}/detach")
    assert subscriber.settled() == []
    assert set(on_file(subscriber)) == {first}


def on_file(customer: Customer) -> dict[str, dict[str, object]]:
    methods = customer.record["customer"]["payment_methods"]
    return {method["payment_method_id"]: method for method in methods}
