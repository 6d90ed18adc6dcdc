"""POST /update-subscription: each change is charged once, and none is had unpaid."""

from collections import UserDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from threading import Barrier, local
from typing import Any
from unittest.mock import patch

import pytest

from api.app import app
from tests.support.api import Api, ApiAnswer, Request, Trouble
from tests.support.aws import facts
from tests.support.builders import a_record, a_subscription
from tests.support.subscriber import Json, Subscriber

DAY, HOUR = 86_400, 3_600


@pytest.fixture
def user(api: Api) -> Subscriber:
    """A user who bought the monthly standard plan ten days ago."""
    user = Subscriber(api).subscribe()
    user.wait(10 * DAY)
    return user


@pytest.fixture
def agency(api: Api) -> Subscriber:
    """A user who bought the monthly agency plan ten days ago."""
    user = Subscriber(api).subscribe("agency_monthly")
    user.wait(10 * DAY)
    return user


def statuses(user: Subscriber) -> list[str]:
    """How the invoices stand, the newest first."""
    return [invoice["status"] for invoice in user.invoices()]


def shown(user: Subscriber) -> Json:
    """The subscription as the dashboard shows it."""
    subscription: Json = user.api.get(f"/dashboard/{user.user_id}", user.user_id).body[
        "subscription"
    ]
    return subscription


def told() -> list[str]:
    """The types of all facts."""
    return sorted(fact["type"] for fact in facts())


# -- Upgrades -------------------------------------------------------------------------------------


def test_an_upgrade_is_charged_and_holds_at_once(user: Subscriber) -> None:
    answer = user.change("agency_monthly")

    assert (answer.status, answer.body) == (
        200,
        {"status": "success", "message": "Your plan is changed."},
    )
    assert user.plan == "agency_monthly"
    assert user.charges() == [1_900, 5_419]
    assert shown(user)["currentPlanId"] == user.api.price("agency_monthly")


def test_what_is_so_already_succeeds_and_writes_nothing(user: Subscriber) -> None:
    user.change("agency_monthly")
    asked = len(user.api.ports.wire.requests)
    before = user.record

    answer = user.change("agency_monthly")

    assert answer.body["status"] == "success"
    assert {r.method for r in user.api.ports.wire.requests[asked:]} == {"GET"}
    assert user.record == before


def test_the_quantity_is_changed_and_otherwise_stays(user: Subscriber) -> None:
    user.change("standard_monthly", quantity=5)
    user.change("agency_monthly")

    item = user.subscription["items"]["data"][0]
    assert (item["price"]["lookup_key"], item["quantity"]) == ("agency_monthly", 5)
    assert shown(user)["quantity"] == 5


def test_to_and_fro_within_a_minute_is_charged_and_credited_each_time(user: Subscriber) -> None:
    for lookup_key in ("agency_monthly", "standard_monthly") * 2:
        assert user.change(lookup_key, effective="now").body["status"] == "success"
        assert user.plan == lookup_key
        user.wait(10)

    *changes, _ = user.invoices()
    assert [invoice["billing_reason"] for invoice in changes] == ["subscription_update"] * 4
    first, second, third, fourth = (invoice["total"] for invoice in reversed(changes))
    assert (first, third) == (5_419, 5_419)
    assert (second, fourth) == (-5_419, -5_419)
    assert user.charges() == [1_900, 5_419], "the credit pays for the second upgrade"
    customer = user.api.at_stripe("GET", f"/v1/customers/{user.customer_id}")
    assert customer["balance"] == -5_419


def test_each_change_is_an_operation_with_a_number_of_its_own(user: Subscriber) -> None:
    for lookup_key in ("agency_monthly", "standard_monthly") * 2:
        user.change(lookup_key, effective="now")

    updates = user.api.ports.wire.asked("POST", f"/v1/subscriptions/{user.subscription['id']}")
    keys = [request.key for request in updates]
    assert len(keys) == 4
    assert len(set(keys)) == 4
    assert user.record.op_seq == int(str(keys[-1]).rsplit(":", 1)[1]) + 1


def test_a_further_item_of_the_subscription_stays(user: Subscriber) -> None:
    price_id = a_further_item(user)

    user.change("agency_monthly")

    assert {
        item["price"]["lookup_key"] or item["price"]["id"]: item["quantity"]
        for item in user.subscription["items"]["data"]
    } == {"agency_monthly": 1, price_id: 2}


def a_further_item(user: Subscriber) -> str:
    price = {"product": "prod_agency", "currency": "usd", "unit_amount": 500}
    made = user.api.at_stripe("POST", "/v1/prices", {**price, "recurring": {"interval": "month"}})
    item = {"subscription": user.subscription["id"], "price": made["id"], "quantity": 2}
    kept = {"metadata": {"reason": "support"}, "proration_behavior": "none"}
    user.api.at_stripe("POST", "/v1/subscription_items", {**item, **kept})
    price_id: str = made["id"]
    return price_id


def test_the_events_that_come_later_change_nothing_and_tell_nothing_twice(
    user: Subscriber,
) -> None:
    user.hear()
    user.change("agency_monthly")
    at_once = shown(user)
    changes = told().count("SubscriptionChanged")

    user.hear()

    assert shown(user) == at_once
    assert changes == told().count("SubscriptionChanged") == 1
    assert told().count("PaymentSucceeded") == 2
    assert "PaymentFailed" not in told()


# -- Upgrades that aren't paid --------------------------------------------------------------------


