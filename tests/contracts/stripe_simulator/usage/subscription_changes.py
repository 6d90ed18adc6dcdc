"""Subscriptions changed in every way: items, cycles, pauses, previews, ends."""

from __future__ import annotations

from tests.unit.stripe_simulator.account import DAY, HOUR, START, Account


def use(stripe: Account) -> None:
    standard, agency, yearly = stripe.price(1900), stripe.price(9900), stripe.price(99000, "year")
    _change_items(stripe, agency["id"], yearly["id"])
    _start_in_other_ways(stripe, standard["id"])
    _pause_and_resume(stripe)
    _wait_for_payment(stripe, agency["id"])
    _end(stripe)


def _change_items(stripe: Account, agency: str, yearly: str) -> None:
    coupon = stripe.post("/v1/coupons", percent_off=10, duration="forever")["id"]
    subscription = stripe.subscribe(discounts=[{"coupon": coupon}])
    path = f"/v1/subscriptions/{subscription['id']}"
    item = subscription["items"]["data"][0]["id"]
    stripe.wait(10 * DAY)
    changed = {"items": [{"id": item, "price": agency, "quantity": 2}]}
    for behavior in ("always_invoice", "create_prorations"):
        details = {**changed, "proration_behavior": behavior}
        stripe.post(
            "/v1/invoices/create_preview",
            subscription=subscription["id"],
            subscription_details=details,
            expand=["customer"],
        )
    stripe.post(path, **changed, proration_behavior="always_invoice", expand=["latest_invoice"])
    added = stripe.post(
        "/v1/subscription_items", subscription=subscription["id"], price=yearly, quantity=3
    )
    item_path = f"/v1/subscription_items/{added['id']}"
    stripe.post(item_path, quantity=1, metadata={"why": "test"})
    stripe.get(item_path)
    stripe.get("/v1/subscription_items", subscription=subscription["id"])
    stripe.delete(item_path)
    stripe.delete(f"{path}/discount")
    stripe.post(path, billing_cycle_anchor={"type": "now"})
    stripe.post(path, pause_collection={"behavior": "void", "resumes_at": START + 60 * DAY})
    stripe.post(path, trial_end=START + 30 * DAY, add_invoice_items=[_once(stripe)])
    stripe.post(path, trial_end="now")
    stripe.post(path, collection_method="send_invoice", days_until_due=30)
    stripe.wait(80 * DAY)


def _once(stripe: Account) -> dict[str, object]:
    return {"price": stripe.price(500, None)["id"], "quantity": 2}


def _start_in_other_ways(stripe: Account, price: str) -> None:
    now = int(stripe.engine.world.time())
    customer = stripe.customer()["id"]
    start = {"customer": customer, "items": [{"price": price}]}
    stripe.post("/v1/subscriptions", **start, billing_cycle_anchor=now + 9 * DAY)
    stripe.post("/v1/subscriptions", **start, backdate_start_date=now - 40 * DAY)
    stripe.post(
        "/v1/subscriptions",
        **start,
        billing_cycle_anchor_config={"day_of_month": 31, "hour": 1},
        cancel_at=now + 5 * DAY,
        add_invoice_items=[_once(stripe)],
    )
    stripe.subscribe(None, trial_period_days=7, expand=["pending_setup_intent"])
    stripe.post("/v1/invoices/create_preview", customer=customer)
    stripe.post(
        "/v1/invoices/create_preview",
        customer=customer,
        subscription_details={"items": [{"price": price}]},
    )


def _pause_and_resume(stripe: Account) -> None:
    subscription = stripe.subscribe()
    path = f"/v1/subscriptions/{subscription['id']}"
    stripe.wait(5 * DAY)
    stripe.post(f"{path}/pause", invoicing_behavior="invoice")
    stripe.wait(DAY)
    stripe.post(f"{path}/resume", expand=["latest_invoice"])
    invoice = stripe.latest_invoice(subscription)
    if invoice["status"] == "open":
        stripe.post(f"/v1/invoices/{invoice['id']}/pay")
    stripe.post(f"{path}/pause")
    stripe.post(f"{path}/resume", billing_cycle_anchor={"type": "unchanged"})
    ending = {"end_behavior": {"missing_payment_method": "pause"}}
    stripe.subscribe(None, trial_period_days=1, trial_settings=ending)
    stripe.wait(DAY)


def _wait_for_payment(stripe: Account, agency: str) -> None:
    for card in ("pm_card_visa", "pm_card_chargeCustomerFail"):
        subscription = stripe.subscribe()
        path = f"/v1/subscriptions/{subscription['id']}"
        method = stripe.post(
            f"/v1/payment_methods/{card}/attach", customer=subscription["customer"]
        )
        stripe.post(path, default_payment_method=method["id"])
        item = {"id": subscription["items"]["data"][0]["id"], "price": agency}
        stripe.post(
            path,
            items=[item],
            payment_behavior="pending_if_incomplete",
            proration_behavior="always_invoice",
        )
        invoice = stripe.latest_invoice(subscription)
        if invoice["status"] == "open":
            stripe.post(f"/v1/invoices/{invoice['id']}/pay", payment_method="pm_card_visa")
        stripe.wait(24 * HOUR)


def _end(stripe: Account) -> None:
    subscription = stripe.subscribe()
    stripe.wait(3 * DAY)
    path = f"/v1/subscriptions/{subscription['id']}"
    stripe.post(path, cancel_at=int(stripe.engine.world.time()) + 5 * DAY)
    stripe.post(path, cancel_at="")
    stripe.post(
        "/v1/invoices/create_preview",
        subscription=subscription["id"],
        subscription_details={"cancel_now": "true"},
    )
    stripe.delete(path, invoice_now="true", prorate="true")
