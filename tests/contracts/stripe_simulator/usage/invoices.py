"""Invoices of one's own: their items, lines, taxes, and how they end; the customer's balance."""

from __future__ import annotations

from typing import Any

from tests.unit.stripe_simulator.account import DAY, HOUR, Account

Json = dict[str, Any]


def use(stripe: Account) -> None:
    customer = stripe.customer()
    rate = _use_tax_rates(stripe)
    _use_balance(stripe, customer)
    _use_items(stripe, customer, rate)
    invoice = _use_drafts(stripe, customer, rate)
    path = f"/v1/invoices/{invoice['id']}"
    stripe.post(f"{path}/finalize")
    stripe.post(f"{path}/pay", paid_out_of_band="true")
    sent = _draft(stripe, customer, collection_method="send_invoice", days_until_due=5)
    stripe.post(f"/v1/invoices/{sent['id']}/send")
    stripe.wait(6 * DAY)
    stripe.post(f"/v1/invoices/{sent['id']}/void")
    given_up = _draft(stripe, customer, auto_advance="false")
    stripe.post(f"/v1/invoices/{given_up['id']}/finalize")
    stripe.post(f"/v1/invoices/{given_up['id']}/mark_uncollectible")
    _draft(stripe, customer, auto_advance="true")
    stripe.wait(2 * HOUR)
    stripe.get("/v1/invoices", customer=customer["id"], expand=["data.payments"])
    stripe.delete(f"/v1/invoices/{_draft(stripe, customer)['id']}")


def _use_tax_rates(stripe: Account) -> Json:
    rate = stripe.post(
        "/v1/tax_rates",
        display_name="VAT",
        percentage="8.1",
        inclusive="false",
        country="CH",
        tax_type="vat",
    )
    stripe.post(f"/v1/tax_rates/{rate['id']}", description="The usual one")
    stripe.get(f"/v1/tax_rates/{rate['id']}")
    stripe.get("/v1/tax_rates", active="true")
    return rate


def _use_balance(stripe: Account, customer: Json) -> None:
    path = f"/v1/customers/{customer['id']}/balance_transactions"
    transaction = stripe.post(path, amount=-300, currency="usd", description="Sorry")
    stripe.post(f"{path}/{transaction['id']}", metadata={"why": "outage"})
    stripe.get(f"{path}/{transaction['id']}", expand=["customer"])
    stripe.get(path)


def _use_items(stripe: Account, customer: Json, rate: Json) -> None:
    item = stripe.post(
        "/v1/invoiceitems",
        customer=customer["id"],
        pricing={"price": stripe.price(500, None)["id"]},
        quantity=2,
        tax_rates=[rate["id"]],
    )
    path = f"/v1/invoiceitems/{item['id']}"
    stripe.post(path, description="Two of them", metadata={"order": "1"})
    stripe.get(path, expand=["customer"])
    stripe.get("/v1/invoiceitems", pending="true")
    stripe.delete(path)


def _use_drafts(stripe: Account, customer: Json, rate: Json) -> Json:
    coupon = stripe.post("/v1/coupons", percent_off=10, duration="once")
    invoice = _draft(stripe, customer, default_tax_rates=[rate["id"]])
    path = f"/v1/invoices/{invoice['id']}"
    discounts = [{"coupon": coupon["id"]}]
    invoice = stripe.post(path, description="May", discounts=discounts, expand=["discounts"])
    lines = [{"amount": 700, "description": "One"}, {"amount": 900, "description": "Other"}]
    invoice = stripe.post(f"{path}/add_lines", lines=lines)
    kept, changed, removed = (line["id"] for line in invoice["lines"]["data"])
    stripe.post(f"{path}/lines/{kept}", discounts=discounts, expand=["discounts"])
    stripe.post(f"{path}/update_lines", lines=[{"id": changed, "amount": 800}])
    stripe.post(f"{path}/remove_lines", lines=[{"id": removed, "behavior": "delete"}])
    stripe.get(f"{path}/lines")
    return stripe.get(path, expand=["customer", "discounts"])


def _draft(stripe: Account, customer: Json, **params: Any) -> Json:
    """A draft of one pending item."""
    stripe.post("/v1/invoiceitems", customer=customer["id"], amount=1000, currency="usd")
    return stripe.post(
        "/v1/invoices",
        customer=customer["id"],
        pending_invoice_items_behavior="include",
        **params,
    )