def test_an_upgrade_that_is_declined_doesnt_happen(user: Subscriber) -> None:
    user.hear()
    before = shown(user)
    user.pay_with("pm_card_chargeCustomerFail")

    answer = user.change("agency_monthly")

    assert (answer.status, answer.body) == (
        402,
        {
            "detail": "Your card was declined.",
            "code": "payment_declined",
            "decline_code": "generic_decline",
        },
    )
    assert user.plan == "standard_monthly"
    assert user.charges() == [1_900]
    assert statuses(user) == ["void", "paid"]
    assert user.subscription["pending_update"] is None
    assert shown(user) == before


def test_a_declined_upgrade_is_no_debt(user: Subscriber) -> None:
    user.hear()
    user.pay_with("pm_card_chargeCustomerFail")
    user.change("agency_monthly")

    user.hear()

    assert user.record.dunning is None
    assert user.api.get("/access/user_1").body["level"] == "full"
    assert "AccessChanged" in told()
    assert told().count("AccessChanged") == 1


def test_without_a_payment_method_an_upgrade_is_declined(user: Subscriber) -> None:
    methods = f"/v1/customers/{user.customer_id}/payment_methods"
    for method in user.api.at_stripe("GET", methods)["data"]:
        user.api.at_stripe("POST", f"/v1/payment_methods/{method['id']}/detach")

    answer = user.change("agency_monthly")

    assert (answer.status, answer.body["decline_code"]) == (402, "no_payment_method")
    assert user.plan == "standard_monthly"
    assert "open" not in statuses(user)


def test_once_the_card_is_mended_the_same_request_succeeds(user: Subscriber) -> None:
    user.pay_with("pm_card_chargeCustomerFail")
    assert [user.change("agency_monthly").status for _ in range(2)] == [402, 402]
    user.pay_with("pm_card_visa")

    assert user.change("agency_monthly").body["status"] == "success"

    assert user.plan == "agency_monthly"
    assert user.charges() == [1_900, 5_419]
    assert statuses(user) == ["paid", "void", "void", "paid"]


@pytest.mark.parametrize("terms", ["bills_are_sent", "collection_is_paused"])
def test_where_nothing_is_charged_at_once_no_plan_is_had_unpaid(
    user: Subscriber, terms: str
) -> None:
    if terms == "bills_are_sent":
        user.staff_set(collection_method="send_invoice", days_until_due=30)
    else:
        user.staff_set(pause_collection={"behavior": "void"})

    answers = [user.preview("agency_monthly"), user.change("agency_monthly")]

    assert [answer.status for answer in answers] == [409, 409]
    assert user.plan == "standard_monthly"
    assert statuses(user) == ["paid"]


# -- Upgrades that the bank asks about ------------------------------------------------------------


@pytest.fixture
def asked(user: Subscriber) -> Subscriber:
    """A user whose bank asks about every payment."""
    user.pay_with("pm_card_threeDSecure2Required")
    return user


def test_an_upgrade_waits_for_the_customers_confirmation(asked: Subscriber) -> None:
    answer = asked.change("agency_monthly")

    assert (answer.status, answer.body["status"]) == (200, "requires_action")
    assert asked.plan == "standard_monthly"
    asked.confirm(answer.body["clientSecret"])
    assert asked.plan == "agency_monthly"
    assert asked.charges() == [1_900, 5_419]
    assert asked.change("agency_monthly").body["status"] == "success"
    assert shown(asked)["currentPlanId"] == asked.api.price("agency_monthly")
    asked.hear()
    assert told().count("SubscriptionChanged") == 1


def test_whoever_asks_again_confirms_the_same_payment(asked: Subscriber) -> None:
    first = asked.change("agency_monthly")
    asked.wait(2 * HOUR)

    assert asked.change("agency_monthly").body == first.body

    assert statuses(asked) == ["open", "paid"]


def test_a_change_that_waits_is_no_debt_and_gives_nothing(asked: Subscriber) -> None:
    asked.hear()
    asked.change("agency_monthly")

    asked.hear()

    assert asked.record.dunning is None
    access = asked.api.get("/access/user_1").body
    assert (access["level"], access["currentPlanId"]) == (
        "full",
        asked.api.price("standard_monthly"),
    )


def test_whoever_chooses_another_plan_no_more_owes_for_the_first(asked: Subscriber) -> None:
    asked.change("agency_monthly")

    answer = asked.change("standard_yearly")

    assert answer.body["status"] == "requires_action"
    assert statuses(asked) == ["open", "void", "paid"]
    asked.confirm(answer.body["clientSecret"])
    assert asked.plan == "standard_yearly"
    assert len(asked.charges()) == 2


def test_whoever_stays_after_all_no_more_owes(asked: Subscriber) -> None:
    asked.change("agency_monthly")

    assert asked.change("standard_monthly").body["status"] == "success"

    assert statuses(asked) == ["void", "paid"]
    assert asked.subscription["pending_update"] is None
    assert asked.charges() == [1_900]


def test_whoever_fails_the_banks_question_may_try_again(asked: Subscriber) -> None:
    first = asked.change("agency_monthly").body["clientSecret"]
    asked.confirm(first, "failed")
    assert asked.plan == "standard_monthly"

    second = asked.change("agency_monthly").body["clientSecret"]

    assert second != first
    asked.confirm(second)
    assert asked.plan == "agency_monthly"
    assert asked.charges() == [1_900, 5_419]


def test_whoever_cancels_while_it_waits_pays_for_nothing_more(asked: Subscriber) -> None:
    asked.change("agency_monthly")

    assert asked.post("/cancel-subscription").status == 200

    assert asked.subscription["pending_update"] is None
    assert statuses(asked) == ["void", "paid"]
    assert asked.subscription["cancel_at"] is not None


