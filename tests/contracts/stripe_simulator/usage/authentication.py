"""Cards that ask for 3D Secure, and cards held before they are charged."""

from __future__ import annotations

from local.stripe_simulator.resources.payments import authentication
from tests.unit.stripe_simulator.account import Account

BACK = "https://app.example.com/back"


def use(stripe: Account) -> None:
    customer = stripe.post("/v1/customers")
    saved = {"customer": customer["id"], "setup_future_usage": "off_session"}
    for succeeded in (True, False):
        for kind, extra in (
            ("payment", {"amount": 500, "currency": "usd", **saved}),
            ("setup", {}),
        ):
            intent = stripe.post(
                f"/v1/{kind}_intents",
                payment_method="pm_card_authenticationRequiredOnSetup",
                confirm="true",
                **({"return_url": BACK} if succeeded else {}),
                **extra,
            )
            authentication.answer(stripe.engine.world, intent["id"], succeeded)
            stripe.engine.world.publish_events()
            stripe.get(f"/v1/{kind}_intents/{intent['id']}", expand=["payment_method"])
    attempted = stripe.get("/v1/setup_intents", expand=["data.latest_attempt"])["data"][0]
    stripe.get("/v1/setup_attempts", setup_intent=attempted["id"])
    _decline_off_session(stripe)
    _hold(stripe)


def _decline_off_session(stripe: Account) -> None:
    asked = {"amount": 500, "currency": "usd", "confirm": "true"}
    for extra in ({"off_session": "true"}, {"error_on_requires_action": "true"}):
        stripe.refused(
            "POST",
            "/v1/payment_intents",
            402,
            payment_method="pm_card_authenticationRequired",
            **asked,
            **extra,
        )


def _hold(stripe: Account) -> None:
    held = {
        "amount": 1000,
        "currency": "usd",
        "capture_method": "manual",
        "confirm": "true",
        "payment_method": "pm_card_visa",
    }
    first = stripe.post("/v1/payment_intents", **held)
    stripe.post(f"/v1/payment_intents/{first['id']}/capture", amount_to_capture=600)
    second = stripe.post("/v1/payment_intents", **held)
    stripe.post(f"/v1/payment_intents/{second['id']}/cancel")
    stripe.post("/v1/payment_intents", **held)
    stripe.wait(7 * 86400)
    moved = stripe.get("/v1/balance_transactions", expand=["data.source"])["data"][0]
    stripe.get(f"/v1/balance_transactions/{moved['id']}")
