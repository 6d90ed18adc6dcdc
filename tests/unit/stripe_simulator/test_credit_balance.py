"""The customer's credit balance: a ledger that each finalized invoice is settled with."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.stripe_simulator.account import Account

Json = dict[str, Any]


def draft(stripe: Account, customer: Json, *amounts: int, **params: Any) -> Json:
    currency = params.pop("currency", "usd")
    invoice = stripe.post("/v1/invoices", customer=customer["id"], currency=currency, **params)
    for amount in amounts:
        stripe.post("/v1/invoiceitems", invoice=invoice["id"], amount=amount)
    return stripe.get(f"/v1/invoices/{invoice['id']}")


def finalized(stripe: Account, customer: Json, *amounts: int, **params: Any) -> Json:
    invoice = draft(stripe, customer, *amounts, **params)
    return stripe.post(f"/v1/invoices/{invoice['id']}/finalize")


def balance(stripe: Account, customer: Json) -> int:
    return int(stripe.get(f"/v1/customers/{customer['id']}")["balance"])


def ledger(stripe: Account, customer: Json) -> list[tuple[str, int, int]]:
    """(type, amount, ending balance) of all transactions, oldest first."""
    page = stripe.get(f"/v1/customers/{customer['id']}/balance_transactions", limit=100)
    return [(each["type"], each["amount"], each["ending_balance"]) for each in page["data"]][::-1]


def test_credit_pays_a_part_of_the_next_invoice(stripe: Account) -> None:
    customer = stripe.customer(balance=-700)
    invoice = finalized(stripe, customer, 1900)
    assert (invoice["total"], invoice["amount_due"]) == (1900, 1200)
    assert (invoice["starting_balance"], invoice["ending_balance"]) == (-700, 0)
    assert ledger(stripe, customer) == [("initial", -700, -700), ("applied_to_invoice", 700, 0)]
    paid = stripe.post(f"/v1/invoices/{invoice['id']}/pay")
    assert paid["amount_paid"] == 1200
    assert stripe.get("/v1/charges")["data"][0]["amount"] == 1200


def test_credit_that_covers_an_invoice_pays_it_at_once(stripe: Account) -> None:
    customer = stripe.customer(None, balance=-5000)
    invoice = finalized(stripe, customer, 1900)
    assert (invoice["status"], invoice["amount_due"], invoice["amount_paid"]) == ("paid", 0, 0)
    assert (invoice["ending_balance"], balance(stripe, customer)) == (-3100, -3100)


def test_what_is_owed_is_charged_with_the_next_invoice(stripe: Account) -> None:
    invoice = finalized(stripe, stripe.customer(balance=300), 1900)
    assert (invoice["amount_due"], invoice["ending_balance"]) == (2200, 0)


def test_a_negative_total_credits_the_customer(stripe: Account) -> None:
    customer = stripe.customer()
    invoice = finalized(stripe, customer, 500, -1500)
    assert (invoice["total"], invoice["amount_due"], invoice["status"]) == (-1000, 0, "paid")
    assert ledger(stripe, customer) == [("applied_to_invoice", -1000, -1000)]


@pytest.mark.parametrize(("currency", "minimum"), [("usd", 50), ("gbp", 30), ("jpy", 50)])
def test_too_little_to_charge_is_owed_on(stripe: Account, currency: str, minimum: int) -> None:
    customer = stripe.customer()
    invoice = finalized(stripe, customer, minimum - 1, currency=currency)
    assert (invoice["status"], invoice["amount_due"]) == ("paid", 0)
    assert ledger(stripe, customer) == [("invoice_too_small", minimum - 1, minimum - 1)]
    following = finalized(stripe, customer, minimum, currency=currency)
    assert (following["status"], following["amount_due"]) == ("open", 2 * minimum - 1)
    assert balance(stripe, customer) == 0


def test_voiding_gives_the_balance_back(stripe: Account) -> None:
    customer = stripe.customer(balance=-700)
    invoice = finalized(stripe, customer, 1900)
    stripe.post(f"/v1/invoices/{invoice['id']}/void")
    assert ledger(stripe, customer)[-1] == ("unapplied_from_invoice", -700, -700)


def test_a_draft_shows_what_the_current_balance_leaves_of_it(stripe: Account) -> None:
    customer = stripe.customer()
    invoice = draft(stripe, customer, 1900)
    assert (invoice["amount_due"], invoice["ending_balance"]) == (1900, None)
    stripe.post(f"/v1/customers/{customer['id']}", balance=-400)
    shown = stripe.get(f"/v1/invoices/{invoice['id']}")
    assert (shown["amount_due"], shown["starting_balance"]) == (1500, -400)
    assert balance(stripe, customer) == -400


def test_setting_the_balance_is_an_adjustment(stripe: Account) -> None:
    customer = stripe.customer(balance=-400)
    stripe.post(f"/v1/customers/{customer['id']}", balance=100)
    assert ledger(stripe, customer) == [("initial", -400, -400), ("adjustment", 500, 100)]
    update = stripe.events(type="customer.updated")[-1]["data"]
    assert update["previous_attributes"] == {"balance": -400}


def test_the_balance_keeps_to_the_customers_currency(stripe: Account) -> None:
    customer = stripe.customer(balance=-400)
    path = f"/v1/customers/{customer['id']}/balance_transactions"
    error = stripe.refused("POST", path, 400, amount=-100, currency="eur")
    assert error["param"] == "currency"


def test_a_transaction_is_found_with_its_own_customer_only(stripe: Account) -> None:
    customer, other = stripe.customer(balance=-400), stripe.customer()
    [transaction] = stripe.get(f"/v1/customers/{customer['id']}/balance_transactions")["data"]
    path = f"/v1/customers/{other['id']}/balance_transactions/{transaction['id']}"
    assert stripe.refused("GET", path, 404)["code"] == "resource_missing"


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("adjust"), st.integers(-3000, 3000)),
        st.tuples(st.sampled_from(["pay", "void", "leave"]), st.integers(-3000, 3000)),
    ),
    max_size=6,
)


@given(STEPS)
@settings(max_examples=40)
def test_nothing_is_lost_between_invoices_charges_and_the_balance(
    steps: list[tuple[str, int]],
) -> None:
    """Charged = invoiced and not voided, plus adjustments, less what the balance still holds."""
    stripe = Account()
    customer = stripe.customer()
    adjusted = invoiced = 0
    for action, amount in steps:
        if action == "adjust":
            if amount:
                path = f"/v1/customers/{customer['id']}/balance_transactions"
                stripe.post(path, amount=amount, currency="usd")
            adjusted += amount
            continue
        invoice = finalized(stripe, customer, amount)
        invoiced += amount
        if invoice["status"] == "open" and action == "void":
            stripe.post(f"/v1/invoices/{invoice['id']}/void")
            invoiced -= amount
        elif invoice["status"] == "open":
            stripe.post(f"/v1/invoices/{invoice['id']}/pay")
    charged = sum(charge["amount"] for charge in stripe.get("/v1/charges", limit=100)["data"])
    assert charged == invoiced + adjusted - balance(stripe, customer)
    assert sum(amount for _, amount, _ in ledger(stripe, customer)) == balance(stripe, customer)
