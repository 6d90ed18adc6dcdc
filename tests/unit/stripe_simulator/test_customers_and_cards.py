"""Customers, and the cards that they have on file."""

import pytest

from local.stripe_simulator.cards import CARDS, NOT_A_TEST_CARD, Decline, by_id, by_number
from tests.unit.stripe_simulator.account import Account

DECLINING = [
    ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
    ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
    ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
    ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
    ("pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
    ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
    ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
    ("pm_card_chargeDeclinedProcessingError", "processing_error", None),
]


def test_a_customer_is_created_changed_and_found_by_email(stripe: Account) -> None:
    customer = stripe.post("/v1/customers", email="customer@example.test", metadata={"user": "1"})
    path = f"/v1/customers/{customer['id']}"
    changed = stripe.post(
        path, name="Test Customer", metadata={"plan": "x"}, address={"country": "GB"}
    )
    assert changed["metadata"] == {"user": "1", "plan": "x"}
    assert changed["address"]["country"] == "GB"
    assert changed["address"]["city"] is None
    stripe.post("/v1/customers", email="other@example.test")
    found = stripe.get("/v1/customers", email="customer@example.test")["data"]
    assert [each["id"] for each in found] == [customer["id"]]


def test_a_change_tells_what_was_before(stripe: Account) -> None:
    customer = stripe.post("/v1/customers", name="Test Customer", metadata={"a": "1"})
    stripe.post(f"/v1/customers/{customer['id']}", name="Renamed Customer", metadata={"b": "2"})
    event = stripe.events(type="customer.updated")[0]
    assert event["data"]["previous_attributes"] == {
        "name": "Test Customer",
        "metadata": {"b": None},
    }
    assert event["data"]["object"]["name"] == "Renamed Customer"


def test_a_change_that_changes_nothing_is_no_event(stripe: Account) -> None:
    customer = stripe.post("/v1/customers", name="Test Customer")
    stripe.post(f"/v1/customers/{customer['id']}", name="Test Customer")
    assert stripe.event_types() == ["customer.created"]


def test_a_deleted_customer_leaves_a_stub_and_loses_its_subscriptions(stripe: Account) -> None:
    subscription = stripe.subscribe()
    path = f"/v1/customers/{subscription['customer']}"
    before = len(stripe.event_types())
    stripe.delete(path)
    assert stripe.get(path) == {
        "id": subscription["customer"],
        "object": "customer",
        "deleted": True,
    }
    assert stripe.get(f"/v1/subscriptions/{subscription['id']}")["status"] == "canceled"
    assert stripe.event_types(before) == ["customer.subscription.deleted", "customer.deleted"]
    assert stripe.get("/v1/customers")["data"] == []
    stripe.refused("POST", path, 404, name="Test Customer")


def test_a_test_id_attaches_a_card_of_its_brand(stripe: Account) -> None:
    customer = stripe.post("/v1/customers")
    method = stripe.post("/v1/payment_methods/pm_card_amex/attach", customer=customer["id"])
    assert method["id"] != "pm_card_amex"
    assert method["customer"] == customer["id"]
    assert (method["card"]["brand"], method["card"]["last4"]) == ("amex", "0005")
    listed = stripe.get(f"/v1/customers/{customer['id']}/payment_methods", type="card")
    assert [each["id"] for each in listed["data"]] == [method["id"]]
    assert stripe.get("/v1/payment_methods", customer=customer["id"])["data"] == listed["data"]


@pytest.mark.parametrize("card", [{"token": "tok_visa"}, {"number": "4242424242424242"}])
def test_a_card_is_made_from_a_token_or_a_number(stripe: Account, card: dict[str, str]) -> None:
    given = {**card, "exp_month": 4, "exp_year": 2031}
    method = stripe.post("/v1/payment_methods", type="card", card=given)
    assert (method["card"]["last4"], method["card"]["exp_year"]) == ("4242", 2031)
    assert method["customer"] is None


def test_a_card_number_is_kept_nowhere(stripe: Account) -> None:
    card = {"number": "4000056655665556", "exp_month": 4, "exp_year": 2031, "cvc": "987"}
    stripe.post("/v1/payment_methods", type="card", card=card)
    known = str([*stripe.engine.world.store.everything(), stripe.engine.world.private])
    assert "5556" in known
    assert "4000056655665556" not in known
    assert "987" not in known


@pytest.mark.parametrize(("card", "code", "decline_code"), DECLINING)
def test_a_declining_card_can_not_be_attached(
    stripe: Account, card: str, code: str, decline_code: str | None
) -> None:
    customer = stripe.post("/v1/customers")
    path = f"/v1/payment_methods/{card}/attach"
    error = stripe.refused("POST", path, 402, customer=customer["id"])
    assert error["type"] == "card_error"
    assert (error["code"], error.get("decline_code")) == (code, decline_code)
    assert stripe.get("/v1/payment_methods", customer=customer["id"])["data"] == []


def test_a_card_that_fails_when_charged_can_be_attached(stripe: Account) -> None:
    assert stripe.customer("pm_card_chargeCustomerFail")["invoice_settings"]


@pytest.mark.parametrize("card", [card for card in CARDS if not card.simulated])
def test_cards_whose_behaviour_is_not_simulated_are_refused(stripe: Account, card: object) -> None:
    name = getattr(card, "name")  # noqa: B009 - pytest shows the parameter by its type
    customer = stripe.post("/v1/customers")
    path = f"/v1/payment_methods/pm_card_{name}/attach"
    error = stripe.refused("POST", path, 400, customer=customer["id"])
    assert error["code"] == "not_simulated"


def test_every_published_number_is_its_card_and_no_other_number_is_one() -> None:
    assert all(by_number(card.number) is card for card in CARDS)
    assert by_number("4242 4242-4242 4242") is by_id("tok_visa")
    assert by_number("4539578763621486") is NOT_A_TEST_CARD
    refused = by_number("4242424242424241")
    assert isinstance(refused, Decline)
    assert refused.code == "incorrect_number"


def test_a_card_belongs_to_one_customer(stripe: Account) -> None:
    customer, other = stripe.customer(), stripe.post("/v1/customers")
    method = customer["invoice_settings"]["default_payment_method"]
    path = f"/v1/payment_methods/{method}/attach"
    assert stripe.post(path, customer=customer["id"])["id"] == method
    stripe.refused("POST", path, 400, customer=other["id"])


def test_a_detached_card_is_gone_for_good_and_default_of_nothing(stripe: Account) -> None:
    customer = stripe.customer()
    method = customer["invoice_settings"]["default_payment_method"]
    detached = stripe.post(f"/v1/payment_methods/{method}/detach")
    assert detached["customer"] is None
    event = stripe.events(type="payment_method.detached")[0]
    assert event["data"]["previous_attributes"] == {"customer": customer["id"]}
    customer = stripe.get(f"/v1/customers/{customer['id']}")
    assert customer["invoice_settings"]["default_payment_method"] is None
    path = f"/v1/payment_methods/{method}/attach"
    stripe.refused("POST", path, 400, customer=customer["id"])


def test_a_default_card_must_be_the_customers_own(stripe: Account) -> None:
    method = stripe.customer()["invoice_settings"]["default_payment_method"]
    other = stripe.post("/v1/customers")
    settings = {"default_payment_method": method}
    stripe.refused("POST", f"/v1/customers/{other['id']}", 400, invoice_settings=settings)


def test_a_setup_intent_puts_a_card_on_file(stripe: Account) -> None:
    customer = stripe.post("/v1/customers")
    intent = stripe.post("/v1/setup_intents", customer=customer["id"], usage="off_session")
    assert intent["client_secret"].startswith(intent["id"] + "_secret_")
    path = f"/v1/setup_intents/{intent['id']}/confirm"
    declined = stripe.refused("POST", path, 402, payment_method="pm_card_chargeDeclined")
    assert declined["setup_intent"]["status"] == "requires_payment_method"
    confirmed = stripe.post(path, payment_method="pm_card_visa")
    assert confirmed["status"] == "succeeded"
    listed = stripe.get("/v1/payment_methods", customer=customer["id"])["data"]
    assert [each["id"] for each in listed] == [confirmed["payment_method"]]


def test_a_payment_intent_survives_a_decline(stripe: Account) -> None:
    intent = stripe.post("/v1/payment_intents", amount=500, currency="usd")
    path = f"/v1/payment_intents/{intent['id']}"
    error = stripe.refused(
        "POST", f"{path}/confirm", 402, payment_method="pm_card_chargeDeclinedInsufficientFunds"
    )
    assert error["decline_code"] == "insufficient_funds"
    assert error["payment_intent"]["status"] == "requires_payment_method"
    paid = stripe.post(f"{path}/confirm", payment_method="pm_card_visa")
    assert (paid["status"], paid["amount_received"]) == ("succeeded", 500)
    charges = stripe.get("/v1/charges", payment_intent=intent["id"])["data"]
    assert [charge["status"] for charge in charges] == ["succeeded", "failed"]
    stripe.refused("POST", f"{path}/cancel", 400)
