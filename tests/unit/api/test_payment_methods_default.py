"""POST /update-default-payment-method: what is charged from then on, and what is owed at once."""

from typing import Any

import pytest

from tests.support.api import Api
from tests.support.payer import MONTH, Payer


def test_the_default_of_a_subscription_from_checkout_is_the_card_that_is_charged(api: Api) -> None:
    payer = Payer(api).subscribe()
    bought_with = payer.subscription["default_payment_method"]
    card = payer.on_file()

    answer = payer.make_default(card)

    assert answer.status == 200
    assert answer.body == {"status": "success", "message": "The payment method is the default."}
    payer.pass_time(MONTH)
    assert payer.charged() == [bought_with, card]


def test_the_record_shows_the_default_at_once(api: Api) -> None:
    payer = Payer(api).subscribe()
    card = payer.on_file()

    payer.make_default(card)

    customer, subscription = payer.record.customer, payer.record.subscription
    assert customer is not None
    assert customer.default_payment_method_id == card
    assert subscription is not None
    assert subscription.default_payment_method_id is None


def test_a_card_that_is_the_default_already_costs_no_write(api: Api) -> None:
    payer = Payer(api).subscribe()
    card = payer.on_file()
    payer.make_default(card)
    asked = len(api.ports.wire.requests)

    assert payer.make_default(card).status == 200

    assert {request.method for request in api.ports.wire.requests[asked:]} == {"GET"}


def test_each_write_has_a_number_of_its_own(api: Api) -> None:
    payer = Payer(api).subscribe()
    asked = len(api.ports.wire.requests)

    payer.make_default(payer.on_file())

    keys = [request.key for request in api.ports.wire.requests[asked:] if request.key]
    assert len(keys) == len(set(keys)) == 2


def test_back_to_the_first_card_is_a_change_too(api: Api) -> None:
    payer = Payer(api).subscribe()
    first, second = payer.on_file(), payer.on_file("pm_card_visa")

    for card in (first, second, first):
        assert payer.make_default(card).status == 200

    assert payer.default() == first


def test_who_has_no_subscription_has_a_default_all_the_same(api: Api) -> None:
    payer = Payer(api)
    payer.set_up()
    card = payer.on_file()

    assert payer.make_default(card).status == 200
    assert payer.default() == card


# -- What is overdue ------------------------------------------------------------------------------


def test_a_new_default_pays_what_is_overdue_and_access_is_back_at_once(api: Api) -> None:
    payer = Payer(api).subscribe().fall_behind()
    card = payer.on_file()

    answer = payer.make_default(card)

    assert answer.status == 200
    assert answer.body["status"] == "success"
    assert payer.charged()[-1] == card
    assert payer.level == "full"
    assert payer.record.dunning is None


def test_an_unpaid_subscription_is_paid_too(api: Api) -> None:
    payer = Payer(api).subscribe().fall_out()
    card = payer.on_file()

    assert payer.make_default(card).status == 200

    assert payer.charged()[-1] == card
    assert payer.subscription["status"] == "active"
    assert payer.level == "full"


def test_an_unpaid_subscriptions_draft_is_paid_for_the_period_that_runs(api: Api) -> None:
    payer = Payer(api).subscribe().fall_out()
    payer.pass_time(MONTH)
    assert payer.invoices()[0]["status"] == "draft"

    assert payer.make_default(payer.on_file()).status == 200

    newest, older, *_ = payer.invoices()
    assert (newest["status"], older["status"]) == ("paid", "open")
    assert payer.level == "full"


def test_a_decline_says_why_and_a_better_card_mends_it(api: Api) -> None:
    payer = Payer(api).subscribe().fall_behind()
    bad = payer.on_file("pm_card_riskLevelHighest")

    declined = payer.make_default(bad)

    assert declined.status == 402
    assert declined.body["decline_code"] == "fraudulent"
    customer = payer.record.customer
    assert customer is not None
    assert payer.default() == customer.default_payment_method_id == bad
    assert payer.level == "grace"
    assert payer.make_default(payer.on_file()).body["status"] == "success"
    assert payer.level == "full"


def test_a_declined_card_is_tried_again_when_it_is_chosen_again(api: Api) -> None:
    payer = Payer(api).subscribe().fall_behind()
    card = payer.on_file("pm_card_chargeCustomerFail")
    assert payer.make_default(card).status == 402
    asked = len(api.ports.wire.requests)

    assert payer.make_default(card).status == 402

    paid = [r for r in api.ports.wire.requests[asked:] if r.path.endswith("/pay")]
    assert len(paid) == 1


