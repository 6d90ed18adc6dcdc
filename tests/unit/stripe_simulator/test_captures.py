"""Manual capture: a card is held first, and charged later, in part, or not at all."""

from tests.unit.stripe_simulator.account import DAY, Account, Json


def hold(stripe: Account) -> Json:
    intent = stripe.post(
        "/v1/payment_intents",
        amount=1000,
        currency="usd",
        capture_method="manual",
        confirm="true",
        payment_method="pm_card_visa",
    )
    assert (intent["status"], intent["amount_capturable"]) == ("requires_capture", 1000)
    return intent


def test_a_hold_is_captured(stripe: Account) -> None:
    intent = hold(stripe)
    charge = f"/v1/charges/{intent['latest_charge']}"
    assert stripe.get(charge)["captured"] is False
    assert stripe.get(charge)["balance_transaction"] is None
    paid = stripe.post(f"/v1/payment_intents/{intent['id']}/capture")
    assert (paid["status"], paid["amount_received"], paid["amount_capturable"]) == (
        "succeeded",
        1000,
        0,
    )
    moved = stripe.get(charge, expand=["balance_transaction"])["balance_transaction"]
    assert (moved["amount"], moved["fee"], moved["net"]) == (1000, 59, 941)
    assert stripe.event_types() == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.amount_capturable_updated",
        "charge.captured",
        "charge.updated",
        "payment_intent.succeeded",
    ]


def test_a_part_of_a_hold_may_be_captured_but_not_more_than_it(stripe: Account) -> None:
    intent = hold(stripe)
    path = f"/v1/payment_intents/{intent['id']}/capture"
    assert stripe.refused("POST", path, 400, amount_to_capture=1001)["param"] == "amount_to_capture"
    assert stripe.post(path, amount_to_capture=400)["amount_received"] == 400
    assert stripe.refused("POST", path, 400)["code"] == "payment_intent_unexpected_state"


def test_a_hold_is_released_by_canceling(stripe: Account) -> None:
    intent = hold(stripe)
    canceled = stripe.post(f"/v1/payment_intents/{intent['id']}/cancel")
    assert (canceled["status"], canceled["amount_capturable"]) == ("canceled", 0)


def test_a_hold_lapses_after_seven_days(stripe: Account) -> None:
    intent = hold(stripe)
    stripe.wait(7 * DAY)
    lapsed = stripe.get(f"/v1/payment_intents/{intent['id']}")
    assert (lapsed["status"], lapsed["cancellation_reason"]) == ("canceled", "automatic")
    assert "charge.expired" in stripe.event_types()
