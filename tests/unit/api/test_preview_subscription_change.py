"""POST /preview-subscription-change: what it says is billed is what is billed, to the cent."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from billing.domain.quote import QUOTE_SECONDS
from tests.support.api import Api
from tests.support.aws import add_user, facts, user_item
from tests.support.subscriber import Json, Subscriber

DAY = 86_400


def a_third_in(api: Api, lookup_key: str = "standard_monthly", **body: Any) -> Subscriber:
    """A user who subscribed ten days ago."""
    user = Subscriber(api).subscribe(lookup_key, **body)
    user.wait(10 * DAY)
    return user


def seconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())


def everything(user: Subscriber) -> list[Json]:
    """All that Stripe and we have."""
    at_stripe = user.api.ports.engine.world.store.everything()
    ours = [user.record.model_dump(mode="json"), user_item(), *facts()]
    return [*sorted(at_stripe, key=lambda each: str(each["id"])), *ours]


# -- What it says is what comes -------------------------------------------------------------------


def nothing(_: Subscriber) -> None:
    pass


def discounted(user: Subscriber) -> None:
    user.discount()


def with_credit(user: Subscriber) -> None:
    user.credit(3_000)


def with_credit_for_months(user: Subscriber) -> None:
    user.credit(50_000)


def in_debt(user: Subscriber) -> None:
    user.credit(-3_000)


def with_a_bill_pending(user: Subscriber) -> None:
    item = {"customer": user.customer_id, "subscription": user.subscription["id"]}
    user.api.at_stripe("POST", "/v1/invoiceitems", {**item, "amount": 700, "currency": "usd"})


def with_a_further_item(user: Subscriber) -> None:
    price = {"product": "prod_agency", "currency": "usd", "unit_amount": 500}
    made = user.api.at_stripe("POST", "/v1/prices", {**price, "recurring": {"interval": "month"}})
    item = {"subscription": user.subscription["id"], "price": made["id"], "quantity": 2}
    user.api.at_stripe("POST", "/v1/subscription_items", item)


def with_a_downgrade_planned(user: Subscriber) -> None:
    assert user.change("standard_monthly").status == 200


MONTHLY, YEARLY, AGENCY = "standard_monthly", "standard_yearly", "agency_monthly"
NOW: Json = {"effective": "now"}


@pytest.mark.parametrize(
    ("bought", "setting", "wanted", "body"),
    [
        pytest.param({}, nothing, AGENCY, {}, id="upgrade"),
        pytest.param({}, nothing, MONTHLY, {"quantity": 5}, id="more"),
        pytest.param({"quantity": 5}, nothing, MONTHLY, {"quantity": 2}, id="less"),
        pytest.param({"quantity": 5}, nothing, MONTHLY, {"quantity": 2, **NOW}, id="less_now"),
        pytest.param({"plan": AGENCY}, nothing, MONTHLY, {}, id="downgrade"),
        pytest.param({"plan": AGENCY}, nothing, MONTHLY, NOW, id="downgrade_now"),
        pytest.param({}, nothing, YEARLY, {}, id="to_yearly"),
        pytest.param({}, discounted, YEARLY, {}, id="to_yearly_with_a_discount"),
        pytest.param({"plan": YEARLY}, discounted, MONTHLY, {}, id="to_monthly_with_a_discount"),
        pytest.param({"plan": YEARLY}, nothing, MONTHLY, NOW, id="to_monthly_now"),
        pytest.param({}, discounted, AGENCY, {}, id="with_a_discount"),
        pytest.param({}, with_credit, AGENCY, {}, id="with_credit"),
        pytest.param({}, with_credit_for_months, AGENCY, {}, id="with_credit_for_months"),
        pytest.param({}, in_debt, AGENCY, {}, id="in_debt"),
        pytest.param({"plan": AGENCY}, in_debt, MONTHLY, NOW, id="downgrade_now_in_debt"),
        pytest.param({}, with_a_bill_pending, AGENCY, {}, id="with_a_bill_pending"),
        pytest.param({"plan": AGENCY}, with_a_bill_pending, MONTHLY, {}, id="downgrade_and_bill"),
        pytest.param({}, with_a_further_item, AGENCY, {}, id="with_a_further_item"),
        pytest.param({"plan": AGENCY}, with_a_further_item, MONTHLY, {}, id="downgrade_one_item"),
        pytest.param({"trialDays": 14}, nothing, AGENCY, {}, id="upgrade_in_a_trial"),
        pytest.param({"trialDays": 14}, nothing, "agency_yearly", {}, id="to_yearly_in_a_trial"),
        pytest.param(
            {"plan": AGENCY, "trialDays": 14}, nothing, MONTHLY, {}, id="downgrade_in_a_trial"
        ),
        pytest.param(
            {"plan": AGENCY}, with_a_downgrade_planned, "agency_yearly", {}, id="a_change_of_mind"
        ),
        pytest.param(
            {"plan": AGENCY}, with_a_downgrade_planned, AGENCY, {}, id="a_downgrade_taken_back"
        ),
        pytest.param(
            {"plan": "agency_yearly"}, with_a_downgrade_planned, YEARLY, {}, id="another_downgrade"
        ),
        pytest.param(
            {"plan": AGENCY, "trialDays": 14},
            with_a_downgrade_planned,
            YEARLY,
            {},
            id="another_downgrade_in_a_trial",
        ),
    ],
)
def test_what_is_previewed_is_what_is_billed_now_and_next(
    api: Api, bought: Json, setting: Callable[[Subscriber], None], wanted: str, body: Json
) -> None:
    options = {name: value for name, value in bought.items() if name != "plan"}
    user = a_third_in(api, bought.get("plan", MONTHLY), **options)
    setting(user)
    before = [invoice["id"] for invoice in user.invoices()]

    preview = user.preview(wanted, **body).body
    accepted = user.change(wanted, quote=preview["quote"])

    assert accepted.body["status"] == "success", accepted.text
    billed = [invoice for invoice in user.invoices() if invoice["id"] not in before]
    assert sum(invoice["amount_due"] for invoice in billed) == preview["amountDueNow"]
    assert sum(invoice["total"] for invoice in billed) == preview["total"]
    lines = [line["amount"] for invoice in billed for line in invoice["lines"]["data"]]
    assert [line["amount"] for line in preview["lines"]] == lines
    for invoice in billed:
        assert (invoice["starting_balance"], invoice["ending_balance"]) == (
            preview["startingBalance"],
            preview["endingBalance"],
        )

    renews_at = seconds(preview["nextInvoice"]["date"])
    issued = len(user.invoices())
    user.wait(renews_at - api.ports.now() - 1)
    assert len(user.invoices()) == issued, "no sooner than it was said"
    user.wait(1)
    user.wait(3_700)
    (renewal, *others) = user.invoices()
    assert len(others) == issued
    assert (renewal["created"], renewal["amount_due"]) == (
        renews_at,
        preview["nextInvoice"]["amountDue"],
    )


def test_an_upgrade_takes_effect_now_and_a_downgrade_when_the_period_ends(api: Api) -> None:
    user = a_third_in(api, "standard_yearly")
    period_end = user.subscription["items"]["data"][0]["current_period_end"]

    upgrade, downgrade = user.preview("agency_yearly").body, user.preview("standard_monthly").body

    assert (upgrade["effective"], seconds(upgrade["effectiveDate"])) == ("now", api.ports.now())
    assert (downgrade["effective"], seconds(downgrade["effectiveDate"])) == (
        "period_end",
        period_end,
    )


def test_a_preview_says_what_a_frontend_shows(api: Api) -> None:
    user = a_third_in(api)

    preview = user.preview("agency_monthly").body

    now = datetime.fromtimestamp(api.ports.now(), UTC)
    assert seconds(preview["expiresAt"]) == api.ports.now() + QUOTE_SECONDS
    assert preview["currency"] == "usd"
    assert [(line["description"], line["proration"]) for line in preview["lines"]] == [
        (f"Remaining time on Agency after {now:%d %b %Y}", True),
        (f"Unused time on Standard after {now:%d %b %Y}", True),
    ]
    assert {seconds(line["periodStart"]) for line in preview["lines"]} == {api.ports.now()}


@pytest.mark.parametrize(
    ("lookup_key", "body"),
    [
        ("agency_monthly", {}),
        ("agency_monthly", {"effective": "period_end"}),
        ("standard_monthly", {"quantity": 3}),
        ("standard_monthly", {}),
        ("standard_yearly", {}),
    ],
)
def test_a_preview_changes_nothing_at_all(api: Api, lookup_key: str, body: Json) -> None:
    user = a_third_in(api)
    before = everything(user)

    assert user.preview(lookup_key, **body).status == 200

    assert everything(user) == before


@pytest.mark.parametrize(("seconds_off", "into_the_period"), [(-3, 0), (3, 31 * DAY - 2)])
def test_a_clock_that_is_off_still_gives_a_quote(
    api: Api, monkeypatch: pytest.MonkeyPatch, seconds_off: int, into_the_period: int
) -> None:
    """Stripe prorates within the current period only: one that began a second ago, say."""
    user = Subscriber(api).subscribe()
    user.wait(into_the_period)
    monkeypatch.setattr(api.ports, "now", lambda: api.ports.clock.now + seconds_off)

    preview = user.preview("agency_monthly")

    assert preview.status == 200
    assert user.change("agency_monthly", quote=preview.body["quote"]).status == 200
    assert user.invoices()[0]["amount_due"] == preview.body["amountDueNow"]


# -- What can't be previewed ----------------------------------------------------------------------


@pytest.mark.parametrize("lookup_key", ["self_hosted", None])
def test_what_is_no_plan_of_ours_is_refused(api: Api, lookup_key: str | None) -> None:
    user = Subscriber(api).subscribe()
    price_id = api.price(lookup_key) if lookup_key else "price_of_another_product"

    answer = user.post("/preview-subscription-change", newPriceId=price_id)

    assert answer.status == 422
    assert answer.body["detail"][0]["loc"] == ["body", "newPriceId"]


def test_a_plan_in_another_currency_is_refused(api: Api) -> None:
    price = {"product": "prod_agency", "currency": "eur", "unit_amount": 9_900}
    euros = {**price, "recurring": {"interval": "month"}, "lookup_key": "agency_monthly"}
    api.at_stripe("POST", "/v1/prices", {**euros, "transfer_lookup_key": True})
    user = Subscriber(api).subscribe()

    answer = user.preview("agency_monthly")

    assert answer.status == 422
    assert answer.body["detail"][0]["loc"] == ["body", "newPriceId"]


def test_without_a_subscription_there_is_nothing_to_preview(api: Api) -> None:
    user = Subscriber(api)

    answer = user.preview("agency_monthly")

    assert answer.status == 404
    assert "/create-checkout-session" in answer.body["detail"]


def test_a_downgrade_after_the_end_is_refused(api: Api) -> None:
    user = Subscriber(api).subscribe("agency_monthly")
    user.post("/cancel-subscription")

    answer = user.preview("standard_monthly")

    assert answer.status == 409
    assert "/reactivate-subscription" in answer.body["detail"]


def test_an_unknown_user_and_anothers_id_get_the_same_answer(api: Api) -> None:
    user = Subscriber(api).subscribe()
    add_user("user_2")
    body = {"newPriceId": api.price("agency_monthly")}

    foreign = api.post("/preview-subscription-change", {**body, "userId": "user_1"}, "user_2")
    unknown = api.post("/preview-subscription-change", {**body, "userId": "user_3"}, "user_3")

    assert (foreign.status, foreign.text) == (unknown.status, unknown.text)
    assert unknown.status == 404
    assert user.customer_id not in foreign.text


def test_a_subscription_that_ends_first_has_no_next_invoice(api: Api) -> None:
    customer = Subscriber(api).subscribe()
    customer.post("/cancel-subscription")

    preview = customer.preview("agency_monthly")

    assert (preview.status, preview.body["nextInvoice"]) == (200, None)
    assert preview.body["amountDueNow"] == 8000
    assert customer.change("agency_monthly", quote=preview.body["quote"]).status == 200
    assert customer.charges()[-1] == 8000
