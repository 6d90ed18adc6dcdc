"""3D Secure: intents that wait for the customer, and what follows from the answer."""

import pytest

from local.stripe_simulator.errors import StripeError
from local.stripe_simulator.resources.payments import authentication
from tests.unit.stripe_simulator.account import Account, Json

BACK = "https://app.example.com/back"
PAYMENT = {"amount": 500, "currency": "usd", "confirm": "true"}


def answer(stripe: Account, intent: Json, succeeded: bool) -> Json:
    after = authentication.answer(stripe.engine.world, intent["id"], succeeded)
    stripe.engine.world.publish_events()
    return after


def pay(stripe: Account, card: str, **params: object) -> Json:
    return stripe.post("/v1/payment_intents", **PAYMENT, payment_method=f"pm_card_{card}", **params)


@pytest.mark.parametrize(
    "card", ["threeDSecure2Required", "authenticationRequired", "authenticationRequiredOnSetup"]
)
def test_a_payment_waits_for_the_customer_and_then_succeeds(stripe: Account, card: str) -> None:
    intent = pay(stripe, card, return_url=BACK)
    assert intent["status"] == "requires_action"
    assert intent["next_action"] == {
        "type": "redirect_to_url",
        "redirect_to_url": {
            "return_url": BACK,
            "url": f"http://127.0.0.1:12111/3ds/{intent['id']}",
        },
    }
    assert stripe.get("/v1/charges")["data"] == []
    paid = answer(stripe, intent, succeeded=True)
    assert (paid["status"], paid["next_action"]) == ("succeeded", None)
    charge = stripe.get(f"/v1/charges/{paid['latest_charge']}")
    secured = charge["payment_method_details"]["card"]["three_d_secure"]
    assert secured["result"] == "authenticated"
    assert stripe.event_types() == [
        "payment_intent.created",
        "payment_intent.requires_action",
        "charge.succeeded",
        "payment_intent.succeeded",
    ]


def test_without_a_return_url_stripes_sdk_is_to_handle_it(stripe: Account) -> None:
    assert pay(stripe, "threeDSecure2Required")["next_action"]["type"] == "use_stripe_sdk"


def test_a_failed_authentication_asks_for_another_payment_method(stripe: Account) -> None:
    intent = pay(stripe, "threeDSecure2Required")
    failed = answer(stripe, intent, succeeded=False)
    assert failed["status"] == "requires_payment_method"
    assert failed["last_payment_error"]["code"] == "payment_intent_authentication_failure"
    assert stripe.event_types()[-1] == "payment_intent.payment_failed"
    path = f"/v1/payment_intents/{intent['id']}/confirm"
    assert stripe.post(path, payment_method="pm_card_visa")["status"] == "succeeded"


def test_only_an_intent_that_waits_can_be_answered(stripe: Account) -> None:
    paid = pay(stripe, "visa")
    with pytest.raises(StripeError, match="waits for no authentication"):
        answer(stripe, paid, succeeded=True)
    with pytest.raises(StripeError, match="No such payment intent"):
        answer(stripe, {"id": "pi_none"}, succeeded=True)


def test_an_authenticated_card_may_still_be_declined(stripe: Account) -> None:
    intent = pay(stripe, "authenticationRequiredChargeDeclinedInsufficientFunds")
    declined = answer(stripe, intent, succeeded=True)
    assert declined["last_payment_error"]["decline_code"] == "insufficient_funds"


def test_off_session_there_is_nobody_to_authenticate(stripe: Account) -> None:
    error = stripe.refused(
        "POST",
        "/v1/payment_intents",
        402,
        **PAYMENT,
        payment_method="pm_card_authenticationRequired",
        off_session="true",
    )
    assert (error["code"], error["decline_code"]) == ("authentication_required",) * 2
    assert error["payment_intent"]["status"] == "requires_payment_method"
    assert error["charge"] == stripe.get("/v1/charges")["data"][0]["id"]


def test_who_can_not_handle_actions_gets_an_error(stripe: Account) -> None:
    error = stripe.refused(
        "POST",
        "/v1/payment_intents",
        402,
        **PAYMENT,
        payment_method="pm_card_threeDSecure2Required",
        error_on_requires_action="true",
    )
    assert error["code"] == "authentication_required"
    assert stripe.get("/v1/charges")["data"] == []


@pytest.mark.parametrize(
    ("card", "later"),
    [
        ("authenticationRequiredOnSetup", "succeeded"),
        ("authenticationRequired", "requires_payment_method"),
    ],
)
def test_a_card_that_was_set_up_may_be_charged_off_session(
    stripe: Account, card: str, later: str
) -> None:
    customer = stripe.post("/v1/customers")["id"]
    setup = stripe.post(
        "/v1/setup_intents", customer=customer, payment_method=f"pm_card_{card}", confirm="true"
    )
    assert setup["status"] == "requires_action"
    assert answer(stripe, setup, succeeded=True)["status"] == "succeeded"
    off_session = {"customer": customer, "payment_method": setup["payment_method"]}
    stripe.request("POST", "/v1/payment_intents", {**PAYMENT, **off_session, "off_session": "true"})
    assert stripe.get("/v1/payment_intents")["data"][0]["status"] == later


def test_a_payment_for_future_usage_sets_the_card_up(stripe: Account) -> None:
    customer = stripe.post("/v1/customers")["id"]
    card = "authenticationRequiredOnSetup"
    first = pay(stripe, card, customer=customer, setup_future_usage="off_session")
    method = answer(stripe, first, succeeded=True)["payment_method"]
    assert stripe.get("/v1/payment_methods", customer=customer)["data"][0]["id"] == method
    paid = {"customer": customer, "payment_method": method, "off_session": "true"}
    assert stripe.post("/v1/payment_intents", **PAYMENT, **paid)["status"] == "succeeded"


def test_a_setup_that_is_not_authenticated_fails(stripe: Account) -> None:
    setup = stripe.post(
        "/v1/setup_intents", payment_method="pm_card_threeDSecure2Required", confirm="true"
    )
    failed = answer(stripe, setup, succeeded=False)
    assert failed["last_setup_error"]["code"] == "setup_intent_authentication_failure"
    assert stripe.event_types()[-2:] == [
        "setup_intent.requires_action",
        "setup_intent.setup_failed",
    ]


def test_each_try_to_set_a_card_up_is_recorded(stripe: Account) -> None:
    setup = stripe.post("/v1/setup_intents", customer=stripe.post("/v1/customers")["id"])
    path = f"/v1/setup_intents/{setup['id']}/confirm"
    stripe.refused("POST", path, 402, payment_method="pm_card_chargeDeclined")
    answer(stripe, stripe.post(path, payment_method="pm_card_threeDSecure2Required"), False)
    stripe.post(path, payment_method="pm_card_visa")
    tries = stripe.get("/v1/setup_attempts", setup_intent=setup["id"])["data"]
    assert [each["status"] for each in tries] == ["succeeded", "failed", "failed"]
    assert [(each["setup_error"] or {}).get("code") for each in tries] == [
        None,
        "setup_intent_authentication_failure",
        "card_declined",
    ]
    assert stripe.get(f"/v1/setup_intents/{setup['id']}")["latest_attempt"] == tries[0]["id"]