def test_what_isnt_confirmed_in_23_hours_is_forgotten(asked: Subscriber) -> None:
    first = asked.change("agency_monthly").body["clientSecret"]
    asked.wait(23 * HOUR)
    assert (asked.plan, statuses(asked)) == ("standard_monthly", ["void", "paid"])

    second = asked.change("agency_monthly").body["clientSecret"]

    assert second != first
    assert statuses(asked) == ["open", "void", "paid"]


def test_a_downgrade_isnt_planned_beside_an_upgrade_that_waits(asked: Subscriber) -> None:
    asked.change("agency_monthly")

    answer = asked.change("standard_monthly", quantity=1, effective="period_end")

    assert answer.body["status"] == "success"
    assert asked.subscription["pending_update"] is None


def test_the_bill_of_staff_isnt_voided_for_a_change_that_waits(asked: Subscriber) -> None:
    asked.change("agency_monthly")
    bill = a_bill_of_staffs(asked)

    assert asked.change("standard_monthly").body["status"] == "success"

    by_reason = {invoice["billing_reason"]: invoice for invoice in asked.invoices()}
    assert by_reason["manual"]["id"] == bill
    assert by_reason["manual"]["status"] == "open"
    assert by_reason["subscription_update"]["status"] == "void"


def a_bill_of_staffs(user: Subscriber) -> str:
    """An invoice of the subscription that staff make: it is its latest then."""
    owner = {"customer": user.customer_id, "subscription": user.subscription["id"]}
    made = user.api.at_stripe("POST", "/v1/invoices", {**owner, "auto_advance": False})
    item = {**owner, "invoice": made["id"], "amount": 700, "currency": "usd"}
    user.api.at_stripe("POST", "/v1/invoiceitems", item)
    bill: str = user.api.at_stripe("POST", f"/v1/invoices/{made['id']}/finalize")["id"]
    store = user.api.ports.engine.world.store
    store.update(store.get("subscription", user.subscription["id"]), latest_invoice=bill)
    return bill


# -- Upgrades whose payment takes days ------------------------------------------------------------

ON_ITS_WAY = {"status": "success", "message": "Your plan changes when the payment arrives."}


@pytest.fixture
def debited(user: Subscriber) -> Subscriber:
    """A user whose bank account is debited, which takes some days."""
    user.pay_with("pm_usBankAccount_success")
    return user


def test_an_upgrade_whose_payment_takes_days_comes_with_it(debited: Subscriber) -> None:
    answer = debited.change("agency_monthly")

    assert (answer.status, answer.body) == (200, ON_ITS_WAY)
    assert debited.plan == "standard_monthly"
    debited.wait(HOUR)
    assert debited.plan == "agency_monthly"
    assert debited.charges() == [1_900, 5_419]


def test_whoever_repeats_it_meanwhile_is_told_the_same_and_nothing_is_written(
    debited: Subscriber,
) -> None:
    debited.change("agency_monthly")
    asked = len(debited.api.ports.wire.requests)

    answer = debited.change("agency_monthly")

    assert (answer.status, answer.body) == (200, ON_ITS_WAY)
    assert {r.method for r in debited.api.ports.wire.requests[asked:]} == {"GET"}
    assert statuses(debited) == ["open", "paid"]


def test_a_quote_whose_payment_takes_days_is_repeated_as_well(debited: Subscriber) -> None:
    quote = debited.preview("agency_monthly").body["quote"]

    answers = [debited.change("agency_monthly", quote=quote) for _ in range(2)]

    assert [answer.body for answer in answers] == [ON_ITS_WAY] * 2


@pytest.mark.parametrize("other", ["standard_yearly", "standard_monthly"])
def test_while_a_payment_is_under_way_no_other_change_begins(
    debited: Subscriber, other: str
) -> None:
    debited.change("agency_monthly")

    answers = [debited.change(other), debited.preview(other)]

    assert [answer.status for answer in answers] == [409, 409]
    assert answers[0].body["detail"] == "A payment is under way. Try again when it has arrived."
    assert statuses(debited) == ["open", "paid"]
    assert debited.subscription["pending_update"] is not None


# -- Quotes ---------------------------------------------------------------------------------------


def test_a_quote_is_charged_exactly(user: Subscriber) -> None:
    preview = user.preview("agency_monthly").body
    user.wait(599)

    assert user.change("agency_monthly", quote=preview["quote"]).body["status"] == "success"

    assert user.charges() == [1_900, preview["amountDueNow"]]
    assert user.invoices()[0]["amount_due"] == preview["amountDueNow"]


def test_a_quote_says_all_of_the_change(agency: Subscriber) -> None:
    quote = agency.preview("standard_monthly", quantity=3, effective="now").body["quote"]

    agency.change("standard_monthly", quote=quote)

    item = agency.subscription["items"]["data"][0]
    assert (item["price"]["lookup_key"], item["quantity"]) == ("standard_monthly", 3)


def test_a_quote_that_is_accepted_twice_is_charged_once(user: Subscriber) -> None:
    quote = user.preview("agency_monthly").body["quote"]

    answers = [user.change("agency_monthly", quote=quote) for _ in range(2)]

    assert [answer.body["status"] for answer in answers] == ["success", "success"]
    assert len(user.charges()) == 2


def expired(user: Subscriber) -> None:
    user.wait(600)


def renewed(user: Subscriber) -> None:
    """The renewal comes within the quote's ten minutes: the quote is taken just before it."""
    user.wait(400)


