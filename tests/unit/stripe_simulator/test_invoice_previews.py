"""Previews of invoices: equal, to the cent, to what is billed then; and nothing has happened."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.stripe_simulator.account import DAY, HOUR, START, Account

Json = dict[str, Any]
MONTH = 31 * DAY
PREVIEW = "/v1/invoices/create_preview"
AMOUNTS = ("amount_due", "subtotal", "total", "starting_balance", "total_discount_amounts",
           "total_excluding_tax", "currency", "period_start", "billing_reason")  # fmt: skip


def amounts(invoice: Json) -> Json:
    """What must be equal: all amounts, and each line's amount, words and period."""
    lines = [
        (line["amount"], line["description"], line["period"], line["quantity"])
        for line in invoice["lines"]["data"]
    ]
    off = [share["amount"] for share in invoice["total_discount_amounts"]]
    shown = {name: invoice[name] for name in AMOUNTS if name != "total_discount_amounts"}
    return {**shown, "lines": lines, "off": off}


def everything(stripe: Account) -> list[Json]:
    return sorted(stripe.engine.world.store.everything(), key=lambda each: str(each["id"]))


def test_a_preview_does_nothing(stripe: Account) -> None:
    subscription = stripe.subscribe()
    stripe.wait(10 * DAY)
    item = {"id": subscription["items"]["data"][0]["id"], "price": stripe.price(9900)["id"]}
    before = everything(stripe)
    details = {"items": [item], "proration_behavior": "always_invoice"}
    preview = stripe.post(PREVIEW, subscription=subscription["id"], subscription_details=details)
    assert everything(stripe) == before
    assert preview["id"].startswith("upcoming_in_")
    assert (preview["status"], preview["number"]) == ("draft", None)


COUPONS = st.one_of(
    st.none(),
    st.builds(lambda off: {"percent_off": off}, st.integers(1, 100)),
    st.builds(lambda off: {"amount_off": off, "currency": "usd"}, st.integers(1, 20_000)),
)
ITEMS = st.lists(st.tuples(st.integers(0, 30_000), st.integers(0, 20)), min_size=1, max_size=3)


@settings(max_examples=60)
@given(
    old=ITEMS,
    new=ITEMS,
    behavior=st.sampled_from(["always_invoice", "create_prorations"]),
    mode=st.sampled_from(["flexible", "classic"]),
    seconds=st.integers(0, MONTH - 1),
    coupon=COUPONS,
    duration=st.sampled_from(["once", "forever"]),
    balance=st.integers(-30_000, 30_000),
    anchor=st.booleans(),
)
def test_what_is_previewed_is_what_is_billed(
    *,
    old: list[tuple[int, int]],
    new: list[tuple[int, int]],
    behavior: str,
    mode: str,
    seconds: int,
    coupon: Json | None,
    duration: str,
    balance: int,
    anchor: bool,
) -> None:
    stripe = Account()
    customer = stripe.customer(balance=balance)["id"]
    discounts = {}
    if coupon is not None:
        redeemed = stripe.post("/v1/coupons", **coupon, duration=duration)["id"]
        discounts = {"discounts": [{"coupon": redeemed}]}
    created = {
        "items": [{"price": stripe.price(each)["id"], "quantity": many} for each, many in old]
    }
    mode_ = {"billing_mode": {"type": mode}}
    preview = stripe.post(
        PREVIEW, customer=customer, **discounts, subscription_details={**created, **mode_}
    )
    subscription = stripe.post(
        "/v1/subscriptions", customer=customer, **created, **mode_, **discounts
    )
    assert amounts(preview) == amounts(stripe.latest_invoice(subscription))
    stripe.wait(seconds)
    change: Json = {"items": _change(stripe, subscription, new), "proration_behavior": behavior}
    if anchor:
        change["billing_cycle_anchor"] = {"type": "now"}
    preview = stripe.post(PREVIEW, subscription=subscription["id"], subscription_details=change)
    changed = stripe.post(f"/v1/subscriptions/{subscription['id']}", **change)
    if changed["latest_invoice"] == subscription["latest_invoice"]:
        stripe.wait(START + MONTH - int(stripe.engine.world.time()))
    assert amounts(preview) == amounts(stripe.latest_invoice(changed))
    _check_sums(stripe.latest_invoice(changed))


