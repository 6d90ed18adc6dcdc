"""Invoice items and the lines made of them: amounts, prices, taxes and discounts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.stripe_simulator.account import START, Account

Json = dict[str, Any]


@pytest.fixture
def customer(stripe: Account) -> Json:
    return stripe.customer()


@pytest.fixture
def draft(stripe: Account, customer: Json) -> Json:
    return stripe.post("/v1/invoices", customer=customer["id"])


def fetch(stripe: Account, invoice: Json) -> Json:
    return stripe.get(f"/v1/invoices/{invoice['id']}")


def add(stripe: Account, draft: Json, amount: int, **params: Any) -> Json:
    return stripe.post("/v1/invoiceitems", invoice=draft["id"], amount=amount, **params)


def tax_rate(stripe: Account, percentage: float, *, inclusive: bool = False) -> str:
    rate = stripe.post(
        "/v1/tax_rates",
        display_name="VAT",
        percentage=percentage,
        inclusive=str(inclusive).lower(),
    )
    return str(rate["id"])


def coupon(stripe: Account, **params: Any) -> Json:
    made = stripe.post("/v1/coupons", duration="forever", **params)
    return {"coupon": made["id"]}


def test_an_item_is_pending_until_an_invoice_bills_it(stripe: Account, customer: Json) -> None:
    item = stripe.post("/v1/invoiceitems", customer=customer["id"], amount=500, currency="eur")
    assert (item["invoice"], item["currency"], item["pricing"]) == (None, "eur", None)
    assert item["period"] == {"start": START, "end": START}
    assert stripe.event_types()[-1] == "invoiceitem.created"
    invoice = stripe.post(
        "/v1/invoices",
        customer=customer["id"],
        currency="eur",
        pending_invoice_items_behavior="include",
    )
    [line] = invoice["lines"]["data"]
    assert line["parent"]["invoice_item_details"]["invoice_item"] == item["id"]
    billed = stripe.get(f"/v1/invoiceitems/{item['id']}")
    assert billed["invoice"] == invoice["id"]
    assert stripe.get("/v1/invoiceitems", invoice=invoice["id"])["data"] == [billed]


def test_an_item_of_another_currency_goes_on_waiting(stripe: Account, customer: Json) -> None:
    stripe.post("/v1/invoiceitems", customer=customer["id"], amount=500, currency="eur")
    invoice = stripe.post(
        "/v1/invoices",
        customer=customer["id"],
        currency="usd",
        pending_invoice_items_behavior="include",
    )
    assert invoice["lines"]["data"] == []


def test_an_item_of_a_price_costs_its_quantity(stripe: Account, draft: Json) -> None:
    price = stripe.price(700, None)
    item = stripe.post(
        "/v1/invoiceitems", invoice=draft["id"], pricing={"price": price["id"]}, quantity=3
    )
    assert (item["amount"], item["description"]) == (2100, "Standard")
    [line] = fetch(stripe, draft)["lines"]["data"]
    assert line["pricing"]["price_details"]["price"] == price["id"]
    assert (line["quantity"], line["pricing"]["unit_amount_decimal"]) == (3, "700")


def test_an_item_may_have_a_price_of_its_own(stripe: Account, draft: Json) -> None:
    product = stripe.post("/v1/products", name="Setup")
    data = {"currency": "usd", "product": product["id"], "unit_amount": 450}
    item = stripe.post("/v1/invoiceitems", invoice=draft["id"], price_data=data, quantity=2)
    price = stripe.get(f"/v1/prices/{item['pricing']['price_details']['price']}")
    assert (item["amount"], price["unit_amount"], price["active"]) == (900, 450, False)


def test_a_fraction_of_a_cent_is_rounded_once_for_all_units(stripe: Account, draft: Json) -> None:
    item = stripe.post(
        "/v1/invoiceitems", invoice=draft["id"], unit_amount_decimal="0.333", quantity=100
    )
    assert item["amount"] == 33


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({}, "amount"),
        ({"amount": 100, "unit_amount_decimal": "1"}, "amount"),
        ({"amount": 100, "currency": "eur"}, "currency"),
        ({"amount": 100, "period": {"start": 2, "end": 1}}, "period[end]"),
        ({"amount": 100, "subscription": "sub_none"}, "subscription"),
        ({"amount": 100, "tax_rates": ["txr_none"]}, "tax_rates[0]"),
        ({"pricing": {"price": "price_none"}}, "pricing[price]"),
        ({"amount": 100, "quantity_decimal": "1.5"}, "quantity_decimal"),
    ],
)
def test_a_senseless_item_is_refused(
    stripe: Account, draft: Json, params: Json, param: str
) -> None:
    error = stripe.refused("POST", "/v1/invoiceitems", 400, invoice=draft["id"], **params)
    assert error["param"] == param
    assert fetch(stripe, draft)["lines"]["data"] == []


def test_a_recurring_price_is_for_subscriptions(stripe: Account, draft: Json) -> None:
    pricing = {"price": stripe.price()["id"]}
    error = stripe.refused("POST", "/v1/invoiceitems", 400, invoice=draft["id"], pricing=pricing)
    assert error["param"] == "pricing[price]"


def test_a_changed_item_changes_its_invoice(stripe: Account, draft: Json) -> None:
    item = add(stripe, draft, 500)
    line = fetch(stripe, draft)["lines"]["data"][0]
    stripe.post(f"/v1/invoiceitems/{item['id']}", amount=800, description="Eight")
    invoice = fetch(stripe, draft)
    [changed] = invoice["lines"]["data"]
    assert (changed["id"], changed["amount"], changed["description"]) == (line["id"], 800, "Eight")
    assert invoice["total"] == invoice["amount_due"] == 800
    stripe.post(f"/v1/invoiceitems/{item['id']}", quantity=2)
    assert fetch(stripe, draft)["total"] == 1600
    update = stripe.events(type="invoice.updated")[-1]["data"]
    assert update["previous_attributes"]["total"] == 800


def test_a_deleted_item_is_billed_no_more(stripe: Account, draft: Json) -> None:
    item = add(stripe, draft, 500)
    assert stripe.delete(f"/v1/invoiceitems/{item['id']}")["deleted"]
    assert fetch(stripe, draft)["total"] == 0
    assert stripe.refused("GET", f"/v1/invoiceitems/{item['id']}", 404)


def test_lines_are_added_changed_and_removed_together(stripe: Account, draft: Json) -> None:
    path = f"/v1/invoices/{draft['id']}"
    lines = [{"amount": 100}, {"amount": 200}, {"amount": 400}]
    invoice = stripe.post(f"{path}/add_lines", lines=lines, invoice_metadata={"batch": "1"})
    assert (invoice["total"], invoice["metadata"]) == (700, {"batch": "1"})
    first, second, third = (line["id"] for line in invoice["lines"]["data"])
    changes = [{"id": first, "amount": 150}, {"id": second, "description": "Two"}]
    assert stripe.post(f"{path}/update_lines", lines=changes)["total"] == 750
    gone = [{"id": second, "behavior": "delete"}, {"id": third, "behavior": "unassign"}]
    assert stripe.post(f"{path}/remove_lines", lines=gone)["total"] == 150
    [waiting] = stripe.get("/v1/invoiceitems", pending="true")["data"]
    assert waiting["amount"] == 400
    back = stripe.post(f"{path}/add_lines", lines=[{"invoice_item": waiting["id"]}])
    assert back["total"] == 550


def test_a_line_that_is_not_there_is_not_changed(stripe: Account, draft: Json) -> None:
    path = f"/v1/invoices/{draft['id']}/lines/il_none"
    assert stripe.refused("POST", path, 404, amount=1)["code"] == "resource_missing"


def test_tax_is_taken_on_each_line_by_its_own_rates_or_the_default_ones(
    stripe: Account, customer: Json
) -> None:
    usual, reduced = tax_rate(stripe, 8.1), tax_rate(stripe, 2.6)
    draft = stripe.post("/v1/invoices", customer=customer["id"], default_tax_rates=[usual])
    add(stripe, draft, 1000)
    add(stripe, draft, 1000, tax_rates=[reduced])
    invoice = fetch(stripe, draft)
    assert [line["taxes"][0]["amount"] for line in invoice["lines"]["data"]] == [81, 26]
    assert [tax["amount"] for tax in invoice["total_taxes"]] == [81, 26]
    assert (invoice["total"], invoice["total_excluding_tax"]) == (2107, 2000)
    assert invoice["default_tax_rates"][0]["id"] == usual


def test_inclusive_tax_is_part_of_the_price(stripe: Account, draft: Json) -> None:
    add(stripe, draft, 1200, tax_rates=[tax_rate(stripe, 20, inclusive=True)])
    invoice = fetch(stripe, draft)
    [tax] = invoice["total_taxes"]
    assert (tax["amount"], tax["tax_behavior"], tax["taxable_amount"]) == (200, "inclusive", 1000)
    assert (invoice["total"], invoice["total_excluding_tax"]) == (1200, 1000)
    assert (invoice["subtotal"], invoice["subtotal_excluding_tax"]) == (1200, 1000)


def test_an_exempt_customer_pays_no_tax(stripe: Account, draft: Json) -> None:
    add(stripe, draft, 1000, tax_rates=[tax_rate(stripe, 10)])
    assert fetch(stripe, draft)["total"] == 1100
    stripe.post(f"/v1/customers/{draft['customer']}", tax_exempt="reverse")
    invoice = fetch(stripe, draft)
    assert invoice["total"] == 1000
    assert invoice["total_taxes"][0]["taxability_reason"] == "reverse_charge"


def test_an_archived_tax_rate_goes_on_where_it_is_and_is_not_used_anew(
    stripe: Account, draft: Json
) -> None:
    rate = tax_rate(stripe, 10)
    add(stripe, draft, 1000, tax_rates=[rate])
    stripe.post(f"/v1/tax_rates/{rate}", active="false")
    assert fetch(stripe, draft)["total"] == 1100
    stripe.refused("POST", "/v1/invoiceitems", 400, invoice=draft["id"], amount=1, tax_rates=[rate])
    assert stripe.get("/v1/tax_rates", active="true")["data"] == []


@pytest.mark.parametrize("percentage", ["-1", "101", "1.00001"])
def test_a_tax_rate_is_a_percentage_of_four_places(stripe: Account, percentage: str) -> None:
    error = stripe.refused(
        "POST",
        "/v1/tax_rates",
        400,
        display_name="VAT",
        inclusive="false",
        percentage=percentage,
    )
    assert error["param"] == "percentage"


def test_an_items_discounts_come_before_the_invoices(stripe: Account, draft: Json) -> None:
    add(stripe, draft, 1000, discounts=[coupon(stripe, amount_off=200, currency="usd")])
    add(stripe, draft, 1000)
    path = f"/v1/invoices/{draft['id']}"
    invoice = stripe.post(path, discounts=[coupon(stripe, percent_off=10)])
    first, second = invoice["lines"]["data"]
    assert [each["amount"] for each in first["discount_amounts"]] == [200, 80]
    assert [each["amount"] for each in second["discount_amounts"]] == [100]
    assert (invoice["subtotal"], invoice["total"]) == (1800, 1620)
    assert sorted(each["amount"] for each in invoice["total_discount_amounts"]) == [180, 200]
    assert len(invoice["discounts"]) == len(first["discounts"]) == 1


def test_tax_is_on_what_the_discount_leaves(stripe: Account, draft: Json) -> None:
    add(stripe, draft, 1000, tax_rates=[tax_rate(stripe, 10)])
    path = f"/v1/invoices/{draft['id']}"
    invoice = stripe.post(path, discounts=[coupon(stripe, percent_off=50)])
    assert (invoice["total_excluding_tax"], invoice["total"]) == (500, 550)
    assert stripe.post(path, discounts="")["total"] == 1100


def test_an_amount_off_is_shared_out_to_the_cent(stripe: Account, draft: Json) -> None:
    for _ in range(3):
        add(stripe, draft, 1000)
    off = coupon(stripe, amount_off=100, currency="usd")
    invoice = stripe.post(f"/v1/invoices/{draft['id']}", discounts=[off])
    shares = [line["discount_amounts"][0]["amount"] for line in invoice["lines"]["data"]]
    assert (sum(shares), max(shares) - min(shares)) == (100, 1)
    assert invoice["total"] == 2900


def test_what_is_not_discountable_is_billed_in_full(stripe: Account, draft: Json) -> None:
    item = add(stripe, draft, 1000, discountable="false")
    assert item["net_amount"] == 1000
    path = f"/v1/invoices/{draft['id']}"
    assert stripe.post(path, discounts=[coupon(stripe, percent_off=50)])["total"] == 1000
    changed = stripe.post(f"/v1/invoiceitems/{item['id']}", discountable="true")
    assert "net_amount" not in changed
    assert fetch(stripe, draft)["total"] == 500


def test_credits_are_not_discounted(stripe: Account, draft: Json) -> None:
    add(stripe, draft, 1000)
    assert not add(stripe, draft, -400)["discountable"]
    path = f"/v1/invoices/{draft['id']}"
    assert stripe.post(path, discounts=[coupon(stripe, percent_off=50)])["total"] == 100


def test_yen_have_no_cents(stripe: Account, customer: Json) -> None:
    draft = stripe.post("/v1/invoices", customer=customer["id"], currency="jpy")
    add(stripe, draft, 105, tax_rates=[tax_rate(stripe, 10)])
    assert fetch(stripe, draft)["total"] == 116


def test_a_subscriptions_line_can_be_described_and_taxed_but_keeps_its_amount(
    stripe: Account,
) -> None:
    subscription = stripe.subscribe()
    stripe.wait(31 * 86400)
    invoice = stripe.latest_invoice(subscription)
    [line] = invoice["lines"]["data"]
    path = f"/v1/invoices/{invoice['id']}/lines/{line['id']}"
    rate = tax_rate(stripe, 10)
    changed = stripe.post(path, description="February", tax_rates=[rate], metadata={"a": "1"})
    assert (changed["description"], changed["taxes"][0]["amount"]) == ("February", 190)
    assert fetch(stripe, invoice)["total"] == 2090
    assert stripe.refused("POST", path, 400, amount=1)["code"] == "not_simulated"