def changed_to_and_fro(user: Subscriber) -> None:
    user.change("agency_monthly")
    user.change("standard_monthly", effective="now")


def changed_to_another_plan(user: Subscriber) -> None:
    user.change("standard_yearly")


def discounted(user: Subscriber) -> None:
    user.discount()


def credited(user: Subscriber) -> None:
    user.credit(100)


def more_seats_by_staff(user: Subscriber) -> None:
    item = user.subscription["items"]["data"][0]["id"]
    user.api.at_stripe(
        "POST", f"/v1/subscription_items/{item}", {"quantity": 2, "proration_behavior": "none"}
    )


def billed_for_more(user: Subscriber) -> None:
    item = {"customer": user.customer_id, "subscription": user.subscription["id"]}
    user.api.at_stripe("POST", "/v1/invoiceitems", {**item, "amount": 700, "currency": "usd"})


@pytest.mark.parametrize(
    "meanwhile",
    [
        expired,
        renewed,
        changed_to_and_fro,
        changed_to_another_plan,
        discounted,
        credited,
        more_seats_by_staff,
        billed_for_more,
    ],
)
def test_a_quote_that_holds_no_more_charges_nothing(
    api: Api, meanwhile: Any, request: pytest.FixtureRequest
) -> None:
    user = Subscriber(api).subscribe()
    user.wait(31 * DAY - 300 if meanwhile is renewed else 10 * DAY)
    quote = user.preview("agency_monthly").body["quote"]
    meanwhile(user)
    plan, charges = user.plan, user.charges()

    answer = user.change("agency_monthly", quote=quote)

    assert answer.status == 409
    assert "/preview-subscription-change" in answer.body["detail"]
    assert (user.plan, user.charges()) == (plan, charges)
    fresh = user.preview("agency_monthly").body["quote"]
    assert user.change("agency_monthly", quote=fresh).status == 200


def test_a_quote_of_a_credit_is_held_to_as_well(agency: Subscriber) -> None:
    quote = agency.preview("standard_monthly", effective="now").body["quote"]
    agency.discount(50)

    assert agency.change("standard_monthly", quote=quote).status == 409

    assert agency.plan == "agency_monthly"


@pytest.mark.parametrize(
    "other",
    [{"newPriceId": "standard_yearly"}, {"quantity": 2}, {"effective": "period_end"}],
)
def test_a_quote_is_good_for_its_own_change_only(user: Subscriber, other: Json) -> None:
    quote = user.preview("agency_monthly").body["quote"]
    body = {"newPriceId": "agency_monthly", **other}
    price_id = user.api.price(body.pop("newPriceId"))

    answer = user.post("/update-subscription", newPriceId=price_id, quote=quote, **body)

    assert answer.status == 422
    assert answer.body["detail"][0]["loc"] == ["body", "quote"]
    assert user.charges() == [1_900]


def test_anothers_quote_is_refused_and_nothing_of_them_is_said(user: Subscriber, api: Api) -> None:
    other = Subscriber(api, "user_2").subscribe("standard_yearly")
    quote = other.preview("agency_monthly", effective="now").body["quote"]

    answer = user.change("agency_monthly", quote=quote)

    assert answer.status == 422
    for theirs in ("user_2", other.customer_id, other.subscription["id"]):
        assert theirs not in answer.text
    assert user.charges() == [1_900]


def test_with_a_quote_no_other_payment_is_confirmed(asked: Subscriber) -> None:
    """A change without a quote waits, at a price that isn't the quoted one."""
    asked.change("agency_monthly")
    asked.wait(2 * HOUR)
    preview = asked.preview("agency_monthly").body

    answer = asked.change("agency_monthly", quote=preview["quote"])

    assert answer.body["status"] == "requires_action"
    asked.confirm(answer.body["clientSecret"])
    assert asked.charges() == [1_900, preview["amountDueNow"]]
    assert preview["amountDueNow"] != 5_419
    assert statuses(asked) == ["paid", "void", "paid"]


def test_a_quote_is_confirmed_by_whoever_repeats_it(asked: Subscriber) -> None:
    preview = asked.preview("agency_monthly").body
    first = asked.change("agency_monthly", quote=preview["quote"])
    asked.wait(HOUR)

    again = asked.change("agency_monthly", quote=preview["quote"])

    assert again.body == first.body
    asked.confirm(again.body["clientSecret"])
    assert asked.change("agency_monthly", quote=preview["quote"]).body["status"] == "success"
    assert asked.charges() == [1_900, preview["amountDueNow"]]


def test_a_quote_that_is_declined_holds_no_more(user: Subscriber) -> None:
    quote = user.preview("agency_monthly").body["quote"]
    user.pay_with("pm_card_chargeCustomerFail")
    assert user.change("agency_monthly", quote=quote).status == 402
    user.pay_with("pm_card_visa")

    assert user.change("agency_monthly", quote=quote).status == 409

    assert user.charges() == [1_900]


# -- Downgrades -----------------------------------------------------------------------------------


def test_a_downgrade_holds_from_the_next_period_on(agency: Subscriber) -> None:
    answer = agency.change("standard_monthly")

    assert answer.body == {
        "status": "success",
        "message": "Your plan changes when the current period ends.",
    }
    assert agency.plan == "agency_monthly"
    assert shown(agency)["pendingChange"]["planId"] == agency.api.price("standard_monthly")
    agency.wait_for_renewal()
    assert agency.plan == "standard_monthly"
    assert agency.charges() == [9_900, 1_900]
    agency.hear()
    assert shown(agency)["currentPlanId"] == agency.api.price("standard_monthly")
    agency.wait_for_renewal()
    assert agency.schedule is None
    assert agency.charges() == [9_900, 1_900, 1_900]