def _change(stripe: Account, subscription: Json, new: list[tuple[int, int]]) -> list[Json]:
    """The first items change, further ones are added, the others removed."""
    former = [item["id"] for item in subscription["items"]["data"]]
    changed: list[Json] = [
        {"price": stripe.price(amount)["id"], "quantity": quantity} for amount, quantity in new
    ]
    for item, item_id in zip(changed, former, strict=False):
        item["id"] = item_id
    gone = [{"id": item_id, "deleted": "true"} for item_id in former[len(new) :]]
    return changed + gone


def _check_sums(invoice: Json) -> None:
    lines = invoice["lines"]["data"]
    off = sum(share["amount"] for share in invoice["total_discount_amounts"])
    assert sum(line["amount"] for line in lines) - off == invoice["total"]


def test_the_next_renewal_is_previewed(stripe: Account) -> None:
    subscription = stripe.subscribe()
    stripe.wait(10 * DAY)
    preview = stripe.post(PREVIEW, customer=subscription["customer"])
    assert stripe.post(PREVIEW, subscription=subscription["id"])["total"] == preview["total"]
    stripe.wait(21 * DAY)
    assert amounts(preview) == amounts(stripe.latest_invoice(subscription))


def test_a_proration_date_makes_the_later_change_cost_what_was_previewed(stripe: Account) -> None:
    subscription = stripe.subscribe()
    stripe.wait(10 * DAY)
    item = {"id": subscription["items"]["data"][0]["id"], "price": stripe.price(9900)["id"]}
    change = {
        "items": [item],
        "proration_behavior": "always_invoice",
        "proration_date": START + 10 * DAY,
    }
    preview = stripe.post(PREVIEW, subscription=subscription["id"], subscription_details=change)
    stripe.wait(3 * HOUR)
    stripe.post(f"/v1/subscriptions/{subscription['id']}", **change)
    assert stripe.latest_invoice(subscription)["amount_due"] == preview["amount_due"]


def test_a_cancellation_is_previewed(stripe: Account) -> None:
    subscription = stripe.subscribe()
    stripe.wait(10 * DAY)
    preview = stripe.post(
        PREVIEW, subscription=subscription["id"], subscription_details={"cancel_now": "true"}
    )
    path = f"/v1/subscriptions/{subscription['id']}"
    canceled = stripe.delete(path, invoice_now="true", prorate="true")
    assert amounts(preview) == amounts(stripe.latest_invoice(canceled))
    assert preview["total"] == -round(1900 * 21 / 31)


def test_what_ends_has_no_next_invoice(stripe: Account) -> None:
    subscription = stripe.subscribe()
    stripe.post(f"/v1/subscriptions/{subscription['id']}", cancel_at_period_end="true")
    error = stripe.refused("POST", PREVIEW, 404, customer=subscription["customer"])
    assert error["code"] == "invoice_upcoming_none"


def test_a_resumption_is_previewed(stripe: Account) -> None:
    subscription = stripe.subscribe()
    path = f"/v1/subscriptions/{subscription['id']}"
    stripe.post(f"{path}/pause")
    stripe.wait(10 * DAY)
    preview = stripe.post(
        PREVIEW, subscription=subscription["id"], subscription_details={"resume_at": "now"}
    )
    resumed = stripe.post(f"{path}/resume")
    assert amounts(preview) == amounts(stripe.latest_invoice(resumed))


@pytest.mark.parametrize(
    "refused",
    [{}, {"schedule": "sub_sched_1"}, {"subscription_details": {"items": [{"price": "price_1"}]}}],
)
def test_what_can_not_be_previewed_is_refused(stripe: Account, refused: Json) -> None:
    stripe.refused("POST", PREVIEW, 400, **refused)
