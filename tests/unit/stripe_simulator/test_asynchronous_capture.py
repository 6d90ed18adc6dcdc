"""Asynchronous capture: the balance transaction of a charge comes after the charge."""

from tests.unit.stripe_simulator.account import DAY, START, Account, Json

SECONDS = 5


def charge_of(stripe: Account, intent_id: str, **params: object) -> Json:
    intent = stripe.get(f"/v1/payment_intents/{intent_id}")
    return stripe.get(f"/v1/charges/{intent['latest_charge']}", **params)


def test_a_one_time_checkout_is_booked_after_it_is_complete(stripe: Account) -> None:
    session = stripe.session(stripe.price(interval=None))
    stripe.pay(session)
    intent = stripe.get(f"/v1/checkout/sessions/{session['id']}")["payment_intent"]
    charge = charge_of(stripe, intent)
    assert (charge["captured"], charge["balance_transaction"]) == (True, None)
    assert stripe.event_types()[-1] == "checkout.session.completed"
    stripe.wait(SECONDS)
    booked = charge_of(stripe, intent, expand=["balance_transaction"])["balance_transaction"]
    assert (booked["amount"], booked["source"]) == (1900, charge["id"])
    [event] = stripe.events(type="charge.updated")
    assert stripe.event_types()[-1] == "charge.updated"
    assert event["data"]["object"]["balance_transaction"] == booked["id"]
    assert event["data"]["previous_attributes"] == {"balance_transaction": None}


def test_other_captures_are_booked_at_once(stripe: Account) -> None:
    asked = {"amount": 1000, "currency": "usd", "confirm": "true", "payment_method": "pm_card_visa"}
    intent = stripe.post("/v1/payment_intents", capture_method="automatic", **asked)
    assert charge_of(stripe, intent["id"])["balance_transaction"] is not None
    stripe.subscribe()
    stripe.pay(stripe.session())
    assert all(each["balance_transaction"] for each in stripe.get("/v1/charges")["data"])
    stripe.wait(SECONDS)
    assert "charge.updated" not in stripe.event_types()


def test_a_test_clock_that_stands_still_holds_up_no_booking(stripe: Account) -> None:
    clock = stripe.post("/v1/test_helpers/test_clocks", frozen_time=START + DAY)
    intent = stripe.post(
        "/v1/payment_intents",
        amount=1000,
        currency="usd",
        confirm="true",
        customer=stripe.customer(card=None, test_clock=clock["id"])["id"],
        payment_method="pm_card_visa",
    )
    stripe.wait(SECONDS)
    booked = charge_of(stripe, intent["id"], expand=["balance_transaction"])["balance_transaction"]
    assert booked["created"] == START + DAY