def test_a_downgrade_to_monthly_begins_with_the_year_that_is_paid(api: Api) -> None:
    user = Subscriber(api).subscribe("agency_yearly")
    user.change("standard_monthly")

    user.wait_for_renewal()

    assert user.plan == "standard_monthly"
    assert user.charges() == [99_000, 1_900]


def test_fewer_seats_hold_from_the_next_period_on(api: Api) -> None:
    user = Subscriber(api).subscribe(quantity=5)
    user.change("standard_monthly", quantity=2)
    assert user.subscription["items"]["data"][0]["quantity"] == 5

    user.wait_for_renewal()

    assert user.charges() == [9_500, 3_800]


def test_a_downgrade_that_is_planned_already_is_planned_once(agency: Subscriber) -> None:
    agency.change("standard_monthly")
    before, asked = agency.schedule, len(agency.api.ports.wire.requests)

    assert agency.change("standard_monthly").body["status"] == "success"

    assert agency.schedule == before
    assert {r.method for r in agency.api.ports.wire.requests[asked:]} == {"GET"}


def test_another_downgrade_takes_the_first_ones_place(api: Api) -> None:
    user = Subscriber(api).subscribe("agency_yearly")
    user.change("agency_monthly")

    user.change("standard_monthly")

    assert shown(user)["pendingChange"]["planId"] == api.price("standard_monthly")
    user.wait_for_renewal()
    assert user.charges() == [99_000, 1_900]


def test_whoever_stays_after_all_isnt_downgraded(agency: Subscriber) -> None:
    agency.change("standard_monthly")

    assert agency.change("agency_monthly").body["status"] == "success"

    assert (agency.schedule, shown(agency)["pendingChange"]) == (None, None)
    agency.wait_for_renewal()
    assert agency.charges() == [9_900, 9_900]


def test_an_upgrade_takes_a_planned_downgrades_place(agency: Subscriber) -> None:
    agency.change("standard_monthly")

    agency.change("agency_yearly")

    assert (agency.plan, agency.schedule) == ("agency_yearly", None)
    agency.wait_for_renewal()
    assert agency.plan == "agency_yearly"


def test_after_an_upgrade_that_is_declined_the_downgrade_is_planned_still(
    agency: Subscriber,
) -> None:
    agency.change("standard_monthly")
    planned = shown(agency)["pendingChange"]
    agency.pay_with("pm_card_chargeCustomerFail")

    assert agency.change("agency_yearly").status == 402

    assert agency.charges() == [9_900]
    assert shown(agency)["pendingChange"] == planned
    agency.pay_with("pm_card_visa")
    agency.wait_for_renewal()
    assert (agency.plan, agency.charges()) == ("standard_monthly", [9_900, 1_900])


def test_after_a_quote_that_holds_no_more_the_downgrade_is_planned_still(api: Api) -> None:
    """After each of the request's calls to Stripe a credit makes the quote outdated."""
    answers: list[int] = []
    for point in count(1):
        user = Subscriber(api, f"user_{point}").subscribe("agency_monthly")
        user.change("standard_monthly")
        quote = user.preview("agency_yearly").body["quote"]
        credited: list[int] = []
        act = partial(credit_once, user, credited)
        api.ports.wire.observers.append(after(point, act))

        answers.append(user.change("agency_yearly", quote=quote).status)

        api.ports.wire.observers.clear()
        assert (user.schedule is not None) == (answers[-1] == 409)
        if not credited:
            break
    assert set(answers) == {200, 409}


def credit_once(user: Subscriber, credited: list[int]) -> None:
    user.credit(100)
    credited.append(100)


@pytest.mark.parametrize("card", ["pm_card_threeDSecure2Required", "pm_usBankAccount_success"])
def test_an_upgrade_that_is_paid_later_isnt_undone_by_a_planned_downgrade(
    agency: Subscriber, card: str
) -> None:
    agency.change("standard_monthly")
    agency.pay_with(card)

    answer = agency.change("agency_yearly")

    assert answer.status == 200
    assert (agency.schedule, shown(agency)["pendingChange"]) == (None, None)
    if "clientSecret" in answer.body:
        agency.confirm(answer.body["clientSecret"])
    else:
        agency.wait(HOUR)
    assert agency.plan == "agency_yearly"
    agency.wait(40 * DAY)
    assert agency.plan == "agency_yearly"


def test_an_upgrade_that_died_before_its_schedules_release_is_carried_on(
    agency: Subscriber,
) -> None:
    agency.change("standard_monthly")
    path = f"/v1/subscriptions/{agency.subscription['id']}"
    agency.api.ports.wire.observers.append(die_after(path))
    with pytest.raises(Died):
        agency.change("agency_yearly")
    agency.api.ports.wire.observers.clear()

    assert agency.change("agency_yearly").body["status"] == "success"

    assert (agency.plan, agency.schedule) == ("agency_yearly", None)
    assert len(agency.charges()) == 2


