"""Invoices of one's own: drafted, finalized, sent, paid, and ended in their other ways."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.stripe_simulator.account import DAY, HOUR, START, Account

Json = dict[str, Any]


def draft(stripe: Account, customer: Json | None = None, amount: int = 1900, **params: Any) -> Json:
    customer = customer or stripe.customer()
    invoice = stripe.post("/v1/invoices", customer=customer["id"], **params)
    stripe.post("/v1/invoiceitems", invoice=invoice["id"], amount=amount)
    return fetch(stripe, invoice)


def fetch(stripe: Account, invoice: Json) -> Json:
    return stripe.get(path_of(invoice))


def path_of(invoice: Json) -> str:
    return f"/v1/invoices/{invoice['id']}"


def finalized(stripe: Account, *args: Any, **params: Any) -> Json:
    return stripe.post(f"{path_of(draft(stripe, *args, **params))}/finalize")


def sent(stripe: Account, days: int = 10) -> Json:
    invoice = draft(stripe, collection_method="send_invoice", days_until_due=days)
    return stripe.post(f"{path_of(invoice)}/send")


def test_a_draft_waits_unless_it_is_to_advance(stripe: Account) -> None:
    invoice = draft(stripe)
    assert (invoice["status"], invoice["auto_advance"], invoice["parent"]) == ("draft", False, None)
    stripe.wait(3 * DAY)
    assert fetch(stripe, invoice)["status"] == "draft"


def test_a_draft_that_advances_is_paid_after_an_hour(stripe: Account) -> None:
    invoice = draft(stripe, auto_advance="true")
    assert invoice["automatically_finalizes_at"] == START + HOUR
    stripe.wait(HOUR - 1)
    assert fetch(stripe, invoice)["status"] == "draft"
    stripe.wait(1)
    assert fetch(stripe, invoice)["status"] == "paid"


def test_a_draft_is_finalized_when_it_says(stripe: Account) -> None:
    invoice = draft(stripe, automatically_finalizes_at=START + 5 * DAY)
    stripe.wait(2 * DAY)
    moved = stripe.post(path_of(invoice), automatically_finalizes_at=START + 7 * DAY)
    assert moved["automatically_finalizes_at"] == START + 7 * DAY
    stripe.wait(3 * DAY)
    assert fetch(stripe, invoice)["status"] == "draft"
    stripe.wait(2 * DAY)
    assert fetch(stripe, invoice)["status"] == "paid"


def test_advancing_can_be_stopped(stripe: Account) -> None:
    invoice = draft(stripe, auto_advance="true")
    stopped = stripe.post(path_of(invoice), auto_advance="false")
    assert stopped["automatically_finalizes_at"] is None
    stripe.wait(DAY)
    assert fetch(stripe, invoice)["status"] == "draft"


def test_an_invoice_finalized_by_hand_is_charged_within_an_hour(stripe: Account) -> None:
    invoice = draft(stripe)
    opened = stripe.post(f"{path_of(invoice)}/finalize", auto_advance="true")
    assert (opened["status"], opened["next_payment_attempt"]) == ("open", START + HOUR)
    stripe.wait(HOUR)
    assert fetch(stripe, invoice)["status"] == "paid"


def test_an_invoice_takes_the_pending_items_if_it_is_to(stripe: Account) -> None:
    customer = stripe.customer()
    for amount in (100, 200):
        stripe.post("/v1/invoiceitems", customer=customer["id"], amount=amount, currency="usd")
    assert stripe.post("/v1/invoices", customer=customer["id"])["lines"]["data"] == []
    invoice = stripe.post(
        "/v1/invoices", customer=customer["id"], pending_invoice_items_behavior="include"
    )
    assert [line["amount"] for line in invoice["lines"]["data"]] == [200, 100]
    assert stripe.get("/v1/invoiceitems", pending="true")["data"] == []


def test_numbers_are_gapless_whatever_happens_to_drafts(stripe: Account) -> None:
    customer = stripe.customer(invoice_prefix="ACME", next_invoice_sequence=7)
    stripe.delete(path_of(draft(stripe, customer)))
    first = finalized(stripe, customer)
    draft(stripe, customer)
    stripe.post(f"{path_of(first)}/void")
    second = finalized(stripe, customer)
    assert [first["number"], second["number"]] == ["ACME-0007", "ACME-0008"]
    assert finalized(stripe)["number"].endswith("-0001")


def test_a_deleted_draft_is_gone_and_its_items_wait_again(stripe: Account) -> None:
    invoice = draft(stripe)
    stub = stripe.delete(path_of(invoice))
    assert stub == {"id": invoice["id"], "object": "invoice", "deleted": True}
    assert stripe.event_types()[-1] == "invoice.deleted"
    assert stripe.refused("GET", path_of(invoice), 404)["code"] == "resource_missing"
    [item] = stripe.get("/v1/invoiceitems", pending="true")["data"]
    assert item["amount"] == 1900


def test_only_drafts_can_be_deleted(stripe: Account) -> None:
    error = stripe.refused("DELETE", path_of(finalized(stripe)), 400)
    assert error["code"] == "invoice_not_editable"


def test_a_draft_of_a_subscription_can_not_be_deleted(stripe: Account) -> None:
    subscription = stripe.subscribe()
    stripe.wait(31 * DAY)
    invoice = stripe.latest_invoice(subscription)
    assert invoice["status"] == "draft"
    stripe.refused("DELETE", path_of(invoice), 400)


def test_what_is_final_stays_so(stripe: Account) -> None:
    invoice = finalized(stripe)
    rate = stripe.post("/v1/tax_rates", display_name="VAT", percentage=10, inclusive="false")
    error = stripe.refused("POST", path_of(invoice), 400, default_tax_rates=[rate["id"]])
    assert error["code"] == "invoice_not_editable"
    stripe.refused("POST", f"{path_of(invoice)}/finalize", 400)
    stripe.refused("POST", f"{path_of(invoice)}/add_lines", 400, lines=[{"amount": 100}])
    stripe.refused("POST", "/v1/invoiceitems", 400, invoice=invoice["id"], amount=100)
    line = invoice["lines"]["data"][0]
    item = line["parent"]["invoice_item_details"]["invoice_item"]
    assert stripe.refused("POST", f"/v1/invoiceitems/{item}", 400, amount=1)["code"] == (
        "invoice_not_editable"
    )
    changed = stripe.post(path_of(invoice), description="Thank you", metadata={"order": "1"})
    assert (changed["description"], changed["metadata"]) == ("Thank you", {"order": "1"})


def test_an_invoice_paid_otherwise_is_never_charged(stripe: Account) -> None:
    invoice = finalized(stripe)
    paid = stripe.post(f"{path_of(invoice)}/pay", paid_out_of_band="true")
    assert paid["status"] == "paid"
    assert stripe.get("/v1/charges")["data"] == []
    error = stripe.refused("POST", f"{path_of(invoice)}/pay", 400)
    assert error["code"] == "invoice_already_paid"


def test_paying_a_draft_finalizes_it(stripe: Account) -> None:
    paid = stripe.post(f"{path_of(draft(stripe))}/pay")
    assert (paid["status"], paid["amount_paid"]) == ("paid", 1900)


def test_a_declined_invoice_stays_open_and_its_customer_is_delinquent(stripe: Account) -> None:
    customer = stripe.customer("pm_card_chargeCustomerFail")
    invoice = finalized(stripe, customer)
    error = stripe.refused("POST", f"{path_of(invoice)}/pay", 402)
    assert error["type"] == "card_error"
    assert fetch(stripe, invoice)["status"] == "open"
    assert stripe.get(f"/v1/customers/{customer['id']}")["delinquent"]
    stripe.post(f"{path_of(invoice)}/pay", payment_method="pm_card_visa")
    assert not stripe.get(f"/v1/customers/{customer['id']}")["delinquent"]


def test_a_sent_invoice_is_told_of_before_and_when_it_is_due(stripe: Account) -> None:
    invoice = sent(stripe, days=10)
    assert (invoice["status"], invoice["due_date"]) == ("open", START + 10 * DAY)
    assert stripe.event_types()[-1] == "invoice.sent"
    known = len(stripe.events())
    stripe.wait(7 * DAY)
    assert stripe.event_types(known) == ["invoice.will_be_due"]
    stripe.wait(3 * DAY)
    assert stripe.event_types(known)[1:] == ["invoice.overdue", "customer.updated"]
    assert stripe.get(f"/v1/customers/{invoice['customer']}")["delinquent"]
    assert stripe.get("/v1/charges")["data"] == []


def test_a_paid_invoice_is_not_overdue(stripe: Account) -> None:
    invoice = sent(stripe)
    stripe.post(f"{path_of(invoice)}/pay")
    known = len(stripe.events())
    stripe.wait(20 * DAY)
    assert stripe.event_types(known) == []


def test_a_later_due_date_is_waited_for(stripe: Account) -> None:
    invoice = sent(stripe, days=10)
    stripe.post(path_of(invoice), due_date=START + 20 * DAY)
    stripe.wait(19 * DAY)
    assert "invoice.overdue" not in stripe.event_types()
    stripe.wait(DAY)
    assert stripe.event_types().count("invoice.overdue") == 1


def test_an_invoice_that_is_to_be_sent_is_sent_by_itself(stripe: Account) -> None:
    invoice = draft(
        stripe, collection_method="send_invoice", days_until_due=30, auto_advance="true"
    )
    stripe.wait(HOUR)
    assert fetch(stripe, invoice)["status"] == "open"
    assert stripe.event_types()[-1] == "invoice.sent"


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"collection_method": "send_invoice"}, "days_until_due"),
        ({"days_until_due": 3}, "days_until_due"),
        ({"due_date": START + DAY}, "due_date"),
        ({"collection_method": "send_invoice", "due_date": START}, "due_date"),
        ({"automatically_finalizes_at": START}, "automatically_finalizes_at"),
        ({"from_invoice": {"invoice": "in_1"}}, "from_invoice"),
        ({"subscription": "sub_none"}, "subscription"),
    ],
)
def test_an_invoice_of_contradictions_is_refused(stripe: Account, params: Json, param: str) -> None:
    customer = stripe.customer()
    error = stripe.refused("POST", "/v1/invoices", 400, customer=customer["id"], **params)
    assert error["param"] == param


def test_only_an_invoice_to_be_sent_can_be_sent(stripe: Account) -> None:
    stripe.refused("POST", f"{path_of(draft(stripe))}/send", 400)


@pytest.mark.parametrize(
    ("ending", "later"), [("void", "pay"), ("void", "mark_uncollectible"), ("void", "send")]
)
def test_a_void_invoice_is_at_its_end(stripe: Account, ending: str, later: str) -> None:
    invoice = finalized(stripe)
    ended = stripe.post(f"{path_of(invoice)}/{ending}")
    assert (ended["status"], ended["status_transitions"]["voided_at"]) == ("void", START)
    error = stripe.refused("POST", f"{path_of(invoice)}/{later}", 400)
    assert error["code"] == "invoice_not_editable"


def test_an_uncollectible_invoice_can_still_be_paid(stripe: Account) -> None:
    invoice = finalized(stripe)
    given_up = stripe.post(f"{path_of(invoice)}/mark_uncollectible")
    assert given_up["status"] == "uncollectible"
    assert stripe.post(f"{path_of(invoice)}/pay")["status"] == "paid"


def test_lists_are_newest_first_and_filtered(stripe: Account) -> None:
    customer = stripe.customer()
    due: Json = {"collection_method": "send_invoice", "days_until_due": 3}
    first, second = draft(stripe, customer), draft(stripe, customer, **due)
    other = finalized(stripe)
    everything = [other["id"], second["id"], first["id"]]
    for filters, expected in (
        ({}, everything),
        ({"customer": customer["id"]}, everything[1:]),
        ({"status": "open"}, everything[:1]),
        ({"collection_method": "send_invoice"}, everything[1:2]),
        ({"due_date": {"gte": START + DAY}}, everything[1:2]),
        ({"due_date": {"gt": START + 3 * DAY}}, []),
    ):
        found = stripe.get("/v1/invoices", **filters)["data"]
        assert [invoice["id"] for invoice in found] == expected, filters


def test_an_invoice_shows_its_customer_as_they_were_when_it_was_finalized(stripe: Account) -> None:
    customer = stripe.customer(name="Old Name", invoice_settings={"footer": "Thanks"})
    open_invoice, waiting = finalized(stripe, customer), draft(stripe, customer)
    assert waiting["footer"] == "Thanks"
    stripe.post(f"/v1/customers/{customer['id']}", name="New Name")
    assert fetch(stripe, open_invoice)["customer_name"] == "Old Name"
    assert fetch(stripe, waiting)["customer_name"] == "New Name"


def test_an_invoice_of_a_subscription_takes_that_ones_items_only(stripe: Account) -> None:
    subscription = stripe.subscribe()
    common = {"customer": subscription["customer"], "currency": "usd"}
    stripe.post("/v1/invoiceitems", **common, amount=100, subscription=subscription["id"])
    stripe.post("/v1/invoiceitems", **common, amount=200)
    invoice = stripe.post(
        "/v1/invoices",
        customer=subscription["customer"],
        subscription=subscription["id"],
        pending_invoice_items_behavior="include",
    )
    assert [line["amount"] for line in invoice["lines"]["data"]] == [100]
    assert invoice["parent"]["subscription_details"]["subscription"] == subscription["id"]
    assert stripe.get("/v1/invoices", subscription=subscription["id"])["data"][0] == invoice


def test_a_renewal_bills_the_items_that_wait(stripe: Account) -> None:
    subscription = stripe.subscribe()
    common = {"customer": subscription["customer"], "currency": "usd"}
    stripe.post("/v1/invoiceitems", **common, amount=100, subscription=subscription["id"])
    stripe.post("/v1/invoiceitems", **common, amount=-30)
    stripe.wait(31 * DAY)
    invoice = stripe.latest_invoice(subscription)
    assert [line["amount"] for line in invoice["lines"]["data"]] == [-30, 100, 1900]
    assert invoice["total"] == 1970


def test_a_deleted_customers_invoices_are_left_alone(stripe: Account) -> None:
    customer = stripe.customer()
    invoice = draft(stripe, customer, auto_advance="true")
    stripe.delete(f"/v1/customers/{customer['id']}")
    stripe.wait(DAY)
    assert fetch(stripe, invoice)["status"] == "draft"


def test_a_subscription_that_is_sent_its_invoices_is_past_due_when_one_is(stripe: Account) -> None:
    subscription = stripe.subscribe(None, collection_method="send_invoice", days_until_due=7)
    assert subscription["status"] == "active"
    invoice = stripe.latest_invoice(subscription)
    assert (invoice["status"], invoice["due_date"]) == ("draft", START + 7 * DAY)
    stripe.wait(HOUR)
    assert fetch(stripe, invoice)["status"] == "open"
    assert stripe.event_types()[-1] == "invoice.sent"
    stripe.wait(7 * DAY)
    path = f"/v1/subscriptions/{subscription['id']}"
    assert stripe.get(path)["status"] == "past_due"
    stripe.post(f"{path_of(invoice)}/pay", payment_method="pm_card_visa")
    assert stripe.get(path)["status"] == "active"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"invoice_prefix": "no"}, None),
        ({"invoice_prefix": "lower"}, None),
        ({"next_invoice_sequence": 0}, "parameter_invalid_integer"),
        ({"cash_balance": {"settings": {}}}, "not_simulated"),
        ({"tax_id_data": [{"type": "eu_vat", "value": "DE1"}]}, "not_simulated"),
    ],
)
def test_a_customer_that_can_not_be_invoiced_so_is_refused(
    stripe: Account, params: Json, code: str | None
) -> None:
    error = stripe.refused("POST", "/v1/customers", 400, **params)
    assert error.get("code") == code
    assert error["param"] == next(iter(params))
