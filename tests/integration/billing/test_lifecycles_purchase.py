"""What is bought once, as deployed and by either door: paid, paid later, and taken back."""

import pytest

from tests.support.customer import Customer, NewCustomer

pytestmark = pytest.mark.usefixtures("door")


def purchase(customer: Customer) -> dict[str, object]:
    (made,) = customer.record["purchases"].values()
    return dict(made)


def test_a_purchase_is_refunded_in_part_and_then_in_full(new_customer: NewCustomer) -> None:
    customer = new_customer()
    intent = customer.buy()
    assert customer.settled() == ["PurchaseCompleted"]
    assert purchase(customer)["status"] == "paid"

    customer.post("/v1/refunds", payment_intent=intent, amount=100)
    assert customer.settled() == ["PurchaseReversed"]
    assert purchase(customer)["amount_refunded"] == 100

    customer.post("/v1/refunds", payment_intent=intent)
    assert customer.settled() == ["PurchaseReversed"]
    assert purchase(customer)["amount_refunded"] == purchase(customer)["amount"]


def test_a_purchase_by_debit_counts_once_the_money_is_there(new_customer: NewCustomer) -> None:
    customer = new_customer()
    customer.buy("pm_usBankAccount_success")
    assert customer.settled() == []
    assert purchase(customer)["status"] == "pending"

    customer.advance_to(customer.time + 120)

    assert customer.settled() == ["PurchaseCompleted"]


def test_a_debit_that_fails_buys_nothing(new_customer: NewCustomer) -> None:
    customer = new_customer()
    customer.buy("pm_usBankAccount_insufficientFunds")

    customer.advance_to(customer.time + 120)

    assert customer.settled() == []
    assert purchase(customer)["status"] == "failed"


def test_a_dispute_that_is_lost_takes_the_purchase_back(new_customer: NewCustomer) -> None:
    customer = new_customer()
    charge = customer.charge_of(customer.buy())
    assert customer.settled() == ["PurchaseCompleted"]
    customer.deployed.control("POST", f"/charges/{charge}/dispute", {})
    assert customer.settled() == []
    assert purchase(customer)["dispute"] == "needs_response"

    (dispute,) = customer.deployed.ask("get", "/v1/disputes", charge=charge)["data"]
    customer.post(f"/v1/disputes/{dispute['id']}/close")

    assert customer.settled() == ["PurchaseReversed"]
    assert purchase(customer)["dispute"] == "lost"


def test_a_page_that_expires_sells_nothing(new_customer: NewCustomer) -> None:
    customer = new_customer()
    session = customer.offer()

    customer.post(f"/v1/checkout/sessions/{session['id']}/expire")

    assert customer.settled() == []
    assert "purchases" not in customer.record