def test_discount_tax_and_further_items_survive_a_downgrade(agency: Subscriber) -> None:
    rate = {"display_name": "VAT", "percentage": 20, "inclusive": False}
    rate_id = agency.api.at_stripe("POST", "/v1/tax_rates", rate)["id"]
    agency.discount(50)
    agency.staff_set(default_tax_rates={"0": rate_id})
    price_id = a_further_item(agency)

    agency.change("standard_monthly")
    agency.wait_for_renewal()

    renewal = agency.invoices()[0]
    lines = sorted(line["amount"] for line in renewal["lines"]["data"])
    assert (lines, renewal["total"]) == ([1_000, 1_900], 2_900 // 2 * 12 // 10)
    items = agency.subscription["items"]["data"]
    reasons = {item["price"]["id"]: item["metadata"].get("reason") for item in items}
    assert reasons == {price_id: "support", agency.api.price("standard_monthly"): None}


def test_a_downgrade_that_died_half_way_is_carried_on(agency: Subscriber) -> None:
    agency.api.ports.wire.observers.append(die_after("/v1/subscription_schedules"))
    with pytest.raises(Died):
        agency.change("standard_monthly")
    agency.api.ports.wire.observers.clear()
    made = agency.schedule
    assert made is not None
    assert len(made["phases"]) == 1

    assert agency.change("standard_monthly").body["status"] == "success"

    schedule = agency.schedule
    assert schedule is not None
    assert (schedule["id"], len(schedule["phases"])) == (made["id"], 2)
    agency.wait_for_renewal()
    assert agency.charges() == [9_900, 1_900]


class Died(BaseException):
    """The Lambda is gone, and nothing can catch that."""


def die_after(path: str) -> Any:
    def die(request: Any) -> None:
        if (request.method, request.path) == ("POST", path):
            raise Died

    return die


def a_schedule_of_staffs(user: Subscriber, lookup_key: str, days: int = 31) -> Json:
    """A schedule by which staff change the plan after some days of the period."""
    path = "/v1/subscription_schedules"
    made = user.api.at_stripe("POST", path, {"from_subscription": user.subscription["id"]})
    current = made["phases"][0]
    kept = {"items": {"0": {"price": current["items"][0]["price"], "quantity": 1}}}
    start = current["start_date"]
    phases = {
        "0": {**kept, "start_date": start, "end_date": start + days * DAY},
        "1": {"items": {"0": {"price": user.api.price(lookup_key), "quantity": 1}}},
    }
    return user.api.at_stripe("POST", f"{path}/{made['id']}", {"phases": phases})


def test_what_staff_have_planned_already_is_left_to_them(agency: Subscriber) -> None:
    theirs = a_schedule_of_staffs(agency, "standard_monthly")

    assert agency.change("standard_monthly").body["status"] == "success"

    assert agency.schedule == theirs


@pytest.mark.parametrize(("lookup_key", "days"), [("agency_yearly", 31), ("standard_monthly", 365)])
def test_what_staff_have_planned_otherwise_gives_way(
    agency: Subscriber, lookup_key: str, days: int
) -> None:
    a_schedule_of_staffs(agency, lookup_key, days)

    assert agency.change("standard_monthly").body["status"] == "success"

    agency.wait_for_renewal()
    assert agency.plan == "standard_monthly"
    assert agency.charges() == [9_900, 1_900]


def test_a_schedule_that_plans_nothing_yet_is_taken_over(agency: Subscriber) -> None:
    """The phase that staff left runs for a year; the customer's period ends before."""
    path = "/v1/subscription_schedules"
    made = agency.api.at_stripe("POST", path, {"from_subscription": agency.subscription["id"]})
    current = made["phases"][0]
    phase = {
        "items": {"0": {"price": current["items"][0]["price"], "quantity": 1}},
        "start_date": current["start_date"],
        "end_date": current["start_date"] + 365 * DAY,
    }
    agency.api.at_stripe("POST", f"{path}/{made['id']}", {"phases": {"0": phase}})
    agency.hear()

    agency.change("standard_monthly")

    schedule = agency.schedule
    assert schedule is not None
    assert schedule["id"] == made["id"]
    assert shown(agency)["pendingChange"]["planId"] == agency.api.price("standard_monthly")
    agency.wait_for_renewal()
    assert agency.charges() == [9_900, 1_900]


@pytest.mark.parametrize("planned", [None, "standard_monthly"])
def test_whoever_is_to_have_the_same_plan_next_is_told_that_it_stays(
    agency: Subscriber, planned: str | None
) -> None:
    if planned is not None:
        agency.change(planned)

    answer = agency.change("agency_monthly", effective="period_end")

    assert answer.body == {"status": "success", "message": "Your plan stays as it is."}
    assert agency.schedule is None


def test_once_a_downgrade_has_come_about_the_next_is_planned_as_well(api: Api) -> None:
    user = Subscriber(api).subscribe("agency_monthly", quantity=3)
    user.change("agency_monthly", quantity=2)
    user.wait_for_renewal()

    assert user.change("standard_monthly").body["status"] == "success"

    user.wait_for_renewal()
    assert user.charges() == [29_700, 19_800, 3_800]


def test_the_policy_may_be_that_downgrades_hold_at_once(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOWNGRADE_EFFECTIVE", "now")
    user = Subscriber(api).subscribe("agency_monthly")
    user.wait(10 * DAY)

    user.change("standard_monthly")

    assert user.plan == "standard_monthly"
    assert user.invoices()[0]["total"] == -5_419
    assert user.charges() == [9_900]


# -- However the subscription stands --------------------------------------------------------------


def test_in_a_trial_a_change_costs_nothing_and_the_trial_goes_on(api: Api) -> None:
    user = Subscriber(api).subscribe(trialDays=14)
    trial_end = user.subscription["trial_end"]

    assert user.change("agency_monthly").body["status"] == "success"

    assert (user.plan, user.charges()) == ("agency_monthly", [])
    assert user.subscription["trial_end"] == trial_end
    user.wait_for_renewal()
    assert user.charges() == [9_900]


def test_a_trial_isnt_made_longer_by_a_downgrade(api: Api) -> None:
    user = Subscriber(api).subscribe("agency_monthly", trialDays=14)
    user.change("standard_monthly")

    user.wait_for_renewal()

    assert (user.plan, user.charges()) == ("standard_monthly", [1_900])


def fall_behind(user: Subscriber) -> None:
    """Let the renewal fail."""
    user.pay_with("pm_card_chargeCustomerFail")
    user.wait_for_renewal()
    assert user.subscription["status"] == "past_due"


@pytest.mark.parametrize("status", ["past_due", "unpaid"])
def test_what_is_owed_comes_first(user: Subscriber, status: str) -> None:
    fall_behind(user)
    store = user.api.ports.engine.world.store
    store.update(store.get("subscription", user.subscription["id"]), status=status)
    user.pay_with("pm_card_visa")

    answer = user.change("agency_monthly")

    assert answer.status == 409
    assert "/update-default-payment-method" in answer.body["detail"]
    assert user.plan == "standard_monthly"


@pytest.mark.parametrize("status", ["paused", "incomplete"])
def test_what_isnt_active_cant_be_changed(user: Subscriber, status: str) -> None:
    store = user.api.ports.engine.world.store
    store.update(store.get("subscription", user.subscription["id"]), status=status)

    answers = [user.change("agency_monthly"), user.preview("agency_monthly")]

    assert [answer.status for answer in answers] == [409, 409]
    assert user.plan == "standard_monthly"


def test_without_a_subscription_there_is_nothing_to_change(api: Api) -> None:
    user = Subscriber(api)

    assert user.change("agency_monthly").status == 404

    assert api.ports.wire.asked("POST", "/v1/subscriptions") == []


def test_what_has_ended_at_stripe_is_over_here_too(user: Subscriber) -> None:
    user.api.at_stripe("DELETE", f"/v1/subscriptions/{user.subscription['id']}")

    assert user.change("agency_monthly").status == 404

    assert shown(user) is None
    assert user.api.get("/access/user_1").body["level"] == "none"


def test_what_ended_long_ago_isnt_asked_for(api: Api) -> None:
    user = Subscriber(api)
    ended = a_subscription(status="canceled")
    api.ports.records.save(a_record(version=1, subscription=ended), replacing=0)
    asked = len(api.ports.wire.requests)

    assert user.post("/update-subscription", newPriceId="price_1").status == 404

    assert api.ports.wire.requests[asked:] == []


# -- A price that isn't sold any more -------------------------------------------------------------


@pytest.fixture
def grandfathered(user: Subscriber) -> Subscriber:
    """A user whose price has gone from the catalogue."""
    price = {"product": "prod_standard", "currency": "usd", "unit_amount": 1_500}
    old = user.api.at_stripe("POST", "/v1/prices", {**price, "recurring": {"interval": "month"}})
    item = user.subscription["items"]["data"][0]["id"]
    user.api.at_stripe("POST", f"/v1/subscription_items/{item}", {"price": old["id"]})
    return user


def test_who_has_an_old_price_may_have_more_of_it(grandfathered: Subscriber) -> None:
    old = grandfathered.subscription["items"]["data"][0]["price"]["id"]

    answer = grandfathered.post("/update-subscription", newPriceId=old, quantity=3)

    assert answer.body["status"] == "success"
    item = grandfathered.subscription["items"]["data"][0]
    assert (item["price"]["id"], item["quantity"]) == (old, 3)


def test_who_leaves_an_old_price_never_comes_back(grandfathered: Subscriber) -> None:
    old = grandfathered.subscription["items"]["data"][0]["price"]["id"]
    assert grandfathered.change("agency_monthly").body["status"] == "success"

    answer = grandfathered.post("/update-subscription", newPriceId=old)

    assert answer.status == 422
    assert answer.body["detail"][0]["loc"] == ["body", "newPriceId"]
    assert grandfathered.plan == "agency_monthly"


# -- When Stripe or DynamoDB don't answer ---------------------------------------------------------


@pytest.mark.parametrize(("status", "retry_after"), [(429, 3), (500, None), (409, None)])
def test_while_stripe_is_down_the_caller_is_told_when_to_come_back(
    user: Subscriber, status: int, retry_after: int | None
) -> None:
    path = f"/v1/subscriptions/{user.subscription['id']}"
    trouble = Trouble("POST", path, status=status, retry_after=retry_after)
    user.api.ports.wire.troubles.append(trouble)

    answer = user.change("agency_monthly")

    assert (answer.status, answer.header("Retry-After")) == (503, str(retry_after or 1))
    assert "req_secret" not in answer.text
    assert user.change("agency_monthly").status == 200
    assert user.charges() == [1_900, 5_419]


def test_an_answer_that_was_lost_is_given_to_the_next_try(user: Subscriber) -> None:
    path = f"/v1/subscriptions/{user.subscription['id']}"
    user.api.ports.wire.troubles.append(Trouble("POST", path, status=None, after_effect=True))
    assert user.change("agency_monthly").status == 503

    assert user.change("agency_monthly").body["status"] == "success"

    assert user.charges() == [1_900, 5_419]


def test_after_a_lost_answer_another_wish_is_carried_out_all_the_same(user: Subscriber) -> None:
    path = f"/v1/subscriptions/{user.subscription['id']}"
    user.api.ports.wire.troubles.append(Trouble("POST", path, status=None, after_effect=True))
    assert user.change("agency_monthly").status == 503

    assert user.change("standard_monthly", effective="now").body["status"] == "success"

    assert user.plan == "standard_monthly"
    assert [invoice["total"] for invoice in user.invoices()] == [-5_419, 5_419, 1_900]


def test_a_request_that_comes_late_finds_its_number_taken(user: Subscriber) -> None:
    """The first try's request is still on its way when another wish is carried out."""
    engine, path = user.api.ports.engine, f"/v1/subscriptions/{user.subscription['id']}"
    user.api.ports.wire.troubles.append(Trouble("POST", path, status=None))
    assert user.change("agency_monthly").status == 503
    (lost,) = user.api.ports.wire.asked("POST", path)
    user.post("/cancel-subscription")

    item = {"id": user.subscription["items"]["data"][0]["id"]}
    late = engine.request(
        "POST",
        path,
        {"items": {"0": {**item, "price": user.api.price("agency_monthly")}}},
        {**engine.own_headers(), "Idempotency-Key": lost.key or ""},
    )

    assert late.status == 400
    assert (user.plan, user.charges()) == ("standard_monthly", [1_900])


# -- At the same time -----------------------------------------------------------------------------


class ContextOfThread(local, UserDict[str, Any]):
    """What the resolver notes of a request: Lambda serves one at a time, and it has one note."""


def at_once(requests: Sequence[Callable[[], ApiAnswer]]) -> list[ApiAnswer]:
    """Send requests from a thread each, none before all are ready."""
    ready = Barrier(len(requests))

    def send(request: Callable[[], ApiAnswer]) -> ApiAnswer:
        ready.wait(timeout=30)
        return request()

    with (
        patch.object(app, "context", ContextOfThread()),
        ThreadPoolExecutor(len(requests)) as threads,
    ):
        return list(threads.map(send, requests))


def test_twenty_equal_requests_at_once_are_charged_once(user: Subscriber) -> None:
    price_id = user.api.price("agency_monthly")

    answers = at_once(
        [partial(user.post, "/update-subscription", newPriceId=price_id) for _ in range(20)]
    )

    assert {answer.status for answer in answers} <= {200, 503}
    assert 200 in {answer.status for answer in answers}
    assert (user.plan, user.charges()) == ("agency_monthly", [1_900, 5_419])
    assert user.change("agency_monthly").body["status"] == "success"
    assert user.charges() == [1_900, 5_419]


def test_twenty_declined_requests_at_once_leave_nothing_behind(user: Subscriber) -> None:
    user.pay_with("pm_card_chargeCustomerFail")
    price_id = user.api.price("agency_monthly")

    answers = at_once(
        [partial(user.post, "/update-subscription", newPriceId=price_id) for _ in range(20)]
    )

    assert {answer.status for answer in answers} <= {402, 503}
    assert user.change("agency_monthly").status == 402
    assert (user.plan, user.charges()) == ("standard_monthly", [1_900])
    assert set(statuses(user)) == {"paid", "void"}


def test_twenty_quotes_at_once_are_charged_once(user: Subscriber) -> None:
    preview = user.preview("agency_monthly").body
    body = {"newPriceId": user.api.price("agency_monthly"), "quote": preview["quote"]}

    answers = at_once([partial(user.post, "/update-subscription", **body) for _ in range(20)])

    assert {answer.status for answer in answers} <= {200, 409, 503}
    assert user.plan == "agency_monthly"
    assert user.charges() == [1_900, preview["amountDueNow"]]


def test_different_requests_at_once_end_in_one_of_them(user: Subscriber) -> None:
    lookup_keys = ("agency_monthly", "standard_yearly") * 4
    bodies = [{"newPriceId": user.api.price(key), "effective": "now"} for key in lookup_keys]

    answers = at_once([partial(user.post, "/update-subscription", **body) for body in bodies])

    assert {answer.status for answer in answers} <= {200, 503}
    assert user.plan in lookup_keys
    assert "open" not in statuses(user)
    assert shown(user)["currentPlanId"] == user.api.price(user.plan)


@pytest.mark.parametrize("other", ["agency_monthly", "standard_yearly", None])
def test_whatever_comes_between_its_calls_a_change_is_charged_once(
    api: Api, other: str | None
) -> None:
    """After each of a request's calls to Stripe another one runs from beginning to end."""
    for point in count(1):
        user = Subscriber(api, f"user_{point}").subscribe()
        inner: list[ApiAnswer] = []
        act = partial(meanwhile, user, other, inner)
        api.ports.wire.observers.append(after(point, act))

        outer = user.change("agency_monthly")

        api.ports.wire.observers.clear()
        assert outer.body["status"] == "success"
        assert [answer.status for answer in inner] in ([], [200])
        billed = [i["total"] for i in user.invoices() if i["billing_reason"] != "manual"]
        changes = 1 + (1 if inner and other == "standard_yearly" else 0)
        assert len(billed) <= 1 + changes + (1 if changes > 1 else 0)
        assert "open" not in statuses(user)
        if other == "agency_monthly" or not inner:
            assert (user.plan, user.charges()) == ("agency_monthly", [1_900, 8_000])
        if other is None and inner:
            assert user.subscription["cancel_at"] is not None
        if not inner:
            break


def meanwhile(user: Subscriber, lookup_key: str | None, answers: list[ApiAnswer]) -> None:
    """Change to another plan, or cancel."""
    if lookup_key is None:
        answers.append(user.post("/cancel-subscription"))
    else:
        answers.append(user.change(lookup_key, effective="now"))


def after(point: int, act: Callable[[], None]) -> Callable[[Request], None]:
    """Act once, after that many requests to Stripe."""
    left = [point]

    def passed(_: Request) -> None:
        left[0] -= 1
        if left[0] == 0:
            act()

    return passed