def test_a_payment_that_its_bank_wants_confirmed_is_handed_to_the_customer(api: Api) -> None:
    payer = Payer(api).subscribe().fall_behind()
    card = payer.on_file("pm_card_threeDSecure2Required")

    answer = payer.make_default(card)

    assert answer.status == 200
    assert answer.body["status"] == "requires_action"
    intent = payment_of_newest(payer)
    assert answer.body["clientSecret"] == intent["client_secret"]
    assert payer.default() == card
    asked = len(api.ports.wire.requests)
    assert payer.make_default(card).body == answer.body
    assert {request.method for request in api.ports.wire.requests[asked:]} == {"GET"}


def test_what_is_being_paid_by_a_bank_debit_isnt_paid_again(api: Api) -> None:
    payer = Payer(api).subscribe().fall_behind()
    assert payer.make_default(payer.on_file("pm_usBankAccount_success")).status == 200
    assert payment_of_newest(payer)["status"] == "processing"
    card, asked = payer.on_file(), len(api.ports.wire.requests)

    assert payer.make_default(card).body["status"] == "success"

    assert payer.default() == card
    assert not [r for r in api.ports.wire.requests[asked:] if r.path.endswith("/pay")]


def test_another_card_pays_what_waits_for_the_confirmation_of_the_first(api: Api) -> None:
    payer = Payer(api).subscribe().fall_behind()
    payer.make_default(payer.on_file("pm_card_threeDSecure2Required"))
    card = payer.on_file()

    assert payer.make_default(card).body["status"] == "success"

    assert payer.charged()[-1] == card
    assert payer.level == "full"


@pytest.mark.parametrize(
    "change",
    [
        {"collection_method": "send_invoice", "days_until_due": 30},
        {"pause_collection": {"behavior": "keep_as_draft"}},
    ],
)
def test_where_staff_have_it_that_nothing_is_charged_nothing_is(
    api: Api, change: dict[str, Any]
) -> None:
    payer = Payer(api).subscribe().fall_behind()
    api.at_stripe("POST", f"/v1/subscriptions/{payer.subscription['id']}", change)
    before = payer.charged()

    assert payer.make_default(payer.on_file()).body["status"] == "success"

    assert payer.charged() == before


def test_a_subscriber_in_good_standing_is_charged_nothing(api: Api) -> None:
    payer = Payer(api).subscribe()
    before = payer.charged()

    payer.make_default(payer.on_file())

    assert payer.charged() == before


# -- While something else is under way ------------------------------------------------------------


def test_a_change_that_waits_for_its_payment_goes_on_waiting(api: Api) -> None:
    payer = Payer(api).subscribe()
    payer.pay_with("pm_card_threeDSecure2Required")
    assert payer.change("agency_monthly").body["status"] == "requires_action"
    waiting = payer.subscription["pending_update"]
    card = payer.on_file()

    assert payer.make_default(card).body["status"] == "success"

    assert payer.subscription["pending_update"] == waiting is not None
    assert payer.plan == "standard_monthly"
    assert len(payer.charged()) == 1


def test_a_downgrade_that_is_planned_is_charged_to_the_new_default(api: Api) -> None:
    payer = Payer(api).subscribe("agency_monthly")
    assert payer.change("standard_monthly", effective="period_end").status == 200
    card = payer.on_file()

    assert payer.make_default(card).status == 200

    payer.pass_time(MONTH)
    assert payer.plan == "standard_monthly"
    assert payer.charged()[-1] == card


def test_a_plan_of_staffs_is_charged_to_the_new_default(api: Api) -> None:
    payer = Payer(api).subscribe()
    payer.plan_ahead()
    card = payer.on_file()

    assert payer.make_default(card).status == 200

    payer.pass_time(MONTH)
    assert payer.plan == "agency_monthly"
    assert payer.charged()[-1] == card


def test_with_a_schedule_the_default_is_set_once(api: Api) -> None:
    payer = Payer(api).subscribe()
    payer.plan_ahead()
    card = payer.on_file()
    payer.make_default(card)
    asked = len(api.ports.wire.requests)

    assert payer.make_default(card).status == 200

    assert {request.method for request in api.ports.wire.requests[asked:]} == {"GET"}


def payment_of_newest(payer: Payer) -> dict[str, Any]:
    invoice = payer.invoices()[0]["id"]
    listed = payer.api.at_stripe("GET", "/v1/invoice_payments", {"invoice": invoice})
    payment = listed["data"][0]["payment"]["payment_intent"]
    return payer.api.at_stripe("GET", f"/v1/payment_intents/{payment}")
